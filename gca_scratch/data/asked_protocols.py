"""Protocols for anybody's data, as a user writes them: "views:1,2", "subjects:@FILE", "names:@FILE", "k-fold:5"."""

import re
from functools import partial

import numpy as np

from ..support.errors import InputError, shown
from ..support.reading import read_bytes
from .named_protocols import Protocol, numbers, one_fold
from .neutral import Skeletons

_KINDS = {"views": "view", "setups": "setup", "subjects": "subject"}
_MOST_BYTES = 1 << 26  # of a list in a file
FORMS = ("views:1,2", "setups:2,4", "subjects:1,3", "subjects:@FILE", "names:@FILE", "k-fold:5", "k-fold:5:view")


def parsed(protocol: str) -> Protocol | None:
    """The protocol that such a text means; None for one that begins in no such way.

    Raises InputError, naming the place, for a text that begins so and goes on otherwise. A file that it names is read
    where the protocol is used.
    """
    kind, colon, rest = protocol.partition(":")
    if kind in _KINDS and colon:
        if not rest.startswith("@"):
            _whole_numbers(rest.split(","), f"protocol {shown(protocol)}", kind)
        return Protocol(one_fold, partial(_by_number, protocol), _KINDS[kind])
    if kind == "names" and colon:
        if not rest.removeprefix("@") or not rest.startswith("@"):
            raise InputError(f"protocol {shown(protocol)} names no file; write names:@FILE, with a name on each line")
        return Protocol(one_fold, partial(_by_name, protocol, rest[1:]), "name")
    if kind == "k-fold":
        found = re.fullmatch(r"k-fold:([1-9][0-9]{0,5})(?::(subject|view|setup))?", protocol)
        if not found or int(found[1]) < 2:
            raise InputError(
                f"protocol {shown(protocol)} does not say how many folds; write k-fold:5, or k-fold:5:view or "
                "k-fold:5:setup to keep cameras together in the place of people"
            )
        count, by = int(found[1]), found[2] or "subject"
        return Protocol(partial(_count, protocol, count, by), partial(_of_fold, protocol, count, by), by)
    return None


# --- by number --------------------------------------------------------------------------------------------------------


def _by_number(protocol: str, data: Skeletons, fold: int) -> np.ndarray:
    """Those whose view, setup or subject is not among the numbers."""
    kind, _, rest = protocol.partition(":")
    there = numbers(data, _KINDS[kind], protocol)
    for number, where in _training_numbers(protocol, kind, rest):
        if number not in there:
            known = ", ".join(map(str, np.unique(there)[:20].tolist()))
            raise InputError(f"{where}: the data has no {_KINDS[kind]} {number}; choose among {known}")
    return ~np.isin(there, [number for number, _ in _training_numbers(protocol, kind, rest)])


def _training_numbers(protocol: str, kind: str, rest: str) -> list[tuple[int, str]]:
    """The numbers that a text or the file that it names lists, each with the place where it stands."""
    where = f"protocol {shown(protocol)}"
    if not rest.startswith("@"):
        return [(number, where) for number in _whole_numbers(rest.split(","), where, kind)]
    found = []
    for place, text in lines_of(rest[1:]):
        words = re.split(r"[\s,;]+", text.partition("#")[0].strip(" \t,;"))
        found += [(number, place) for number in _whole_numbers(words, place, kind)] if words != [""] else []
    if not found:
        raise InputError(f"{rest[1:]} lists no {_KINDS[kind]}; write the numbers of those that train")
    return found


def _whole_numbers(texts: list[str], where: str, kind: str) -> list[int]:
    """The texts as numbers; InputError, naming `where`, if one is none."""
    for text in texts:
        if not re.fullmatch(r"\s*[0-9]{1,9}\s*", text, re.ASCII):
            raise InputError(
                f"{where}: {shown(text)} is no number of one of the {kind}; write those that train with commas between "
                f"them, as in {kind}:1,2, or {kind}:@FILE"
            )
    return [int(text) for text in texts]


# --- by name ----------------------------------------------------------------------------------------------------------


def _by_name(protocol: str, path: str, data: Skeletons, fold: int) -> np.ndarray:
    """Those whose names stand in the file."""
    there, found = set(map(str, data.name)), set()
    for place, text in lines_of(path):
        name = text.strip()
        if name not in there:
            name = re.sub(r"(^|\s+)#.*", "", name)  # a name may hold a #
        if name and name not in there:
            raise InputError(
                f"{place}: the data has no sequence {shown(name)}; the names of this data are such as "
                f"{shown(str(data.name[0]))}: correct the line, or begin it with #"
            )
        found |= {name} if name else set()
    if not found:
        raise InputError(f"{path} names no sequence; write the name of a sequence that tests on each line")
    return np.isin(data.name, sorted(found))


def lines_of(path: str) -> list[tuple[str, str]]:
    """The lines of a text file that people write, each after its place, "FILE, line 3".

    A byte-order mark is passed over. Raises InputError if the file cannot be read or is no UTF-8.
    """
    try:
        text = read_bytes(path, _MOST_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path} cannot be read ({error.strerror}); check the path in --protocol") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path} is not a text file in UTF-8 (byte {error.start}); save it as UTF-8") from None
    lines = re.split(r"\r\n|\n|\r", text)
    return [(f"{path}, line {number}", line) for number, line in enumerate(lines, start=1)]


# --- folds of groups --------------------------------------------------------------------------------------------------


def _count(protocol: str, count: int, by: str, data: Skeletons) -> int:
    groups = len(np.unique(numbers(data, by, protocol)))
    if groups < count:
        instead = f"k-fold:{groups}" + f":{by}" * (by != "subject") if groups > 1 else "names:@FILE or loseqo"
        raise InputError(
            f"protocol {protocol} needs a {by} for each of its {count} folds, and this data has {groups}; use {instead}"
        )
    return count


def _of_fold(protocol: str, count: int, by: str, data: Skeletons, fold: int) -> np.ndarray:
    """The groups of one fold: the largest first, each goes to the fold that has the fewest sequences by then."""
    there = numbers(data, by, protocol)
    groups, sizes = np.unique(there, return_counts=True)
    filled = np.zeros(count, np.int64)
    mine = []
    for k in np.argsort(-sizes, kind="stable"):
        smallest = int(filled.argmin())
        filled[smallest] += sizes[k]
        mine += [groups[k]] if smallest == fold - 1 else []
    return np.isin(there, mine)


# --- the data's own split ---------------------------------------------------------------------------------------------


def own_split(data: Skeletons, fold: int) -> np.ndarray:
    """Which sequences the split that the data come with tests, bool (N,); InputError where they come with none."""
    if data.test is None:
        raise InputError(
            "protocol file is the split that data come with, and this data come with none (of several, convert takes "
            "the one that --split names); use another protocol, such as half"
        )
    return data.test


OWN: dict[str, Protocol] = {"file": Protocol(one_fold, own_split, "name")}
