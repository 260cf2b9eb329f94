"""What attention gains, drawn: which trainings of a folder are compared, and what the picture says of them."""

import json

import pytest
from matplotlib.image import imread

from gca_scratch.experiments import gains
from gca_scratch.experiments.attention import Gain
from gca_scratch.support.errors import InputError


def write(folder, n, seed, fold, right):
    """One training as `table attention` keeps it; two sequences of each person."""
    file = folder / f"N-{n}" / f"seed-{seed}" / f"fold-{fold:02}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    people = [10 * fold + k // 2 for k in range(len(right))]
    file.write_text(json.dumps({"right": right, "person": people, "loss": 0.5}))
    return file


@pytest.fixture
def folder(tmp_path):
    """Two folds; N = 0 with three seeds, N = 2 with two of them and half of the third, N = 1 with one."""
    for seed in range(3):
        write(tmp_path, 0, seed, 1, [1, 0, 1, 0])
        write(tmp_path, 0, seed, 2, [1, 1, 0, 0])
    for seed in range(2):
        write(tmp_path, 2, seed, 1, [1, 1, 1, 0])
        write(tmp_path, 2, seed, 2, [1, 1, 1, seed])
    write(tmp_path, 2, 2, 1, [0, 0, 0, 0])
    write(tmp_path, 1, 1, 1, [0, 0, 1, 0])
    write(tmp_path, 1, 1, 2, [1, 1, 0, 0])
    return tmp_path


def test_seeds_are_compared_that_both_have_with_all_folds(folder):
    compared = gains.gains(folder)
    assert {n: seeds for n, (_, seeds) in compared.items()} == {1: 1, 2: 2}
    assert compared[1][0].difference == pytest.approx(-1 / 8)
    assert compared[2][0].difference == pytest.approx((2 + 3) / 2 / 8)
    low, high = compared[2][0].people
    assert low <= compared[2][0].difference <= high


def test_a_damaged_training_is_left_out_with_its_seed(folder):
    write(folder, 0, 1, 2, [1, 1, 0, 0]).write_text("{")
    assert {n: seeds for n, (_, seeds) in gains.gains(folder).items()} == {2: 1}


@pytest.mark.parametrize(("n", "seed"), [(0, 1), (2, 0)])
def test_tests_of_different_data_are_not_compared(n, seed, folder):
    """Neither of more sequences, which could not be joined, nor of other people, which could."""
    for right in ([1, 1, 0, 0, 1], [1, 1, 0]):
        write(folder, n, seed, 2, right)
        with pytest.raises(InputError, match="tests of different data; have table attention write to another folder"):
            gains.gains(folder)
    file = write(folder, n, seed, 2, [1, 1, 0, 0])
    file.write_text(file.read_text().replace("20", "22"))
    with pytest.raises(InputError, match="tests of different data"):
        gains.gains(folder)


@pytest.mark.parametrize("n", [0, 2])
def test_a_folder_without_two_networks_says_what_is_missing(n, tmp_path):
    write(tmp_path, n, 0, 1, [1, 0])
    with pytest.raises(InputError, match="holds no N = 0 beside another N of the same seeds and folds"):
        gains.gains(tmp_path)
    with pytest.raises(InputError, match="holds no N = 0"):
        gains.gains(tmp_path / "nowhere")


def test_the_picture_has_a_line_for_each_network_with_its_intervals():
    rows = [("one", 1, Gain(0.01, (-0.01, 0.02), (-0.02, 0.03))), ("two", 2, Gain(-0.005, (-0.01, 0.0), (-0.02, 0.01)))]
    ax = gains.forest(rows).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["one", "two"]
    assert [text.get_text() for text in ax.texts] == ["+1.0", "\N{MINUS SIGN}0.5"]
    ends = [tuple(line.get_xdata()) for line in ax.lines]
    for expected in [(-2, 3), (-1, 2), (1.0,), (-2, 1), (-1, 0), (-0.5,)]:
        assert any(found == pytest.approx(expected) for found in ends if len(found) == len(expected))
    top, bottom = sorted(ax.get_ylim())
    assert top < 0 and bottom > 1 and ax.yaxis_inverted()


def test_the_command_draws_all_folders(folder, tmp_path, capsys):
    out = tmp_path / "gains.png"
    assert gains.main([f"a name={folder}", f"another={folder}", "--out", str(out)]) == 0
    assert "written to" in capsys.readouterr().out
    assert imread(out).shape[1] > 900


@pytest.mark.parametrize("text", ["folder", "=folder", "name="])
def test_a_folder_without_a_name_is_refused(text, tmp_path, capsys):
    assert gains.main([text, "--out", str(tmp_path / "x.png")]) == 2
    assert "is not NAME=FOLDER" in capsys.readouterr().err
    assert not (tmp_path / "x.png").exists()


def test_labels_name_the_network_and_how_many_seeds(folder, tmp_path, monkeypatch):
    drawn = []
    monkeypatch.setattr(gains, "forest", lambda rows: drawn.extend(rows))
    monkeypatch.setattr(gains, "save", lambda *_: None)
    gains.main([f"here={folder}"])
    assert [row[:2] for row in drawn] == [("here, N = 1 (1 seed)", 1), ("here, N = 2 (2 seeds)", 2)]
