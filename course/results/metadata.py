"""What Gradescope says of a download: submission_metadata.yml, with who handed in together, and when."""

from datetime import UTC, datetime

from gca_scratch.support.errors import InputError, shown
from gca_scratch.support.reading import read_bytes, reason, without_mark

from .handin import Handin

FILE = "submission_metadata.yml"
LARGEST = 200 << 20  # bytes: it holds every earlier result of everybody


def gradescope(folder, places):
    """Gradescope's submissions by the names of their folders, the places, and sentences: ({}, places, []) elsewhere.

    folder may be the download or what it was unpacked into. Raises InputError if the file is no YAML, or nothing here
    reads YAML.
    """
    if not (folder / FILE).is_file():
        inner = [place for place in places if (place / FILE).is_file()]
        if not inner:
            return {}, places, []
        rest = [f"{place.name} lies beside {inner[0].name}" for place in places if place != inner[0]]
        folder, places = inner[0], sorted(inner[0].iterdir())
    else:
        rest = []
    about = {}
    for name, entry in _entries(folder / FILE).items():
        people = [person for person in _list(entry, ":submitters") if isinstance(person, dict)]
        if not people or name not in {place.name for place in places}:
            rest.append(f"{FILE} tells of {shown(name)}, which is not there or nobody's")
            continue
        ids = [str(person.get(f":{kind}") or "") for kind in ("email", "sid", "name") for person in people]
        student = " ".join(sorted(str(person.get(":email") or person.get(":sid")) for person in people))
        names = " and ".join(str(person.get(":name") or "") for person in people)
        about[name] = Handin(
            student, (folder / name,), "gradescope", str(name).removeprefix("submission_"),
            tuple(id.lower() for id in ids if id), names, _time(entry.get(":created_at")), names=(name,),
        )  # fmt: skip
    return about, [place for place in places if place.name != FILE], rest


def _entries(path):
    try:
        import yaml
    except ImportError:
        raise InputError(f"{path} is YAML, which nothing here reads; pip install 'gca_scratch[course]'") from None
    try:
        text = without_mark(read_bytes(path, LARGEST)).decode("utf-8")
        found = yaml.load(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        raise InputError(f"{path} cannot be read ({reason(error)}); download the submissions again") from None
    if not isinstance(found, dict):
        raise InputError(f"{path} does not tell of submissions; download them from Gradescope again")
    return {str(name): entry for name, entry in found.items() if isinstance(entry, dict)}


def _list(entry, name):
    found = entry.get(name)
    return found if isinstance(found, list) else []


def _time(value):
    """A time with its zone; Gradescope's without one are UTC."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.replace(tzinfo=UTC)
