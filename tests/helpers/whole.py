"""Is a file written whole or not at all: beside its place, and renamed when all of it is there?"""

import os
from pathlib import Path

import pytest


def written_whole(write, path):
    """Call write(path) and see that the file gets its name once, when it is complete, and stays whole where that fails.

    Returns its bytes.
    """
    path, rename, seen = Path(path), os.replace, []

    def watched(old, new):
        if Path(new) == path:
            seen.append((Path(old).read_bytes(), os.path.lexists(new)))
        return rename(old, new)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "replace", watched)
        write(path)
    content = path.read_bytes()
    assert seen == [(content, False)] and content

    def fails(old, new):
        if Path(new) == path:
            raise KeyboardInterrupt
        return rename(old, new)

    path.write_bytes(b"as it was")
    with pytest.MonkeyPatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(os, "replace", fails)
        write(path)
    assert path.read_bytes() == b"as it was" and not list(path.parent.glob(".*.part*"))
    path.write_bytes(content)
    return content
