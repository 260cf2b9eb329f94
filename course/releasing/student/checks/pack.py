"""What is handed in beside the files of the assignment, and what the grader will see otherwise than your own tests."""

import hashlib
import json
import re
from pathlib import Path

from . import beside

HERE = Path(__file__).resolve().parent.parent
LARGEST = 64_000  # bytes of a source file that the grader reads
LARGEST_FIGURE = 5_000_000


def helpers(files):
    """Helper files that these files import, paths as the imports write them; they are handed in, too."""
    return sorted(beside.helpers(_texts(files), _own))


def figures():
    """Pictures that answers.md names and that lie in this folder."""
    return [name for name in _named(_text(HERE / "answers.md")) if not _why_not(name)]


def unanswered(questions):
    """Sentences on what is missing in answers.md: your name, answers to these questions, pictures."""
    text, found = _text(HERE / "answers.md"), []
    if not re.search(r"^\**Name:\**[ \t]*\w", text, re.MULTILINE):
        found.append("answers.md has no name yet; write yours behind `Name:`")
    sections = {
        part.split(maxsplit=1)[0]: part for part in re.split(r"^## +", text, flags=re.MULTILINE) if part.strip()
    }
    for id in questions:
        asked, _, answer = sections.get(id, "").partition("**Answer:**")
        if not answer.strip():
            found.append(f"{id} has no answer in answers.md yet")
            continue
        named = _named(answer)
        found += [
            f"{name}, which the answer to {id} names, is not packed: {_why_not(name)}"
            for name in named
            if _why_not(name)
        ]
        if _named(asked) and not named:
            found.append(
                f"{id} asks for a picture, and its answer names none, such as ![what it shows]({_named(asked)[0]})"
            )
    return found


def _named(text):
    """Names of pictures in a text."""
    return list(dict.fromkeys(re.findall(r"[\w./+-]+\.(?:png|jpe?g|pdf|svg)\b", text)))


def _why_not(name):
    """Why a picture is not packed, or nothing."""
    place = (HERE / name).resolve()
    if HERE not in place.parents:
        return "it lies outside of this folder"
    if not place.is_file():
        return "there is no such file"
    return f"it is larger than {LARGEST_FIGURE // 1_000_000} MB" if place.stat().st_size > LARGEST_FIGURE else ""


def notes(files):
    """Sentences on what your tests have and the grader has not: files that are changed, libraries, very large files."""
    shipped = json.loads((HERE / "checks" / "shipped.json").read_text("utf-8"))
    found = []
    for file, mark in shipped.items():
        if file in files:
            continue
        if not (HERE / file).is_file():
            found.append(f"{file} is gone; the grader has it, so put it back")
        elif _fingerprint(_text(HERE / file)) != mark:
            found.append(
                f"{file} is not as it was handed out and is not handed in; the grader takes its own, so put it back "
                f"and move what you need into {files[0]} or into a file of your own"
            )
    own = [*files, *helpers(files)]
    large = f"is larger than {LARGEST // 1000} kB; the grader does not read it"
    found += [f"{file} {large}" for file in own if (HERE / file).stat().st_size > LARGEST]
    return found + beside.unknown(_texts(own), lambda path: (HERE / path).exists() and path != "gca_scratch.py")


def _own(path):
    """The text of a file that is no part of the package as it was handed out, or None."""
    shipped = json.loads((HERE / "checks" / "shipped.json").read_text("utf-8"))
    inside = path not in shipped and not path.startswith("checks/") and (HERE / path).is_file()
    return _text(HERE / path) if inside else None


def _texts(files):
    return {file: _text(HERE / file) for file in files if (HERE / file).is_file()}


def _text(path):
    return path.read_text("utf-8-sig", errors="replace")


def _fingerprint(text):
    return hashlib.sha256("\n".join(text.splitlines()).encode()).hexdigest()[:12]
