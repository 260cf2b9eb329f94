"""The benchmarks measure what they say: every product, in turns, only engines that agree."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from benchmarks import __main__, cases, cpu, engines, gauge, machine, memory, plots, report, scaling, timing
from benchmarks.cases import Case
from benchmarks.floor import Floor
from gca_scratch.figures import canvas
from gca_scratch.network.gca_lstm import loss_and_gradients
from gca_scratch.support.errors import InputError

SMALL = Case(3, 4, 5)
TINY = Case(3, 4, 5, hidden=8)
FACTS = {
    "system": "Linux x86_64",
    "processor": "Made Up 9000",
    "cores": 2,
    "vector_instructions": ["avx512f", "avx2"],
    "python": "3.13",
    "versions": {"numpy": "2.3"},
    "blas": [{"internal_api": "openblas", "version": "0.3.30", "architecture": "SkylakeX", "num_threads": 2}],
    "pinned": {},
}


def products_by_formula(case, C=cases.CHANNELS):
    """Multiplications and additions of a training step, from the equations; memory and attention are as wide as h."""
    K, B, N, H = case.joints * case.frames, case.batch, case.iterations, case.hidden
    unit = 5 * H
    layer1 = K * B * unit * (2 * (2 * H + C + 1) + 2 * H)  # Eq. 1, its weights' gradient, its states' gradient
    layer2 = N * K * B * unit * (2 * (2 * H + 1) + 2 * H) + 3 * K * B * H * unit  # and the share of layer 1's outputs
    attention = N * (3 * K * B * H * H + 2 * K * B * H + 3 * B * H * H)  # Eqs. 5-6
    refine = N * 3 * B * 2 * H * H  # Eq. 8
    initial = 3 * B * K * H * H if case.initial == "feedforward" else 0
    return 2 * (layer1 + layer2 + attention + refine + initial + 3 * B * H * case.classes)


@pytest.mark.parametrize("parts", [1, 2])
def test_the_floor_has_every_product_of_a_step(parts):
    params, problem = SMALL.problem()
    floor = Floor(SMALL.network(), params, *problem, parts=parts)
    assert floor.flops() == products_by_formula(SMALL)
    assert len(floor.parts) == parts and len(floor.last) == 1  # memory.0.W, over the whole batch
    before = [out.copy() for _, _, out in floor.products()]
    floor.last[0][2][...] = 0
    floor.replay()
    np.testing.assert_allclose(floor.last[0][2], before[-1], rtol=1e-5)


def test_the_floor_of_the_headline_is_about_60_gflop():
    assert 59e9 < products_by_formula(cases.HEADLINE) < 61e9


class Clock:
    """A clock on which a task takes as long as it is told."""

    def __init__(self):
        self.now, self.calls = 0.0, []

    def task(self, name, *durations):
        durations = iter(durations)

        def call():
            self.calls.append(name)
            self.now += next(durations)

        return call

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def uncollected(monkeypatch):
    """Between turns nothing is collected, for a process of tests holds much."""
    monkeypatch.setattr(timing.gc, "collect", lambda: None)


@pytest.mark.usefixtures("uncollected")
def test_tasks_take_turns_and_the_first_call_does_not_count():
    clock = Clock()
    tasks = {"a": clock.task("a", 99, 9, 1, 9, 1, 9, 1), "b": clock.task("b", 99, 9, 2, 4, 6)}
    seconds = timing.interleave(tasks, 3, least=0.5, clock=clock, sleep=clock.sleep)
    assert "".join(clock.calls) == "ab" + "aabb" + "baa" + "aab"  # b is slow: every call of it counts but the first two
    assert seconds["a"] == pytest.approx([1, 1, 1]) and seconds["b"] == pytest.approx([2, 4, 6])
    compared = timing.compare(seconds, "a")
    assert compared["b"]["ratio"]["median"] == pytest.approx(4)
    assert compared["b"]["ratio"]["quartiles"] == pytest.approx([3, 5])
    assert "4.00" in report.comparison_table(compared)


@pytest.mark.usefixtures("uncollected")
def test_short_tasks_are_repeated_and_a_deadline_ends_the_rounds():
    clock = Clock()
    tasks = {"a": clock.task("a", *[0.25] * 99)}
    seconds = timing.interleave(tasks, 50, least=1, deadline=0, fewest=3, clock=clock, sleep=clock.sleep)
    assert len(seconds["a"]) == 3 and len(clock.calls) == 1 + 3 * 5


@pytest.mark.usefixtures("uncollected")
def test_the_gauge_tells_slow_rounds_apart():
    seconds = {"a": [1, 1, 1, 1], "b": [2, 4, 2, 2], gauge.NAME: [0.01, 0.02, 0.0105, 0.01]}
    compared, state = gauge.compare_gauged(seconds, "a")
    assert list(compared) == ["a", "b"] and state["fast"] == [True, False, True, True]
    assert state["gflops"][0] == pytest.approx(gauge.FLOP / 1e9 / 0.01)
    assert compared["b"]["ratio"]["quartiles"] == [2, 2.5] and compared["b"]["fast"]["rounds"] == [2, 2, 2]
    assert "slow rounds: 1 of 4" in gauge.describe(state)
    assert gauge.fast([100, 90, 80], best=100) == [True, True, False]
    assert gauge.compare_gauged(seconds, "a", best=1e9)[0]["b"]["fast"] is None
    product = gauge.Gauge()
    product()
    np.testing.assert_allclose(product.out[0, :2], (product.a @ product.b)[0, :2], rtol=1e-4)


@pytest.mark.usefixtures("uncollected")
def test_an_engine_that_only_answers_takes_part_in_forward_passes(monkeypatch):
    class Answering:
        name = "OpenVINO"

        def __init__(self, network, params, device):
            self.engine = engines.Wavefront(network, params, device)
            self.put, self.forward, self.wait = self.engine.put, self.engine.forward, self.engine.wait

    makers = {c.name: c for c in (engines.Wavefront, Answering)}
    ready = cpu.Ready(TINY, makers)
    assert ready.errors[Answering.name].keys() == {"logits"}
    assert list(ready.tasks("step")) == [engines.Wavefront.name] and list(ready.tasks("forward", 1)) == list(makers)
    found = cpu.one_size(ready, 1, forward=True)
    assert Answering.name in found["forward"] and Answering.name not in found["step"]

    class Wrong(Answering):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            self.forward = lambda batch: 1.01 * self.engine.forward(batch)

    with pytest.raises(engines.Disagreement, match="its logits are off by 1"):
        cpu.Ready(TINY, makers | {"OpenVINO": Wrong})


def test_engines_that_agree_are_made_ready_and_others_refused():
    ready = cpu.Ready(SMALL, {c.name: c for c in (engines.Wavefront, engines.Raster)})
    assert max(ready.errors[engines.Raster.name].values()) < 1e-4
    for method, sequences in (("step", None), ("forward", None), ("forward", 1)):
        for call in ready.tasks(method, sequences).values():
            call()

    class Wrong(engines.Wavefront):
        name = "wrong"

        def gradients(self, batch):
            loss, gradients = super().gradients(batch)
            return loss, gradients | {"layer2.W": 1.01 * gradients["layer2.W"]}

    with pytest.raises(engines.Disagreement, match=r"wrong disagrees .* gradient of layer2\.W"):
        cpu.Ready(SMALL, {"wrong": Wrong})


@pytest.mark.parametrize("change", [{"classifier.b": None}, {"classifier.b": np.full(60, np.nan, np.float32)}])
def test_missing_gradients_and_those_that_are_no_numbers_disagree(change):
    params, problem = SMALL.problem()
    loss, gradients, _ = loss_and_gradients(SMALL.network(), params, *problem)
    engines.check("right", (float(loss), gradients), (loss, gradients))
    with pytest.raises(InputError, match="classifier"):
        engines.check("wrong", (float(loss), gradients | change), (loss, gradients))


def test_an_engine_that_cannot_start_is_left_out(capsys):
    def broken(network, params, device):
        raise RuntimeError("no compiler\nanywhere")

    ready = cpu.Ready(SMALL, {"wavefront": engines.Wavefront, "broken": broken})
    assert list(ready.engines) == ["wavefront"]
    assert "broken is left out: no compiler anywhere" in capsys.readouterr().out


def test_missing_libraries_are_reported_once(monkeypatch):
    for name in ("torch", "jax", "onnxruntime", "openvino"):
        monkeypatch.setitem(sys.modules, name, None)
    for name in (*engines.LIBRARIES, "export"):
        monkeypatch.delitem(sys.modules, f"benchmarks.{name}", raising=False)
    found, sentences = engines.find(engines.CPU)
    assert list(found) == ["engines.Wavefront", "engines.Raster"]
    assert [sentence.partition(" is left out")[0] for sentence in sentences] == list(engines.PEERS)


def test_the_machine_is_described_and_warned_about():
    assert machine.warnings(FACTS) == []
    old = FACTS | {"blas": [FACTS["blas"][0] | {"architecture": "Haswell", "num_threads": 1}]}
    pinned = old | {"pinned": {"OPENBLAS_CORETYPE": "Haswell"}}
    sentences = machine.warnings(pinned)
    assert len(sentences) == 3
    assert "avx512f" in sentences[0] and "1 of 2 cores" in sentences[1] and "OPENBLAS_CORETYPE=Haswell" in sentences[2]
    assert machine.warnings(old | {"vector_instructions": ["avx2"], "cores": 1}) == []
    assert "Made Up 9000" in machine.describe(FACTS)
    machine.describe(machine.facts())
    others = machine.Watch().others()
    assert others is None or others >= 0


@pytest.mark.usefixtures("uncollected")
def test_everything_is_measured_printed_drawn_and_written(tmp_path, capsys, monkeypatch):
    few = timing.interleave

    def interleave(tasks, rounds, **options):
        return few(tasks, 2, least=0, pause=0, clock=iter(range(10**6)).__next__)

    for module in (cpu, memory, scaling):
        monkeypatch.setattr(module, "interleave", interleave)
    monkeypatch.setattr(canvas, "DPI", 40)
    monkeypatch.setattr(cpu, "CPU", ("engines.Wavefront", "engines.Raster"))
    monkeypatch.setattr(cpu, "HEADLINE", TINY)
    monkeypatch.setattr(cpu, "SIZES", (TINY, Case(2, 3, 4, hidden=8), Case(3, 4, 6, hidden=8)))
    curve = [Case(2, 3, 2, hidden=8), Case(2, 3, 4, hidden=8)]
    monkeypatch.setattr(scaling, "CURVES", dict.fromkeys(scaling.CURVES, curve))
    monkeypatch.setattr(gauge, "SIDE", 8)
    monkeypatch.setattr(memory, "peak", lambda key, case: {"before": 50.0, "peak": 100.0})
    monkeypatch.setattr(memory.of_attention, "__defaults__", (TINY, 2))
    file = tmp_path / "new" / "all.json"
    assert __main__.main(["--json", str(file), "--plots", str(tmp_path)]) == 0
    found = json.loads(file.read_text())
    assert set(found["sizes"]) == {"3 x 4 x 5", "2 x 3 x 4", "3 x 4 x 6"}
    assert {"machine", "epoch", "memory", "attention", "scaling"} <= set(found)
    assert [path.name for path in file.parent.iterdir()] == ["all.json"]
    for name in ("ratios.png", "scaling.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    text = capsys.readouterr().out
    for words in ("training step", "forward only", "epoch of 10", "matrix products alone", "recompute", "ns per cell"):
        assert words in text


def test_the_last_line_is_the_ratio_that_matters(capsys):
    def compared(median):
        return {"seconds": timing.summary([median]), "ratio": timing.summary([median - 0.1, median, median + 0.1])}

    step = {"wavefront": compared(1), "PyTorch eager wavefront": compared(2), "JAX nested scans": compared(3)}
    floor = {"step_to_floor": timing.summary([1.3]), "floor": timing.summary([0.4]) | {"gflop": 60}}
    results = {"sizes": {str(cases.HEADLINE): {"step": step} | floor}}
    cpu.conclude(results, machine.Watch())
    last = capsys.readouterr().out.splitlines()[-1]
    assert re.fullmatch(
        r"wavefront against the best peer \(PyTorch eager wavefront\) at 25 x 20 x 32: "
        r"2\.00 x faster \(quartiles 1\.95 to 2\.05\)",
        last,
    )
    assert plots.bars(results).axes


def test_peak_memory_is_that_of_the_steps_alone():
    ballast = np.ones(1 << 25)  # 256 MiB, which a child must not be charged with
    found = memory.peak("engines.Wavefront", SMALL, steps=1)
    assert 10 < found["before"] <= found["peak"] < ballast.nbytes / 2**20


def test_the_command_line():
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-m", "benchmarks", "--help"], capture_output=True, text=True, cwd=root)
    assert done.returncode == 0 and "--quick" in done.stdout


def test_without_a_gpu_the_command_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", None)
    assert __main__.main(["--device", "cuda"]) == 2
    assert "CuPy" in capsys.readouterr().err
