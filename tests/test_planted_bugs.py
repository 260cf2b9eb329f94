"""The gradient checks are themselves checked: each planted bug must make them fail.

A bug is one changed line of the hand-derived code. The changed package is loaded under a name of its own and its
gradients are compared with the complex step; a suite that let one of these pass would prove nothing.
"""

import importlib
import shutil
import sys
from pathlib import Path

import pytest

import gca_scratch

# file, line as it is, line as a student might write it, what is wrong
BUGS = [
    ("wavefront.py", "xp.add(back_h[0, d.from_S], back_h[1, d.from_T], out=dh_d)", "dh_d[...] = back_h[1, d.from_T]",
     "dh of the next joint is forgotten"),
    ("wavefront.py", "back_h[0, d.from_S], back_h[1, d.from_T]", "back_h[1, d.from_S], back_h[0, d.from_T]",
     "the halves of dh are mixed up"),
    ("wavefront.py", "f_S, out=back_c[0", "f_T, out=back_c[0", "the wrong forget gate carries dc"),
    ("wavefront.py", "xp.add(back_c[0, d.from_S], back_c[1, d.from_T], out=dc)", "dc[...] = back_c[0, d.from_S]",
     "dc from two successors is not added up"),
    ("wavefront.py", "back_h[:, n + 1], back_c[:, n + 1] = 0, 0", "pass", "what lies beside a diagonal is not cleared"),
    ("wavefront.py", "xp.multiply(f_S, c_S, out=past_S)", "xp.multiply(f_S, c_T, out=past_S)",
     "f_S is given the other predecessor's cell state"),
    ("wavefront.py", "new *= dnew", "new *= dc", "the score is missing from the input gate's gradient"),
    ("wavefront.py", "dpast -= dnew", "pass", "1 - r is missing"),
    ("wavefront.py", "y -= past_T\n", "pass\n", "dr forgets the past that r takes away"),
    ("wavefront.py", "dc -= x", "pass", "the slope of tanh(c) is missing"),
    ("wavefront.py", "dh_d += dh[d.cells]", "pass", "the cell's own output is forgotten"),
    ("wavefront.py", "dz_i, dz_S, dz_T, dz_o, dz_u = dz", "dz_i, dz_T, dz_S, dz_o, dz_u = dz",
     "wrong gate order in the backward pass"),
    ("wavefront.py", "u -= 1", "pass", "tanh is taken for twice the sigmoid"),
    ("wavefront.py", "new *= u", "pass", "the slope of the candidate's tanh is missing"),
    ("wavefront.py", "dW[2 * H : -1], dW[: 2 * H]]), dW[-1]", "dW[2 * H : -1], dW[: 2 * H]]), da[-1].sum(axis=0)",
     "the bias hears one cell only"),
    ("ops.py", "return y * (dy - (y * dy).sum(axis=0))", "return y * dy * (1 - y)", "softmax: only the diagonal"),
    ("ops.py", "return dy if mask is None else array_module(dy).multiply(dy, mask, out=out)", "return dy",
     "the dropout mask is not applied"),
    ("ops.py", "return dy * (z.real > 0)", "return dy", "the ReLU lets everything back"),
    ("ops.py", "dlogits[..., rows, y] -= 1", "pass", "the true class is not subtracted"),
    ("ops.py", "return dlogits / math.prod(p.shape[:-1])", "return dlogits", "the mean over the batch is forgotten"),
    ("attention.py", "da_IF = da.sum(axis=0)", "da_IF = da.mean(axis=0)", "the memory served every cell"),
    ("attention.py", "xp.subtract(1, da, out=da)", "da[...] = 1", "the tanh of Eq. 5 is missing"),
    ("ops.py", "rows(dy).sum(axis=0)", "rows(dy).mean(axis=0)", "bias: mean"),
    ("attention.py", "@ de.reshape(-1)", "@ dr.reshape(-1)", "We1: the softmax is skipped"),
    ("memory.py", "deverything.reshape(B, K, H).swapaxes(0, 1)", "deverything.reshape(K, B, H)", "axes mixed"),
    ("memory.py", "broadcast_to(dIF / shape[0], shape)", "broadcast_to(dIF, shape)", "1/(J T) of Eq. 4 is missing"),
    ("memory.py", "dboth[:, :H], dboth[:, H:]", "dboth[:, :H], 0 * dboth[:, H:]", "the old memory gets no gradient"),
    ("attention_stream.py", "dIF = dIF + dIF_n", "pass", "attention's use of the memory is forgotten"),
    ("attention_stream.py", "xp.add(da, da_n, out=da), dU + dU_n, db + db_n", "da, dU_n, db_n",
     "one iteration trains layer 2"),
    ("attention_stream.py", "dseen += dseen_n", "pass", "attention's use of h is forgotten"),
    ("attention_stream.py", "g[We1], g[We2] = g", "g[self._weights(3 - n)[0]], g[We2] = g",
     "an iteration's gradient goes to another"),
    ("networks.py", "xp.add(dh, dh_of, out=dh)", "dh_of", "two streams: layer 1 hears one of them"),
    ("networks.py", "[dlogits] if len(streams) == 1 else dlogits", "[dlogits] if len(streams) == 1 else dlogits[::-1]",
     "two streams: each is taught with the other's error"),
    ("attention_stream.py", "dr = body_parts.share_backward(dr, share)",
     "dr = body_parts.share_backward(dr, share) / 2",
     "parts: a score's gradient is not the sum over its joints"),
    ("attention_stream.py", "dh += body_parts.mean_backward(dseen, cache.pool)", "pass",
     "parts: attention's use of h is forgotten"),
    ("body_parts.py", "return (pool.T @", "return ((pool > 0).T @", "Eq. 12: 1/J_P is missing"),
    ("ablations.py", ".sum(axis=0)  # every cell used the one memory", "[0]", "scheme a: the memory served every cell"),
    ("ablations.py", "(1 - s * s)", "(1 - s)", "scheme a: the slope of tanh"),
    ("attention_stream.py", "g.get(We1, 0) + dWe1", "dWe1", "scheme a: shared weights keep one iteration's gradient"),
    ("ablations.py", "return r[..., None] * dF, (h", "return dF / len(h) + 0 * h, (h", "soft: the weight is forgotten"),
    ("attention_stream.py", "dseen += dseen_F", "pass", "soft: h is heard through its scores only"),
    ("baselines.py", "dh2 if cache.mask is None else dh2 * cache.mask", "dh2", "ST-LSTM: the mask is not applied"),
    ("baselines.py", "da, g[\"layer2.W\"], g[\"layer2.b\"], _ =", "da, _, g[\"layer2.b\"], _ =",
     "ST-LSTM: layer 2 learns nothing"),
    ("trust.py", "dpast * f_S, dhh[..., H:], dpast * f_T", "dc * f_S, dhh[..., H:], dc * f_T",
     "trust: carry ignores tau"),
    ("trust.py", "+ matmul(dp, Mp.T)", "", "trust: the prediction hears its neighbours"),
    ("trust.py", "dx + dx_more", "dx", "trust: the input is compared, too"),
    ("trust.py", "back_c[d.T] += dc_T", "back_c[d.T] = dc_T", "trust: dc of two successors is not added up"),
    ("cell.py", "(1 - r[:, None]) * dc", "dc", "raster: 1 - r is missing"),
    ("cell.py", "dc_S, dc_T = dpast * f_S, dpast * f_T", "dc_S, dc_T = dc * f_S, dc * f_T", "raster: carry ignores r"),
]  # fmt: skip


@pytest.fixture
def planted(tmp_path, monkeypatch):
    """A function that loads the package with one line changed and returns it."""

    def plant(file, line, changed):
        folder = tmp_path / "planted"
        shutil.copytree(Path(gca_scratch.__file__).parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
        text = (folder / file).read_text()
        assert text.count(line) >= 1, f"the line of this bug is no longer in {file}: {line}"
        (folder / file).write_text(text.replace(line, changed))
        monkeypatch.syspath_prepend(tmp_path)
        for name in [name for name in sys.modules if name.partition(".")[0] == "planted"]:
            monkeypatch.delitem(sys.modules, name)
        importlib.invalidate_caches()
        return lambda name: importlib.import_module(f"planted.{name}")

    return plant


NETWORKS = {  # by the beginning of a bug's meaning: the network that shows it
    "two streams": {"joints": 4, "streams_of": "both", "parts": (0, 1, 1, 2)},
    "parts": {"joints": 4, "streams_of": "coarse", "parts": (0, 1, 1, 2)},
    "Eq. 12": {"joints": 4, "streams_of": "coarse", "parts": (0, 1, 1, 2)},
    "scheme a": {"sharing": "a"},
    "soft": {"attention": "soft"},
    "trust": {"trust_gate": True},
}


def gradients_hold(planted, schedule, initial="average", meaning=""):
    sizes = {"joints": 3, "frames": 3, "channels": 2, "classes": 3, "hidden": 3, "schedule": schedule}
    kind = meaning.partition(":")[0]
    try:
        if kind == "ST-LSTM":
            network = planted("baselines").STLSTM(**sizes)
        else:
            more = {"iterations": 2, "initial": initial} | NETWORKS.get(kind, {})
            network = planted("networks").GCALSTM(**sizes | more)
        rows = planted("gradcheck").check_network(network, witnesses=("complex",))
    except (ValueError, KeyError, TypeError, IndexError):
        return False
    return all(row.passed for row in rows)


@pytest.mark.parametrize("initial", ["average", "feedforward"])
@pytest.mark.parametrize("schedule", ["raster", "wavefront"])
def test_without_a_bug_the_gradients_hold(planted, schedule, initial):
    assert gradients_hold(planted("ops.py", "return y * (dy", "return y * (dy"), schedule, initial)


@pytest.mark.parametrize("kind", ["", "ST-LSTM", *NETWORKS])
def test_without_a_bug_the_gradients_of_every_network_hold(planted, kind):
    assert gradients_hold(planted("ops.py", "return y * (dy", "return y * (dy"), "wavefront", "average", kind + ":")


@pytest.mark.parametrize(("file", "line", "changed", "meaning"), BUGS, ids=[bug[3] for bug in BUGS])
def test_a_planted_bug_is_caught(planted, file, line, changed, meaning):
    schedule = "raster" if file == "cell.py" else "wavefront"
    initial = "feedforward" if "deverything" in line else "average"
    assert not gradients_hold(planted(file, line, changed), schedule, initial, meaning), f"not caught: {meaning}"
