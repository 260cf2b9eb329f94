"""The stepper's page: whole in one file, its data exact, the code it shows the package's own; what it refuses."""

import argparse
import ast
import base64
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from gca_scratch.commands import stepper
from gca_scratch.commands.main import main
from gca_scratch.network import cell
from gca_scratch.network.gca_lstm import GCALSTM, loss_and_gradients
from gca_scratch.network.two_stream import Coarse
from gca_scratch.stepper import example, page
from gca_scratch.support.errors import InputError
from gca_scratch.variants.ablations import Ablation
from gca_scratch.variants.baselines import STLSTM
from gca_scratch.variants.trust_gate import TrustGate

J, T, H = 4, 3, 3
NETWORK = GCALSTM(J, T, 2, 3, hidden=H, iterations=2, initial="average", dropout=0.0)
SIZES = {"joints": J, "frames": T, "channels": 2, "classes": 3, "hidden": H}


def made(network=NETWORK, batch=2):
    """Weights, sequences x (B, T, J, 2) and labels."""
    rng = np.random.default_rng(5)
    x = rng.standard_normal((batch, T, J, 2)).astype(np.float32)
    return network.init(rng), x, np.arange(batch) % 3


def unpacked(part):
    """Data of a page with its arrays brought back."""
    if isinstance(part, dict) and "float32" in part:
        return np.frombuffer(base64.b64decode(part["float32"]), "<f4").reshape(part["shape"])
    if isinstance(part, dict):
        return {name: unpacked(value) for name, value in part.items()}
    return [unpacked(value) for value in part] if isinstance(part, list) else part


def data_of(text):
    return unpacked(json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1]))


def test_data_in_the_page_is_exact():
    params, x, y = made()
    data = data_of(page.page(NETWORK, params, x, y, class_names=["</script>", "{{script}}", "&"]))
    assert data["classes"] == ["</script>", "{{script}}", "&"]
    assert list(data["params"]) == list(NETWORK.shapes())
    for name, value in params.items():
        assert data["params"][name].tobytes() == value.tobytes() and data["params"][name].shape == value.shape
    for n, sequence in enumerate(data["sequences"]):
        assert sequence["label"] == y[n] and sequence["x"].tobytes() == x[n].tobytes()


def test_the_code_that_it_shows_is_the_packages():
    data = data_of(page.page(NETWORK, *made()))
    source = Path(cell.__file__).read_text("utf-8").split("\n")
    shown = {each["name"]: each for each in data["code"]}
    assert shown["step_forward"]["file"] == "cell.py"
    for name in ("step_forward", "step_backward"):
        assert all(source[n - 1] == text for n, text in shown[name]["lines"])
        ast.parse("\n".join(text for _, text in shown[name]["lines"]))  # whole, without its docstring
        assert '"""' not in str(shown[name]["lines"])


def test_command_writes_one_small_file(tmp_path, capsys):
    assert main(["stepper", "--out", str(tmp_path / "step.html")]) == 0
    assert "step.html" in capsys.readouterr().out
    text = (tmp_path / "step.html").read_text("utf-8")
    assert len(text.encode()) < 3_000_000
    assert not re.search(r"https?://|@import|\burl\(|\bsrc=|\bfetch\(|XMLHttpRequest|\bimport\b", text)
    assert not re.findall(r'<link[^>]*href="(?!data:)', text)
    frame = page.embedded(text, theme="dark")
    assert frame.startswith("<div><iframe ") and frame.count("<") == 4 and "data-theme=&quot;dark&quot;" in frame


def test_the_example_has_learnt_something_and_not_all():
    shown = example.example()
    loss, gradients, logits = loss_and_gradients(shown.network, shown.params, shown.x, shown.y)
    assert (logits.argmax(axis=1) == shown.y).all() and loss > 0.01
    _, cache = shown.network.forward(shown.params, shown.x)
    assert all((attended.IF > 0).any(axis=1).all() for attended in cache.streams[0].rounds)  # no memory is silent
    assert (cache.streams[0].classify[0] > 0).any(axis=1).all()
    assert all(np.abs(gradient).max() > 0 for gradient in gradients.values())


@pytest.mark.parametrize(
    ("network", "part"),
    [
        (Coarse(**SIZES, parts=(0, 1, 2, 3)), "one stream"),
        (STLSTM(**SIZES), "one stream"),
        (GCALSTM(**SIZES, ablation=Ablation(attention="soft")), "an ablation"),
        (GCALSTM(**SIZES, ablation=Ablation("b")), "an ablation"),
        (GCALSTM(**SIZES, layer1=TrustGate()), "trust gate"),
    ],
)
def test_other_networks_are_refused(network, part):
    with pytest.raises(InputError, match=part):
        page.page(network, *made())


def test_what_cannot_be_shown_is_refused(tmp_path, monkeypatch):
    params, x, y = made()
    with pytest.raises(InputError, match="label 3"):
        page.page(NETWORK, params, x, y + 3)
    with pytest.raises(InputError, match="shape"):
        page.page(NETWORK, params, x[:, :, :2], y)
    with pytest.raises(InputError, match="a label for each"):
        page.page(NETWORK, params, x, y[:1])
    with pytest.raises(InputError, match="a name for each"):
        page.page(NETWORK, params, x, y, joint_names=["one"])
    with pytest.raises(InputError, match="finite"), np.errstate(all="ignore"):
        page.page(NETWORK, params, x * np.float32(np.nan), y)
    with pytest.raises(InputError, match="--seed -1"):
        example.example(-1)
    with pytest.raises(InputError, match="theme"):
        page.embedded("", theme="blue")
    with pytest.raises(InputError, match="fewer joints"):
        page.page(replace(NETWORK, hidden=300), params, x, y)
    monkeypatch.setattr(page, "LARGEST", 10_000)
    with pytest.raises(InputError, match="fewer"):
        page.page(NETWORK, params, x, y)
    with pytest.raises(InputError, match="cannot be written"):
        monkeypatch.setattr(page, "LARGEST", 3_000_000)
        stepper.command(argparse.Namespace(out=str(tmp_path), seed=0))
