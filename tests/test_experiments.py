"""The table of iterations and training methods, on tiny data."""

from tiny import TINY, skeletons

from gca_scratch.datasets import neutral
from gca_scratch.experiments import iterations
from gca_scratch.runs import Source


def test_every_row_and_seed_is_measured_once(tmp_path):
    neutral.save(tmp_path / "data.npz", skeletons())
    source = Source("npz", str(tmp_path / "data.npz"))
    accuracy, _ = iterations.measure(source, TINY, seeds=2, out=tmp_path / "out", jobs=1)
    assert accuracy.shape == (5, 2) and ((accuracy >= 0) & (accuracy <= 1)).all()
    text = (tmp_path / "out" / "table.md").read_text()
    assert text.count("\n") == 7 and "| 2 | direct |" in text and "no attention" in text
    stamps = {file: file.stat().st_mtime_ns for file in tmp_path.rglob("history.csv")}
    assert len(stamps) == 10
    again, _ = iterations.measure(source, TINY, seeds=2, out=tmp_path / "out", jobs=1)
    assert (again == accuracy).all()


def test_bad_input_is_one_sentence(tmp_path, capsys):
    assert iterations.main(["--root", str(tmp_path / "nothing"), "--out", str(tmp_path)]) == 2
    assert "no folder" in capsys.readouterr().err
