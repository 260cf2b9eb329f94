"""Which files of the package a student's folder holds: what is asked for and what that imports, and nothing else."""

import ast
from pathlib import Path, PurePosixPath

from gca_scratch.support.errors import InputError

RASTER = '''"""The plain loop over the grid runs here under every name."""

from . import raster

SCHEDULES = {"raster": raster, "wavefront": raster}


def sweep(schedule, array):
    """The module that runs the unit over the grid."""
    return SCHEDULES[schedule]
'''
BUILD = '''"""Which network the settings describe: in this folder those with attention."""

from ..network.gca_lstm import GCALSTM
from ..network.two_stream import Coarse, TwoStream
from ..support.errors import InputError

_NETWORKS = {"gca": GCALSTM, "coarse": Coarse, "two-stream": TwoStream}


def build(settings, joints, channels, classes, parts=()):
    """The network of `settings` for sequences of so many joints and channels; parts (joints,) as in TwoStream."""
    plain = settings.attention == "gate" and settings.sharing == "d" and not settings.trust_gate
    if settings.network not in _NETWORKS or not plain:
        raise InputError(
            "this folder has the networks gca, coarse and two-stream, none of their variants; choose one of these three"
        )
    more = {} if settings.network == "gca" else {"parts": tuple(parts)}
    names = ("hidden", "dropout", "iterations", "initial", "recompute")
    more |= {name: getattr(settings, name) for name in names}
    return _NETWORKS[settings.network](joints, settings.frames, channels, classes, **more)
'''
NOTHING_COMPILED = '''"""Nothing is compiled here: NumPy does all the work."""


def library(dtype):
    """None, for any dtype."""
    return None
'''
PRODUCTS = '''"""Matrix products of many rows: those of ops.py."""

from . import ops
from .grid import added


def matmul(x, W, out=None, workspace=None, onto=None):
    """`x W` over the last axis of x (..., D), with W (D, E): gives (..., E), written to `out` where that is given.

    onto: an array to which it is added, in place.
    """
    return added(ops.matmul(x, W, out), onto)


def matmul_dW(x, dy, workspace=None):
    """Gradient of W in `y = matmul(x, W)`: x (..., D) and dy (..., E) give dW (D, E)."""
    return ops.matmul_dW(x, dy)
'''
SCORING = '''"""The scores of attention.py, under the name of those that are compiled elsewhere."""

from . import attention
from .grid import added


def informativeness_forward(*arguments):
    """As `attention.informativeness_forward`."""
    return attention.informativeness_forward(*arguments)


def informativeness_backward(dr, cache, onto=None):
    """As `attention.informativeness_backward`; onto: the dh of other uses, to which this one's is added in place."""
    dh, *others = attention.informativeness_backward(dr, cache)
    return added(dh, onto), *others
'''
STAND_INS = {  # what a folder holds in place of these files: neither fast engines nor variants are needed there
    "gca_scratch/__init__.py": '"""GCA-LSTM from scratch: the part of it that this assignment needs."""\n\n'
    '__version__ = "of an assignment"\n',
    "gca_scratch/network/__init__.py": '"""The mathematics of GCA-LSTM, as far as this assignment needs it."""\n',
    "gca_scratch/network/compiled/__init__.py": '"""What is compiled elsewhere: nothing here."""\n',
    "gca_scratch/network/compiled/build.py": NOTHING_COMPILED,
    "gca_scratch/network/products.py": PRODUCTS,
    "gca_scratch/network/scoring.py": SCORING,
    "gca_scratch/network/sweep/schedules.py": RASTER,
    "gca_scratch/variants/build.py": BUILD,
}
COMMANDS = "gca_scratch/commands/__init__.py"
COMMANDS_HERE = """
_HERE = {names}  # the commands of this folder
COMMANDS = {{name: COMMANDS[name] for name in _HERE}}
EXAMPLES = {{name: EXAMPLES[name] for name in _HERE}}
"""


def package(roots, stand_ins, root):
    """Texts of the files that a folder needs, by path: those of `roots` and all that they import, directly or not.

    roots: paths in the project, or patterns of such.  stand_ins: by path, the text that a file has here.
    Raises InputError for a root that is nowhere.
    """
    root, texts = Path(root), {}
    waiting = [file for pattern in roots for file in _found(pattern, root)]
    while waiting:
        file = waiting.pop()
        if file not in texts:
            texts[file] = stand_ins[file] if file in stand_ins else (root / file).read_text("utf-8")
            waiting += imported(file, texts[file], root) if file.endswith(".py") else []
    if COMMANDS in texts:
        names = sorted(PurePosixPath(file).stem for file in texts if file.startswith("gca_scratch/commands/"))
        of_commands = ast.parse(texts[COMMANDS])
        known = [key.value for node in ast.walk(of_commands) if isinstance(node, ast.Dict) for key in node.keys]
        texts[COMMANDS] += COMMANDS_HERE.format(names=tuple(name for name in dict.fromkeys(known) if name in names))
    return dict(sorted(texts.items()))


def _found(pattern, root):
    files = sorted(path.relative_to(root).as_posix() for path in root.glob(pattern) if path.suffix in (".py", ".txt"))
    if not files:
        raise InputError(f"the package has no file {pattern}; correct the manifest")
    return files


def imported(file, text, root):
    """The files of the package that a text imports, if it is that of this file; packages on the way among them."""
    here, files = list(PurePosixPath(file).parent.parts), []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] if node.level else []
            base = base + (node.module.split(".") if node.module else [])
            modules = [base, *(base + [alias.name] for alias in node.names)]
        elif isinstance(node, ast.Import):
            modules = [alias.name.split(".") for alias in node.names]
        else:
            continue
        for parts in (parts for parts in modules if parts[:1] == ["gca_scratch"]):
            for n in range(1, len(parts) + 1):
                place = "/".join(parts[:n])
                files += [name for name in (f"{place}.py", f"{place}/__init__.py") if (root / name).is_file()]
    packages = ["/".join(here[:n]) + "/__init__.py" for n in range(1, len(here) + 1)]
    return files + [name for name in packages if (root / name).is_file()]
