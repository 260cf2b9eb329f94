"""Notebooks from their texts: each NN_name.py (percent format) becomes NN_name.ipynb beside it, without outputs.

python notebooks.py                   write them
python notebooks.py --check           say which ones differ from their text, and end with 1 if any does
python notebooks.py --read            the other way round: what was changed in a notebook goes into its text
python notebooks.py --run TEXT FILE   run a tutorial from top to bottom, and write its notebook with outputs
"""

import sys
import tempfile
import time
from difflib import SequenceMatcher
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

HERE = Path(__file__).parent
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}


def texts():
    """The texts of all tutorials, in order."""
    return sorted(HERE.glob("[0-9][0-9]_*.py"))


def notebook(text):
    """The notebook of a text, as it is written: no outputs, and always the same cell ids."""
    made = _read(text)
    for number, cell in enumerate(made.cells):
        cell.id = f"cell-{number}"
    made.metadata = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
    made.nbformat, made.nbformat_minor = 4, 5
    return nbformat.writes(made) + "\n"


def read_back(path):
    """Write into the text of a notebook those of its cells that are others there.

    All else stays as it is written. Outputs, cell numbers, what editors note for themselves and cells with nothing in
    them, as running the last one appends, never go into a text.
    """
    text = path.with_suffix(".py")
    found = jupytext.reads(path.read_text("utf-8-sig"), fmt="ipynb")
    found.cells = [cell for cell in found.cells if cell.source.strip()]
    for cell in found.cells:
        cell.source = cell.source.replace("\r\n", "\n").rstrip("\n")
        blank_lines = {
            name: n for name, n in cell.metadata.items() if name == "lines_to_next_cell"
        }
        cell.metadata = _meant(cell.metadata) | blank_lines
    old = (
        _read(text)
        if text.exists()
        else nbformat.v4.new_notebook(metadata={"kernelspec": KERNEL})
    )
    before, after = (
        [(c.cell_type, c.source, repr(_meant(c.metadata))) for c in book.cells]
        for book in (old, found)
    )
    cells = []
    for change, a, b, c, d in SequenceMatcher(
        None, before, after, autojunk=False
    ).get_opcodes():
        cells += old.cells[a:b] if change == "equal" else found.cells[c:d]
    if cells == old.cells:
        return
    old.cells = cells
    old.metadata["jupytext"] = {
        "notebook_metadata_filter": "kernelspec,-jupytext"
    }  # its version is in nobody's text
    jupytext.write(old, text, fmt="py:percent")


def _read(text):
    """A text as a notebook; a byte-order mark is no part of it."""
    return jupytext.reads(Path(text).read_text("utf-8-sig"), fmt="py:percent")


def _meant(metadata):
    """Of the metadata of a cell what a text says: whether its source is folded away, and its tags."""
    folded = (
        {"jupyter": {"source_hidden": True}}
        if metadata.get("jupyter", {}).get("source_hidden")
        else {}
    )
    return folded | ({"tags": list(metadata["tags"])} if metadata.get("tags") else {})


def run(text, out):
    """Run a tutorial; CellExecutionError, with the cell and its error, if one of its cells fails."""
    begun = time.perf_counter()
    found = nbformat.reads(notebook(text), 4)
    client = NotebookClient(
        found,
        timeout=900,
        extra_arguments=["--InlineBackend.figure_formats=svg"],
        resources={"metadata": {"path": str(Path(text).parent)}},
    )  # there lie the weights that are shipped
    kernel = client.create_kernel_manager()
    with (
        tempfile.TemporaryDirectory() as folder
    ):  # its sockets are files in there, not ports for everybody
        kernel.transport, kernel.ip = "ipc", f"{folder}/kernel"
        client.execute()
    nbformat.write(found, out)
    print(
        f"{Path(text).name}: every assertion holds, {time.perf_counter() - begun:.0f} s"
    )


def main(wish="", *files):
    """0, or 1 where a check has found a notebook that is not its text's."""
    if wish == "--run":
        run(*files)
        return 0
    if wish == "--read":
        for path in (text.with_suffix(".ipynb") for text in texts()):
            if path.exists():
                read_back(path)
    stale = [text for text in texts() if not _same(text)]
    for text in stale:
        if wish == "--check":
            print(
                f"{text.with_suffix('.ipynb').name} is not the notebook of {text.name}: make notebooks"
            )
        else:
            text.with_suffix(".ipynb").write_text(notebook(text), "utf-8")
    return int(wish == "--check" and bool(stale))


def _same(text):
    path = text.with_suffix(".ipynb")
    return path.exists() and path.read_text("utf-8") == notebook(text)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
