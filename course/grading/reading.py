"""What of a submission is graded, wherever it lies: in archives of several kinds, within one another, in several files.

What the package's own reader (splice.read_submission) understands, it reads where it lies. All else is unpacked into a
folder for as long as it is read: plain files of a sensible size alone, no links, nothing executable in a special way.
"""

import bz2
import contextlib
import gzip
import io
import lzma
import shutil
import stat
import tarfile
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

from gca_scratch.support.errors import InputError
from gca_scratch.support.reading import files_below, open_plain, read_bytes

from .splice import HIDDEN, LARGEST_ARCHIVE, places, read_submission

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
PICTURES = (".png", ".jpg", ".jpeg", ".svg")
KEPT = (".py", ".md", ".txt", ".json", ".ipynb", *PICTURES)
UNREAD = (".rar", ".7z", ".gz", ".bz2", ".xz")  # archives that are not read
OPENED = {".gz": gzip.open, ".tgz": gzip.open, ".bz2": bz2.open, ".tbz2": bz2.open, ".xz": lzma.open, ".txz": lzma.open}
LARGEST = 1 << 20  # bytes of a file that is unpacked
MOST, MOST_BYTES = 2_000, 64 << 20  # files that are unpacked, and what they hold together
LARGEST_TAR = 128 << 20  # bytes of a .tar, unpacked
DEEPEST = 3  # archives within archives


def suffix(path):
    """How a name ends, in small letters: ".tar.gz" in one piece, "" for a folder."""
    name = path.name.lower()
    if isinstance(path, Path) and path.is_dir():
        return ""
    return next((end for end in ARCHIVES if name.endswith(end)), PurePosixPath(name).suffix)


def read(paths, files, names=()):
    """What is graded of a submission: ({file: text}, {file: what was wrong}, sentences on what else was found).

    The texts are those of an assignment's `files` and of the helper files that they import.
    paths: one path, or several that belong together.  names: what each was called before an LMS put more in front.
    Raises InputError where there is nothing to read.
    """
    paths = (Path(paths),) if isinstance(paths, str | Path) else tuple(map(Path, paths))
    names = names or [path.name for path in paths]
    for path in paths:
        if not path.exists():
            raise InputError(f"there is no {path}; give a folder, a .zip, a .tar.gz or a .py file")
    for path in paths:
        if path.is_file() and path.stat().st_size > LARGEST_ARCHIVE:
            why = f"{path.name} is larger than {LARGEST_ARCHIVE // 1_000_000} MB; hand in what `make submit` packs"
            return {}, dict.fromkeys(files, why), []
    if len(paths) == 1 and not _needs_unpacking(paths[0], names[0]):
        return *read_submission(paths[0], files), _copies(paths[0], files)
    with _unpacked(paths, names) as (folder, wrong):
        texts, missing = read_submission(folder, files)
        notes = _copies(folder, files)
    if wrong and not texts:
        missing = dict.fromkeys(files, "; ".join(wrong))
    return texts, missing, notes


def pictures(paths, names=()):
    """The pictures of a submission, {name: bytes}: .png, .jpg and .svg files of a sensible size, wherever they lie."""
    with _unpacked(paths, names or [path.name for path in paths]) as (folder, _):
        found = [path for path in files_below(folder) if suffix(path) in PICTURES]
        return {path.relative_to(folder).as_posix(): read_bytes(path) for path in found}


@contextlib.contextmanager
def _unpacked(paths, names):
    """`with _unpacked(...) as (folder, sentences)`: what can be taken of these lies there; the rest has a sentence."""
    with tempfile.TemporaryDirectory(prefix="hand-in-") as folder:
        box = _Box(Path(folder))
        for path, name in zip(paths, names, strict=True):
            _take(path, name, box)
        yield Path(folder), list(dict.fromkeys(box.wrong))[:3]


def _copies(path, files):
    """Sentences on files that are there more than once, and differ: which one is graded."""
    found = {}
    with contextlib.suppress(Exception):  # what cannot be read is said elsewhere
        if path.is_dir():
            below = {place.relative_to(path).as_posix(): place for place in files_below(path, hidden=HIDDEN)}
            wanted = {name for file in files for name in places(below, file)}
            found = {name: below[name].stat().st_size and read_bytes(below[name], LARGEST) for name in wanted}
        elif suffix(path) == ".zip":
            with open_plain(path) as file:
                members = [m for m in zipfile.ZipFile(file).infolist() if not _is_hidden(m.filename)]
            found = {member.filename.replace("\\", "/"): member.CRC for member in members}
    notes = []
    for file in files:
        fits = places(found, file)
        if len({found[name] for name in fits}) > 1:
            notes.append(f"{file} is there {len(fits)} times, and not the same: {fits[0]} is graded, "
                         f"{', '.join(fits[1:4])} is not")  # fmt: skip
    return notes


def _needs_unpacking(path, called):
    """Is it anything but a folder without archives, a .py file, or a .zip without archives?"""
    if path.is_dir():
        return any(suffix(file) in (*ARCHIVES, *UNREAD) for file in files_below(path, hidden=HIDDEN))
    if suffix(path) == ".zip":
        with contextlib.suppress(Exception), open_plain(path) as file:  # the reader of .zip files says what is wrong
            names = zipfile.ZipFile(file).namelist()
            return any(suffix(PurePosixPath(name)) in ARCHIVES for name in names if not _is_hidden(name))
        return False
    return path.name != called or not path.name.endswith(".py")


class _Box:
    """A folder that takes files, as many and as large as is sensible; sentences on what it does not take."""

    def __init__(self, folder):
        self.folder, self.files, self.size, self.wrong = folder, 0, 0, []

    def count(self, content):
        self.files, self.size = self.files + 1, self.size + len(content)
        if self.files > MOST or self.size > MOST_BYTES:
            raise InputError(f"it holds more than {MOST} files or {MOST_BYTES >> 20} MiB; hand in your own files alone")

    def put(self, name, content):
        parts = [part for part in PurePosixPath(name.replace("\\", "/")).parts if part not in ("/", "..")]
        place = self.folder.joinpath(*(part[:100] for part in parts[-10:]))
        place = place.with_suffix(place.suffix.lower())
        if not place.exists():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)


def _take(path, called, box):
    """Put what a path holds into the box: a folder's files, a file, an archive's members."""
    files = {called: path}
    if path.is_dir():
        found = [file for file in files_below(path, hidden=HIDDEN) if not file.is_symlink()]
        files = {file.relative_to(path).as_posix(): file for file in found}
        files = {name: file for name, file in files.items() if not _is_hidden(name)}
    for name, file in files.items():
        end = suffix(file)
        if end in (*ARCHIVES, *KEPT):
            try:
                content = read_bytes(file, LARGEST_ARCHIVE)
            except OSError as error:
                box.wrong.append(f"{name} cannot be read ({error.strerror})")
            else:
                _file(name, content, box, 0)
        elif end in UNREAD or not path.is_dir():
            box.wrong.append(f"{name} cannot be read; hand in a .zip, as `make submit` packs it")


def _file(name, content, box, depth):
    """Put a file into the box, what it holds in its place if it is an archive; a sentence where that cannot be done."""
    end = suffix(PurePosixPath(name))
    try:
        if end in ARCHIVES:
            if depth == DEEPEST:
                raise InputError(f"archives lie more than {DEEPEST} deep in one another; hand in a plain .zip")
            box.count(content)
            for member, text in _in_zip(content) if end == ".zip" else _in_tar(content, end):
                _file(f"{name[: -len(end)]}/{member}", text, box, depth + 1)
        elif end in KEPT and len(content) <= LARGEST:
            box.count(content)
            box.put(name, content)
    except InputError as error:
        box.wrong.append(f"{name}: {error}")
    except Exception:  # an archive can be broken in a dozen ways, and so can a name
        box.wrong.append(f"{name} is no {'archive' if end in ARCHIVES else 'file'} that can be read")


def _wanted(name):
    end = suffix(PurePosixPath(name))
    return not _is_hidden(name) and end in (*ARCHIVES, *KEPT), LARGEST_ARCHIVE if end in ARCHIVES else LARGEST


def _is_hidden(name):
    parts = PurePosixPath(name.replace("\\", "/")).parts
    return any(part.startswith(HIDDEN) or part in ("site-packages", "node_modules") for part in parts[:-1])


def _in_zip(content):
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for member in archive.infolist():
            wanted, most = _wanted(member.filename)
            if wanted and not member.is_dir() and not stat.S_ISLNK(member.external_attr >> 16):
                with archive.open(member) as file:
                    text = file.read(most + 1)
                if len(text) <= most:
                    yield member.filename, text


def _in_tar(content, end):
    opened = OPENED.get("." + end.rpartition(".")[2], lambda file: file)(io.BytesIO(content))
    with tempfile.TemporaryFile() as whole:
        shutil.copyfileobj(_Bounded(opened), whole)
        whole.seek(0)
        with tarfile.open(fileobj=whole, mode="r:") as archive:
            for member in archive:
                wanted, most = _wanted(member.name)
                if wanted and member.isreg() and member.size <= most:
                    yield member.name, archive.extractfile(member).read(most)


class _Bounded:
    """A file that is not read beyond what is sensible, however much it would unpack to."""

    def __init__(self, file):
        self.file, self.left = file, LARGEST_TAR

    def read(self, count):
        if self.left <= 0:
            raise InputError(f"it unpacks to more than {LARGEST_TAR >> 20} MiB; hand in your own files alone")
        text = self.file.read(count)
        self.left -= len(text)
        return text
