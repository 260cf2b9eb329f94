"""Fonts for names in any script: one that is installed and has the letters, or a line that says what to install."""

import logging
import re
import sys
import unicodedata
from collections.abc import Iterable
from functools import cache

import matplotlib
from matplotlib import font_manager

EAST_ASIAN = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH", "KANGXI")
EUROPEAN = ("Latin", "Greek", "Cyrillic", "Modifier", "Combining", "Superscript", "Subscript")
PREFERRED = ("Noto Sans", "Noto", "Source Han Sans", "Hiragino Sans", "PingFang", "Yu Gothic", "Meiryo",
             "Microsoft YaHei", "Malgun Gothic", "Arial", "Segoe UI", "Nirmala UI")  # fmt: skip
MOST_SHOWN = 6  # letters of a script in the line that says which ones are missing

_found: dict[str, str] = {}  # the family that has a letter, or "" where none has
_told: set[str] = set()  # fonts that people have been asked to install


def families(texts: Iterable[str]) -> list[str]:
    """The font families for all letters of some texts: those that Matplotlib is set to, then others that are needed.

    Letters that no installed font has are told on the standard error, in one line and once for each script.
    """
    usual = list(matplotlib.rcParams["font.family"])
    needed = {c for text in texts for c in text if _shows(c)}
    lacking = needed - _usual_letters(tuple(usual)) if needed else needed
    unknown = lacking - _found.keys()
    if unknown:
        _found.update(_search(unknown))
    _tell({c for c in lacking if not _found[c]})
    return usual + sorted({_found[c] for c in lacking} - {""})


def _shows(c):
    """Does a letter need a glyph of its own? Not joiners, marks of direction, blanks, nor what is drawn as "�"."""
    return not c.isascii() and c.isprintable() and not c.isspace()


@cache
def _usual_letters(names):
    return frozenset().union(*map(_letters_of, names))


def _letters_of(name):
    """All letters that a family has, as a set; none where it cannot be found or read."""
    log = logging.getLogger("matplotlib.font_manager")
    level = log.level
    log.setLevel(logging.ERROR)  # it tells of every weight that a family lacks
    try:
        path = font_manager.findfont(font_manager.FontProperties(family=[name]), fallback_to_default=False)
        return set(map(chr, font_manager.get_font(path).get_charmap()))
    except (ValueError, OSError, RuntimeError):
        return set()
    finally:
        log.setLevel(level)


def _search(letters):
    """For each letter the family that has it, or "": of the preferred families first, those with the most letters."""
    _add_new_fonts()
    names = {entry.name for entry in font_manager.fontManager.ttflist if not entry.name.startswith((".", "Last"))}
    left, found, have = set(letters), dict.fromkeys(letters, ""), {}
    for name in sorted(names, key=lambda name: _rank(name, letters)):
        have[name] = left & _letters_of(name)
        if have[name] == left:
            break
    while left and have:
        best = max(have, key=lambda name: len(have[name] & left))
        found |= dict.fromkeys(have[best] & left, best)
        left -= have.pop(best)
    return found


def _rank(name, letters):
    """Where a family stands in the search: one in the Japanese, Korean or Chinese style, as the letters are, before."""
    scripts = {unicodedata.name(c, "").split(" ")[0] for c in letters}
    style = "JP" if scripts & {"HIRAGANA", "KATAKANA"} else "KR" if "HANGUL" in scripts else "SC"
    known = next((k for k, start in enumerate(PREFERRED) if name.startswith(start)), len(PREFERRED))
    return known, not name.endswith(f"CJK {style}"), len(name), name


@cache
def _add_new_fonts():
    """Matplotlib keeps a list of fonts from its first use on: those that were installed since are added, once."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in known:
            try:
                font_manager.fontManager.addfont(path)
            except Exception:  # whatever is the matter with a file among the system's fonts, it is not used
                continue


def _tell(letters):
    """Say once for each script that no font has these letters, and which one to install."""
    missing = {}
    for c in sorted(letters):
        missing.setdefault(_font_for(c), []).append(c)
    new = {font: "".join(found[:MOST_SHOWN]) for font, found in missing.items() if font not in _told}
    _told.update(new)
    if new and sys.stderr is not None:
        remedies = ", ".join(f"{shown} (install {font})" for font, shown in new.items())
        print(
            f"some letters of the names are drawn as boxes, for no installed font has them: {remedies}; "
            "these fonts are at fonts.google.com/noto",
            file=sys.stderr,
        )


def _font_for(c):
    """The name of a free font that has the letter."""
    name = unicodedata.name(c, "")
    if name.startswith(EAST_ASIAN):
        return "Noto Sans CJK"
    if unicodedata.category(c)[0] not in "LMN":
        return "Noto Emoji" if ord(c) >= 0x1F000 else "Noto Sans Symbols 2"
    kinds = "CAPITAL|SMALL|LETTER|SYLLABLE|VOWEL|CONSONANT|CHARACTER|SIGN|DIGIT|MARK|SUBJOINED"
    script = re.split(rf" (?:{kinds})\b", name)[0].title()
    if "Arabic" in script:  # its numbers and forms have longer names
        return "Noto Sans Arabic"
    return "Noto Sans" if not script or script.split()[0] in EUROPEAN else f"Noto Sans {script}"
