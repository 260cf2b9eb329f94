"""The engine that trains is the engine that is checked: parts, threads, kept memory, recomputation change nothing."""

import contextlib
import threading
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import ThreadpoolController

from gca_scratch.network.arrays import Workspace
from gca_scratch.network.gca_lstm import GCALSTM, INITIAL_MEMORIES, loss_and_gradients, multiplied_out
from gca_scratch.network.gradcheck import COMPLEX_TOLERANCE, problem
from gca_scratch.support.blas import LIMIT
from gca_scratch.training import parallel
from gca_scratch.training.parallel import Engine, slices
from gca_scratch.variants.gradcheck import everything

NETWORK = GCALSTM(3, 4, 2, 3, hidden=3, iterations=2)


def drawn(network, batch):
    """Parameters, input, labels and masks as gradcheck.problem has them: nothing is differentiated here, and so any
    will do with which every sequence is answered, whatever a dead ReLU and a mask leave of it."""
    for seed in range(100):
        rng = np.random.default_rng(seed)
        params = {name: 1.5 * value for name, value in network.init(rng, np.float64).items()}
        x = rng.standard_normal((batch, network.frames, network.joints, network.channels))
        masks = network.masks(rng, batch, np.float64)
        if np.ptp(network.forward(params, x, masks)[0], axis=1).min() > 1e-3:
            return params, x, rng.integers(0, network.classes, batch), masks
    raise AssertionError("this network answers nothing")


def outcomes_agree(one, two, tolerance):
    assert abs(one[0] - two[0]) <= tolerance * abs(one[0])
    assert one[1].keys() == two[1].keys()
    one, two = ((loss, multiplied_out(gradients), logits) for loss, gradients, logits in (one, two))
    for name, g in one[1].items():
        assert np.abs(g - two[1][name]).max() <= tolerance * np.abs(g).max(), name
    assert np.abs(one[2] - two[2]).max() <= tolerance * np.abs(one[2]).max()


@pytest.mark.parametrize("batch", [1, 7, 23, 24, 32, 33, 100, 1000])
@pytest.mark.parametrize("parts", [0, 1, 3])
def test_a_batch_is_cut_into_nearly_equal_slices(batch, parts):
    cuts = slices(batch, 20 * 128, parts)
    assert np.concatenate([np.arange(batch)[s] for s in cuts]).tolist() == list(range(batch))
    sizes = {s.stop - s.start for s in cuts}
    assert max(sizes) - min(sizes) <= 1 and min(sizes) > 0
    if parts:
        assert len(cuts) == min(parts, batch)
    else:
        assert len(cuts) == 1 if batch < 24 else len(cuts) % 2 == 0 and max(sizes) <= 24


@pytest.mark.parametrize("initial", INITIAL_MEMORIES)
@pytest.mark.parametrize("iterations", [0, 1, 2])
def test_parts_add_up_to_the_whole(initial, iterations):
    network = replace(NETWORK, initial=initial, dropout=0.3)
    params, x, y, masks = drawn(network, batch=5)
    whole = loss_and_gradients(network, params, x, y, masks, iterations)
    for parts in (1, 2, 5):
        engine = Engine(network, parts)
        outcomes_agree(whole, engine.loss_and_gradients(params, x, y, masks, iterations), 1e-12)
        logits, _ = network.forward(params, x, iterations=iterations)
        np.testing.assert_allclose(engine.forward(params, x, iterations), logits, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("label", "network"), list(everything()))
def test_parts_and_kept_memory_change_nothing_in_any_network(label, network):
    params, x, y, masks = drawn(network, batch=3)
    engine = Engine(network, parts=2)
    for iterations in range(network.iterations, -1, -1):  # memory that a larger pass has used
        whole = loss_and_gradients(network, params, x, y, masks, iterations)
        outcomes_agree(whole, engine.loss_and_gradients(params, x, y, masks, iterations), 1e-12)
        logits, _ = network.forward(params, x, iterations=iterations)
        np.testing.assert_allclose(engine.forward(params, x, iterations), logits, rtol=1e-12, atol=1e-14)


def test_the_engine_is_right_by_complex_step():
    """Slopes along a direction of every parameter, through parts on threads with memory that earlier batches used."""
    params, x, y, masks = problem(NETWORK, batch=4)
    engine, probe = Engine(NETWORK, parts=2, threads=2), Engine(NETWORK, parts=2, threads=2)
    engine.loss_and_gradients(params, 3 * x, y, masks)
    _, gradients, _ = engine.loss_and_gradients(params, x, y, masks)
    rng = np.random.default_rng(0)
    for name, gradient in multiplied_out(gradients).items():
        for _ in range(3):
            direction = rng.standard_normal(gradient.shape)
            moved = params | {name: params[name] + 1e-30j * direction}
            slope = probe.loss_and_gradients(moved, x, y, masks)[0].imag / 1e-30
            size = np.abs(gradient * direction).sum()
            assert size > 0 and abs((gradient * direction).sum() - slope) < COMPLEX_TOLERANCE * size, name


def test_threads_do_not_change_a_bit():
    params, x, y, masks = drawn(NETWORK, batch=7)
    outcomes = []
    for threads in (1, 2, 5):
        engine = Engine(NETWORK, parts=4, threads=threads)
        for _ in range(3):  # whatever order the threads finish in
            loss, gradients, logits = engine.loss_and_gradients(params, x, y, masks)
            outcomes.append((loss, gradients, logits))
    for outcome in outcomes[1:]:
        outcomes_agree(outcomes[0], outcome, 0)


@pytest.fixture
def blas():
    """How many threads the matrix libraries are allowed, a set: three now, and as before after the test."""
    libraries = ThreadpoolController().select(filepath=list(LIMIT.files()))
    limiter = libraries.limit(limits=3)
    with libraries.limit(limits=None):  # other threads may set limits from here on
        pass
    if {library["num_threads"] for library in libraries.info()} != {3}:
        pytest.skip("a matrix library whose threads can be set is needed")
    yield lambda: {library["num_threads"] for library in libraries.info()}
    limiter.restore_original_limits()
    with libraries.limit(limits=None):
        pass


@pytest.mark.parametrize("first_to_end", [0, 1])
@pytest.mark.parametrize("fails", [False, True])
def test_calls_that_overlap_leave_blas_its_threads(blas, first_to_end, fails):
    """Two engines on two threads: whichever ends first, BLAS has one thread until both have ended, and then all."""
    within, may_end = ([threading.Event(), threading.Event()] for _ in range(2))
    seen, engines = [], [Engine(NETWORK, parts=2, threads=2) for _ in range(2)]

    def call(k):
        def part(s, workspace):
            within[k].set()
            assert may_end[k].wait(60)
            if fails:
                raise KeyError(k)
            return blas()

        try:
            seen.extend(engines[k].each(part, engines[k].cut(4)))
        except KeyError:
            seen.extend([{1}, {1}])

    threads = [threading.Thread(target=call, args=(k,)) for k in range(2)]
    for k, thread in enumerate(threads):  # the second begins while the first is at work
        thread.start()
        assert within[k].wait(60)
    assert blas() == {1} and Engine(NETWORK).threads == 3  # an engine that is made meanwhile is no smaller
    for k in (first_to_end, 1 - first_to_end):
        may_end[k].set()
        threads[k].join(60)
        assert blas() == ({1} if k == first_to_end else {3})
    assert seen == [{1}] * 4


def test_a_part_that_fails_leaves_the_engine_usable():
    params, x, y, masks = drawn(NETWORK, batch=4)
    engine = Engine(NETWORK, parts=2, threads=2)
    before = threading.active_count()
    with pytest.raises(IndexError):
        engine.loss_and_gradients(params, x, y[:1].repeat(4) + 99, masks)
    outcomes_agree(
        loss_and_gradients(NETWORK, params, x, y, masks), engine.loss_and_gradients(params, x, y, masks), 1e-12
    )
    assert threading.active_count() <= before + 2


@pytest.mark.parametrize("initial", INITIAL_MEMORIES)
def test_recomputing_changes_nothing(initial):
    network = GCALSTM(3, 4, 2, 3, hidden=3, iterations=4, initial=initial)
    params, x, y, masks = drawn(network, batch=3)
    plain = loss_and_gradients(network, params, x, y, masks)
    again = replace(network, recompute=True)
    outcomes_agree(plain, loss_and_gradients(again, params, x, y, masks), 0)
    engine = Engine(again, parts=1)
    for _ in range(2):  # in kept memory, which all iterations now share
        outcomes_agree(plain, engine.loss_and_gradients(params, x, y, masks), 0)


def test_workspaces_give_the_same_memory_by_name():
    workspace = Workspace()
    one = workspace.empty(np, "a", (2, 3), np.float64)
    assert np.shares_memory(one, workspace.empty(np, "a", (5,), np.float64))
    assert not np.shares_memory(one, workspace.empty(np, "b", (2, 3), np.float64))
    assert not np.shares_memory(one, workspace.at("inner").empty(np, "a", (2, 3), np.float64))
    assert workspace.empty(np, "a", (2, 3), np.complex128).dtype == complex
    assert workspace.at("inner") is workspace.at("inner")


def test_zeros_are_zero_again_when_the_shape_changes():
    workspace = Workspace()
    for shape in [(2, 3), (3, 2), (7,), (2, 3)]:
        array = workspace.zeros(np, "z", shape, np.float32)
        assert array.shape == shape and (array == 0).all()
        array[0] = 1
        assert (workspace.zeros(np, "z", shape, np.float32)[0] == 1).all()  # as its user left it


def test_small_batches_stay_whole():
    assert len(slices(32, 10 * 64)) == 1 and len(slices(96, 10 * 64)) == 2
    assert [len(slices(batch, 20 * 128)) for batch in (8, 23, 24, 32, 64, 100)] == [1, 1, 2, 2, 4, 6]
    assert [len(slices(batch, 20 * 128)) for batch in (47, 49, 56, 79, 81)] == [
        2,
        4,
        4,
        4,
        6,
    ]  # the nearest even number


def test_parts_are_worked_on_by_the_threads_of_the_engine():
    """With one thread, or a batch that stays whole, the caller does it all."""

    def who(part, workspace):
        return threading.current_thread()

    for threads, parts in ((1, 3), (2, 3), (2, 1)):
        engine = Engine(NETWORK, parts, threads)
        found = engine.each(who, engine.cut(9))
        assert len(found) == parts
        if threads == 1 or parts == 1:
            assert set(found) == {threading.current_thread()}
        else:
            assert threading.current_thread() not in found and len(set(found)) <= threads


def test_an_answer_keeps_nothing_for_a_way_back():
    """Otherwise it would take the memory of a training step."""
    asked = []

    class Network:
        joints, frames, hidden = 2, 2, 2

        def forward(self, params, x, **more):
            asked.append(more)
            return x, None

    x = np.arange(12.0).reshape(6, 2)
    assert (Engine(Network(), 3).forward({}, x, iterations=1) == x).all() and len(asked) == 3
    assert all(more["remember"] is False and more["iterations"] == 1 for more in asked)


@pytest.mark.parametrize("compiled", [True, False])
@pytest.mark.parametrize("allowed", [1, 3])
@pytest.mark.parametrize("parts", [1, 2])
def test_who_takes_the_threads_of_blas(monkeypatch, parts, allowed, compiled):
    """Parts take one each. So does a whole batch whose sweeps are compiled; without, BLAS has what it is allowed."""
    entered = []

    class Limit:
        def threads(self):
            return allowed

        @contextlib.contextmanager
        def one_thread(self):
            entered.append(True)
            yield

    monkeypatch.setattr(parallel, "LIMIT", Limit())
    monkeypatch.setattr(parallel.build, "library", lambda dtype: object() if compiled else None)
    engine = Engine(NETWORK, parts)
    assert engine.threads == allowed
    shared = engine.each(lambda part, workspace: workspace.threads, engine.cut(4))
    assert shared == ([allowed] if parts == 1 else [1, 1])
    assert bool(entered) == (parts == 2 or (allowed == 3 and compiled))


def test_where_no_thread_starts_there_is_one(monkeypatch):
    """As in a browser, however many are asked for."""
    monkeypatch.setattr(parallel, "threads_start", lambda: False)
    assert [Engine(NETWORK, 2, threads).threads for threads in (None, 1, 4)] == [1, 1, 1]
