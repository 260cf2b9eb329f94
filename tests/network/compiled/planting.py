"""A bug in the compiled source, in a copy, for as long as a block lasts."""

import shutil
from contextlib import contextmanager

import numpy as np

from gca_scratch.network.compiled import build


@contextmanager
def planted(tmp_path, monkeypatch, file, line, changed):
    """What is compiled has `changed` in the place of `line`."""
    shutil.copytree(build.HERE, tmp_path / "compiled", ignore=shutil.ignore_patterns("*.py", "__pycache__"))
    text = (build.HERE / file).read_text("utf-8")
    assert line in text, f"the line of this bug is no longer there: {line}"
    (tmp_path / "compiled" / file).write_text(text.replace(line, changed), "utf-8")
    monkeypatch.setattr(build, "HERE", tmp_path / "compiled")
    monkeypatch.setattr(build, "OPTIONS", [option.replace("-O3", "-O1") for option in build.OPTIONS])  # sooner done
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    build._built.cache_clear()
    try:
        assert build.library(np.dtype(np.float64)), build.describe()
        yield
    finally:
        build._built.cache_clear()
