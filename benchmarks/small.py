"""Speed at the sizes of small data: steps, forward passes, memory and whole cross-validations.

Beside the peers stands an earlier revision, in processes of its own that take their turns in the same rounds.
"""

import tempfile
from dataclasses import replace
from pathlib import Path

from gca_scratch.network.gca_lstm import loss_and_gradients
from gca_scratch.support.errors import InputError

from . import folds, gauge, machine, targets
from .cases import HEADLINE, Case
from .engines import Wavefront, check, check_answers
from .report import comparison_table, say, table
from .timing import interleave
from .worker import turn
from .workers import ROOT, Worker, WorkerFailed, outcome, save, sizes, unpack

OURS = Wavefront.name
TORCH = {
    "PyTorch eager wavefront": "peer_torch.WavefrontPeer",
    "PyTorch compiled wavefront": "peer_torch.CompiledPeer",
    "PyTorch loss compiled as a whole": "peer_torch.WholePeer",
}
JAX = {"JAX nested scans": "peer_jax.NestedScanPeer", "JAX scans over diagonals": "peer_jax.WavefrontPeer"}
ANSWERING = {"ONNX Runtime": "peer_onnxruntime.ForwardPeer"}, {"OpenVINO": "peer_openvino.ForwardPeer"}
SMALL = {
    "20 x 10 x 8, hidden 64": Case(20, 10, 8, hidden=64, initial="average"),
    "25 x 10 x 16, hidden 64": Case(25, 10, 16, hidden=64, initial="average"),
    "25 x 20 x 1, hidden 128": Case(25, 20, 1, hidden=128, initial="average"),
}
LARGE = "25 x 20 x 32, hidden 128, feed-forward memory"  # HEADLINE; steps only, without JAX, which takes a second each


def measure(results, against, rounds=9, data=None, seeds=3, epochs=None, skip_slow=False):
    """All of it, against a revision of this project; returns 1 where a target is missed, else 0.

    skip_slow: at the largest size without the loss compiled as a whole, for that takes long to compile.
    """
    if rounds < 0 or seeds < 1:
        raise InputError(f"--rounds must be 0 or more and --seeds 1 or more, not {rounds} and {seeds}")
    data = None if data is None else folds.found(data)
    watch = machine.Watch()
    results |= {"against": against, "small": {}, "left_out": []}
    with tempfile.TemporaryDirectory() as folder:
        old = unpack(against, Path(folder) / "revision")
        if rounds:
            for name, case in SMALL.items():
                results["small"][name] = one(results, name, case, old, rounds, [TORCH, JAX, *ANSWERING])
            torch = {name: kind for name, kind in TORCH.items() if not (skip_slow and name == targets.WHOLE)}
            results["small"][LARGE] = one(results, LARGE, HEADLINE, old, max(1, 3 * rounds // 4), [torch], ("step",))
            results["peak"] = memory(HEADLINE, against, old)
        if data is None:
            say("The cross-validation is left out: --data names the skeletons, a file of the neutral format (.npz).")
        else:
            results["folds"] = folds.measure({OURS: ROOT, against: old}, data, seeds, epochs)
            say(folds.describe(results["folds"]))
    results["others"] = others = watch.others()
    if others and others > 0.1:
        say(f"WARNING: Other programs kept {others:.1f} cores busy meanwhile. Quote none of this.")
    results["targets"] = targets.judge(results)
    return targets.conclude(results)


def one(results, name, case, old, rounds, libraries, methods=("step", "forward")):
    """Steps and forward passes of a case: {method: {"seconds": {engine: by round}, "gflops": by round}}.

    libraries: of each the engines, {name: "file.Class"}; each library gets a process of its own.
    """
    against, (params, problem) = results["against"], case.problem()
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "problem.npz")
        save(file, params, problem)
        groups = [({OURS: "engines.Wavefront"}, ROOT), ({against: "engines.Wavefront"}, old)]
        groups += [(engines, ROOT) for engines in libraries]
        workers = [(Worker(root), engines) for engines, root in groups]
        try:
            ready = opened(workers, sizes(case), file, folder, results["left_out"])
            agree(case, name, params, problem, folder, ready)
            past = workers[1][0]
            gflop = past.ask("floor", sizes=sizes(case), problem=file)
            return {method: in_turns(past, ready, method, rounds, gflop, name) for method in methods}
        finally:
            for worker, _ in workers:
                worker.close()


def opened(workers, network, file, folder, left_out):
    """Make all engines ready; {name: worker} of those that are. Raises WorkerFailed where a revision is not ready.

    left_out: the sentences on others that were said; new ones are added.
    """
    for worker, engines in workers:
        worker.send("open", engines=engines, sizes=network, problem=file, outcomes=folder)
    ready, sentences = {}, []
    for k, (worker, engines) in enumerate(workers):
        try:
            answers = worker.receive()
        except WorkerFailed as error:
            answers = dict.fromkeys(engines, str(error))
        for name, why in answers.items():
            if why is None:
                ready[name] = worker
            elif k < 2:  # ours and the revision
                raise WorkerFailed(f"{name} did not start: {why}")
            else:
                sentences.append(f"{name} is left out: {why}.")
    if new := [sentence for sentence in sentences if sentence not in left_out]:
        say(*new)
        left_out += new
    return ready


def agree(case, name, params, problem, folder, ready):
    """Hold what every engine computed against the package's definition; Disagreement where one is off."""
    definition = replace(case.network(), schedule="raster")
    expected = loss_and_gradients(definition, params, *problem)
    answers = definition.forward(params, problem[0])[0]
    rows = []
    for engine in ready:
        logits, trained = outcome(Path(folder) / f"{engine}.npz")
        errors = [
            check_answers(engine, logits, answers),
            *(check(engine, trained, expected) if trained else {}).values(),
        ]
        rows.append([engine, f"{max(errors):.0e}"])
    say(table([f"agreement at {name}", "largest error"], rows))


def in_turns(past, ready, method, rounds, gflop, name):
    """Seconds of a method by engine and round, and the gauge; of steps also the products of the revision, replayed.

    past: the revision's worker.  gflop: of its products.
    """

    def task(worker, engine, method):
        return lambda least, again: worker.ask("time", name=engine, task=method, least=least, again=again)

    product = gauge.Gauge()
    tasks = {gauge.NAME: lambda least, again: turn(product, least, again)}
    only_answer = {engine for library in ANSWERING for engine in library}
    tasks |= {
        engine: task(worker, engine, method)
        for engine, worker in ready.items()
        if method == "forward" or engine not in only_answer
    }
    if method == "step":
        tasks[targets.FLOOR] = task(past, "products", "replay")
    seconds = interleave(tasks, rounds, warm=True, turn=lambda task, least, again, clock: task(least, again))
    compared, state = gauge.compare_gauged(seconds, OURS)
    title = "training step" if method == "step" else "forward only"
    say(comparison_table(compared, f"{title}, {name}"), gauge.describe(state))
    found = {"seconds": {key: values for key, values in seconds.items() if key != gauge.NAME}}
    return found | {"gflops": state["gflops"]} | ({"gflop": gflop} if method == "step" else {})


def memory(case, against, old):
    """MiB before and at the peak of some training steps, ours and the revision's, in fresh processes."""
    params, problem = case.problem()
    peaks = {}
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "problem.npz")
        save(file, params, problem)
        for name, root in ((OURS, ROOT), (against, old)):
            with Worker(root) as worker:
                peaks[name] = worker.ask("memory", sizes=sizes(case), problem=file)
    rows = [[name, f"{found['before']:.0f}", f"{found['peak']:.0f}"] for name, found in peaks.items()]
    say(table([f"memory, {LARGE}", "MiB before", "MiB at the peak"], rows))
    return peaks
