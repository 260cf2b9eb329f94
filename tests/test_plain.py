"""The page that holds the whole plain network: its numbers are the package's, and it says what it does."""

import ast
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gca_scratch import plain
from gca_scratch.network.gca_lstm import GCALSTM, loss_and_gradients


@pytest.mark.parametrize("iterations", [0, 1, 2, 3])
def test_its_loss_and_every_gradient_are_the_packages(iterations):
    J, T, B, C, H, classes = 4, 3, 5, 3, 6, 4
    network = GCALSTM(J, T, C, classes, hidden=H, iterations=iterations, initial="average", dropout=0.0)
    rng = np.random.default_rng(iterations)
    p = {name: 1.5 * value for name, value in network.init(rng, np.float64).items()}
    p |= {name: 0.3 * rng.standard_normal(value.shape) for name, value in p.items() if name.endswith(".b")}
    x, y = rng.standard_normal((B, T, J, C)), rng.integers(0, classes, B)
    loss, gradients, logits = loss_and_gradients(network, p, x, y)
    page_loss, page_gradients = plain.loss_and_gradients(p | plain_layer2(p, H), x, y, iterations)
    np.testing.assert_allclose(plain.forward(p, x, iterations)[0], logits, rtol=0, atol=1e-10)
    assert page_loss == pytest.approx(loss, rel=1e-10)
    for name, gradient in gradients.items():
        assert np.abs(gradient).max() > 0, name
        assert np.abs(page_gradients[name] - gradient).max() < 1e-10 * np.abs(gradient).max(), name


def plain_layer2(p, H):
    """Weights of layer 2 where the network has none: the page's gradients name them always."""
    return {} if "layer2.W" in p else {"layer2.W": np.zeros((3 * H, 5 * H)), "layer2.b": np.zeros(5 * H)}


def test_its_parameters_are_named_and_shaped_as_the_packages():
    network = GCALSTM(3, 4, 2, 5, hidden=6, iterations=2, initial="average")
    page = plain.init(np.random.default_rng(0), C=2, H=6, classes=5, N=2)
    assert {name: value.shape for name, value in page.items()} == network.shapes()


def test_it_prints_the_check_and_a_falling_loss():
    done = subprocess.run([sys.executable, "-m", "gca_scratch.plain"], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == ""
    first, *steps = done.stdout.splitlines()
    assert float(first.split()[-1]) < 1e-12
    losses = [float(line.split()[-1]) for line in steps]
    assert len(losses) == 7 and losses[0] > 1 and losses[-1] < 0.1


def test_it_is_one_page_of_numpy_alone():
    path = Path(plain.__file__)
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 220
    imports = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)]
    assert [ast.unparse(node) for node in imports] == ["import numpy as np"]
    for n in range(1, 10):
        assert f"Eq. {n}" in text, n


def test_a_planted_mistake_is_found_by_its_own_check(monkeypatch):
    rng = np.random.default_rng(3)
    p, x, y = plain.init(rng, 2, 3, 3, 1), rng.standard_normal((2, 3, 2, 2)), np.array([0, 1])
    assert plain.largest_error(p, x, y, 1) < 1e-12
    real = plain.attention_backward
    monkeypatch.setattr(plain, "attention_backward", lambda dr, cache: real(dr * 0.5, cache))
    assert plain.largest_error(p, x, y, 1) > 1e-3
