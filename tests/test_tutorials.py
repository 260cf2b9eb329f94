"""The notebooks of the tutorials and their texts: what is changed in one goes into the other, and nothing else does."""

import difflib
import importlib.util
import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("jupytext")
pytest.importorskip("nbclient")
TUTORIALS = Path(__file__).parents[1] / "tutorials"
NAMES = sorted(path.stem for path in TUTORIALS.glob("[0-9][0-9]_*.py"))


@pytest.fixture
def tools(tmp_path):
    """notebooks.py, at work on a copy of the tutorials."""
    for path in TUTORIALS.glob("[0-9][0-9]_*"):
        shutil.copy(path, tmp_path)
    spec = importlib.util.spec_from_file_location("notebooks_at_work", TUTORIALS / "notebooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.HERE = tmp_path
    return module


def changed(path, change):
    """Change a notebook as a dict."""
    book = json.loads(path.read_text("utf-8"))
    change(book)
    path.write_text(json.dumps(book), "utf-8")


def differences(old, new):
    """Lines that are in one of two texts alone."""
    return [line for line in difflib.ndiff(old.splitlines(), new.splitlines()) if line[0] in "+-"]


def as_an_editor_leaves_it(book):
    """Run and saved, by an editor that has metadata of its own; no cell is another."""
    book["metadata"] = {
        "kernelspec": {"display_name": "gca (Python 3.13)", "language": "python", "name": "gca"},
        "language_info": {"name": "python", "version": "3.13.1", "codemirror_mode": {"name": "ipython", "version": 3}},
        "widgets": {},
    }
    book["nbformat_minor"] = 4
    for number, cell in enumerate(book["cells"]):
        cell.pop("id", None)
        cell["metadata"] |= {"editable": True, "slideshow": {"slide_type": ""}, "vscode": {"languageId": "python"}}
        cell["metadata"].setdefault("jupyter", {})["outputs_hidden"] = True
        cell["metadata"].setdefault("tags", [])
        if cell["cell_type"] == "code":
            cell |= {"execution_count": number, "outputs": [{"output_type": "stream", "name": "stdout", "text": "7"}]}
            cell["metadata"]["ExecuteTime"] = {"end_time": "2026-01-01T00:00:00", "start_time": "2026-01-01T00:00:00"}


def test_nothing_changed_changes_nothing(tools):
    before = {name: (tools.HERE / f"{name}.py").read_bytes() for name in NAMES}
    books = {name: (tools.HERE / f"{name}.ipynb").read_bytes() for name in NAMES}
    assert len(NAMES) == 10 and tools.main("--read") == 0
    assert {name: (tools.HERE / f"{name}.py").read_bytes() for name in NAMES} == before
    assert tools.main("--check") == 0
    for name in NAMES:
        changed(tools.HERE / f"{name}.ipynb", as_an_editor_leaves_it)
    assert tools.main("--check") == 1 and tools.main("--read") == 0
    assert {name: (tools.HERE / f"{name}.py").read_bytes() for name in NAMES} == before
    assert {name: (tools.HERE / f"{name}.ipynb").read_bytes() for name in NAMES} == books  # written anew, without that


def test_blank_ends_of_cells_line_ends_and_a_byte_order_mark_change_nothing(tools):
    before = {name: (tools.HERE / f"{name}.py").read_bytes() for name in NAMES}

    def blank_ends(book):
        for cell in book["cells"]:
            cell["source"] = "".join(cell["source"]) + "\n\n"

    for name in NAMES:
        changed(tools.HERE / f"{name}.ipynb", blank_ends)
        book = (tools.HERE / f"{name}.ipynb").read_text("utf-8")
        (tools.HERE / f"{name}.ipynb").write_text(book, "utf-8-sig", newline="\r\n")
    assert tools.main("--read") == 0
    assert {name: (tools.HERE / f"{name}.py").read_bytes() for name in NAMES} == before


def as_colab_leaves_it(book):
    book["nbformat_minor"] = 0
    book["metadata"] = {"colab": {"provenance": []}, "kernelspec": {"name": "python3", "display_name": "Python 3"}}
    for number, cell in enumerate(book["cells"]):
        cell.pop("id", None)
        cell["metadata"] |= {"id": f"Xy{number}", "colab": {"base_uri": "https://localhost:8080/"}, "outputId": "1"}


def with_an_empty_cell_at_the_end(book):
    """As running the last cell appends it."""
    book["cells"].append(
        {"cell_type": "code", "id": "y", "metadata": {}, "source": [], "outputs": [], "execution_count": None}
    )
    book["cells"].append({"cell_type": "markdown", "id": "z", "metadata": {}, "source": ["\n", "  "]})


def with_the_line_ends_of_windows(book):
    for cell in book["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")


@pytest.mark.parametrize("leave", [as_colab_leaves_it, with_an_empty_cell_at_the_end, with_the_line_ends_of_windows])
def test_what_editors_leave_behind_changes_nothing(tools, leave):
    before = {name: (tools.HERE / f"{name}.py").read_bytes() for name in NAMES}
    books = {name: (tools.HERE / f"{name}.ipynb").read_bytes() for name in NAMES}
    for name in NAMES:
        changed(tools.HERE / f"{name}.ipynb", leave)
    (tools.HERE / f"{NAMES[0]}.ipynb").unlink()  # a notebook that is missing is written from its text
    (tools.HERE / f"{NAMES[0]}-Copy1.ipynb").write_bytes(books[NAMES[0]])  # and one that is nobody's is left alone
    assert tools.main("--read") == 0
    assert {name: (tools.HERE / f"{name}.py").read_bytes() for name in NAMES} == before
    assert {name: (tools.HERE / f"{name}.ipynb").read_bytes() for name in NAMES} == books
    assert not (tools.HERE / f"{NAMES[0]}-Copy1.py").exists()


def test_a_byte_order_mark_in_a_text_is_no_part_of_it(tools):
    text = tools.HERE / "01_cell.py"
    text.write_bytes(b"\xef\xbb\xbf" + text.read_bytes())
    before = text.read_bytes()
    assert tools.main("--check") == 0 and tools.main("--read") == 0 and text.read_bytes() == before


@pytest.mark.parametrize("name", NAMES)
def test_a_cell_that_was_changed_is_all_that_changes(tools, name):
    text = tools.HERE / f"{name}.py"
    before = text.read_text("utf-8")

    def change(book):
        as_an_editor_leaves_it(book)
        code = [cell for cell in book["cells"] if cell["cell_type"] == "code"]
        code[-1]["source"] = [*code[-1]["source"], "\nnew = 1"]

    changed(text.with_suffix(".ipynb"), change)
    tools.main("--read")
    assert differences(before, text.read_text("utf-8")) == ["+ new = 1"]
    assert "new = 1" in text.with_suffix(".ipynb").read_text("utf-8") and tools.main("--check") == 0


def test_cells_come_go_and_are_folded(tools):
    text = tools.HERE / "01_cell.py"
    before = text.read_text("utf-8")

    def change(book):
        cells = book["cells"]
        cells.insert(1, {"cell_type": "markdown", "id": "x", "metadata": {}, "source": ["# New\n", "Words."]})
        folded = {"jupyter": {"source_hidden": True}, "tags": ["hide-input"]}
        code = {"cell_type": "code", "source": ["last = 1"], "outputs": [], "execution_count": None}
        cells.append(code | {"id": "y", "metadata": folded})

    changed(text.with_suffix(".ipynb"), change)
    tools.main("--read")
    assert [line for line in differences(before, text.read_text("utf-8")) if line != "+ "] == [
        "+ # %% [markdown]", "+ # # New", "+ # Words.",
        '+ # %% jupyter={"source_hidden": true} tags=["hide-input"]', "+ last = 1",
    ]  # fmt: skip
    changed(text.with_suffix(".ipynb"), lambda book: book["cells"].pop(1) and book["cells"].pop())
    tools.main("--read")
    assert text.read_text("utf-8") == before


def test_a_notebook_without_a_text_gets_one(tools):
    text = tools.HERE / "01_cell.py"
    text.unlink()
    tools.read_back(text.with_suffix(".ipynb"))
    written = text.read_text("utf-8")
    assert (
        written.startswith("# ---\n# jupyter:\n#   kernelspec:\n#     display_name: Python 3\n")
        and "jupytext" not in written
    )
    assert tools.notebook(text) == text.with_suffix(".ipynb").read_text("utf-8")


def test_a_notebook_runs_where_its_text_lies(tools, tmp_path, monkeypatch):
    """So it finds what is shipped beside it, from wherever it is called."""
    text, out = tmp_path / "10_beside.py", tmp_path / "out.ipynb"
    text.write_text('# %%\nprint(open("beside.txt").read())\n', "utf-8")
    (tmp_path / "beside.txt").write_text("here", "utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    tools.run(text, out)
    (cell,) = json.loads(out.read_text("utf-8"))["cells"]
    assert "".join(cell["outputs"][0]["text"]) == "here\n"


def test_the_weights_that_tutorial_7_looks_at_are_small_and_whole():
    path = TUTORIALS / "weights_07.npz"
    assert path.stat().st_size < 500_000 and path.name in (TUTORIALS / "07_what_it_looks_at.py").read_text("utf-8")
    with np.load(path) as file:
        of = {f"{people}/{seed}": set() for people in ("calm", "restless") for seed in (0, 1, 2)}
        for name in file:
            network, _, weight = name.rpartition("/")
            of[network].add(weight)
        assert len(set(map(frozenset, of.values()))) == 1 and len(file.files) == 6 * len(of["calm/0"])
        assert all(np.isfinite(file[name]).all() and file[name].dtype == np.float16 for name in file)


def test_each_tutorial_shows_before_it_tells():
    """What `tutorials/measure.py` counts: a picture at the start, none far from the next, a short core."""
    spec = importlib.util.spec_from_file_location("measure_at_work", TUTORIALS / "measure.py")
    measure = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(measure)
    for name in NAMES:
        found = measure.measures((TUTORIALS / f"{name}.py").read_text("utf-8"))
        assert found["words before the first"] < 100, name
        assert found["longest stretch without one"] <= 500 and found["of them core"] <= 1500, (name, found)


def test_the_table_of_checkers_is_that_of_its_page():
    rows = [line[2:] for line in (TUTORIALS / "01_cell.py").read_text("utf-8").splitlines() if line.startswith("# | ")]
    page = (TUTORIALS.parent / "docs" / "gradient-checkers.md").read_text("utf-8").splitlines()
    first = rows.index("| | finds, of 20 |")
    assert set(rows[first : first + 9]) <= set(page) and "| **20** |" in rows[first + 8]


@pytest.fixture
def kernels():
    """stress/two_kernels.py."""
    spec = importlib.util.spec_from_file_location("two_kernels", TUTORIALS.parent / "stress" / "two_kernels.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_numbers_that_differ_are_no_other_sentence(kernels):
    first = ["✓ dU (8, 20)   2e-16 apart (at most 1e-12)", "accuracy 83.3%", "✓ 3 of 24 errors"]
    second = ["✓ dU (8, 20)   equal (at most 1e-12)", "accuracy 84.0%", "✓ 1 of 20 errors"]
    assert kernels.compared("", [first, second]) == ([], [])


def test_a_claim_that_one_run_lacks_and_other_words_are_seen(kernels):
    first, second = ["✓ it gains", "it says 'nod' more often"], ["✗ it gains", "it says 'kick' more often"]
    problems, words = kernels.compared("", [first, second])
    assert problems == ["other claims: ✓ it gains"] and words[1] == (first[1], second[1])


def test_a_text_that_quotes_what_one_run_prints_is_seen(kernels):
    text = "# %% [markdown]\n# It is 0.51 against 0.46, 26 % are lost; $5/6 = 0.83$.\n\n# %%\nx = 0.47\n"
    printed = [["0.51 and 0.46", "26% lost", "0.83"], ["0.52 and 0.46", "26% lost", "0.84"]]
    problems, _ = kernels.compared(text, printed)
    assert problems == ["the text quotes 0.51, which not every run prints"]
