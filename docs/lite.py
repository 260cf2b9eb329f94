"""The tutorials as a site that runs in a browser: python docs/lite.py WHEEL FOLDER, called by `make lite`.

Writes into FOLDER the notebooks, each with a first cell that installs the wheel, and the weights that they read beside
them, and lets JupyterLite build the site in FOLDER/site. Python itself, NumPy and Matplotlib are fetched by the
browser, when the site is opened.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

TUTORIALS = Path(__file__).resolve().parent.parent / "tutorials"
INSTALL = {
    "cell_type": "code",
    "id": "install",
    "metadata": {"tags": ["remove-cell"]},
    "execution_count": None,
    "outputs": [],
    "source": ["%pip install -q gca_scratch"],
}


def with_first_cell(notebook):
    """A notebook, as a dict, that installs the package before anything else."""
    return notebook | {"cells": [INSTALL, *notebook["cells"]]}


def write_notebooks(folder):
    """The ten notebooks into a folder, and the weights that are shipped beside them."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in sorted(TUTORIALS.glob("[0-9][0-9]_*.ipynb")):
        notebook = with_first_cell(json.loads(path.read_text("utf-8")))
        (folder / path.name).write_text(json.dumps(notebook, indent=1) + "\n", "utf-8")
    for path in TUTORIALS.glob("*.npz"):
        shutil.copy(path, folder)


def main(wheel, folder):
    """Write the notebooks, build the site."""
    folder = Path(folder).resolve()
    write_notebooks(folder / "notebooks")
    jupyter = str(Path(sys.executable).parent / "jupyter")
    options = {
        "--lite-dir": folder,
        "--contents": folder / "notebooks",
        "--piplite-wheels": Path(wheel).resolve(),
        "--output-dir": folder / "site",
        "--apps": "lab",
    }
    words = [str(word) for option in options.items() for word in option]
    subprocess.run([jupyter, "lite", "build", *words], check=True, cwd=folder)
    print(f"{folder / 'site'}: serve it with {sys.executable} -m http.server --directory {folder / 'site'}")


if __name__ == "__main__":
    main(*sys.argv[1:])
