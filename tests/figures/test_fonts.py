"""Names in any script: drawn in a font that has their letters, or told in one line; by what Matplotlib's fonts say."""

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from matplotlib import font_manager
from matplotlib.text import Text

from gca_scratch.figures import canvas, charts, fonts

COUNTS = np.eye(2, dtype=int)
BOXES = "some letters of the names are drawn as boxes, for no installed font has them: "


@pytest.fixture(autouse=True)
def only_own_fonts(monkeypatch):
    """Of all fonts Matplotlib knows those that it brings, whatever the system has, and nothing is remembered."""
    own = [entry for entry in font_manager.fontManager.ttflist if "mpl-data" in str(entry.fname)]
    monkeypatch.setattr(font_manager.fontManager, "ttflist", own)
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [])
    monkeypatch.setattr(fonts, "_found", {})
    monkeypatch.setattr(fonts, "_told", set())
    _forget()
    yield
    _forget()


def _forget():
    fonts._usual_letters.cache_clear()
    fonts._add_new_fonts.cache_clear()


def font_of(letters, path, name):
    """A font that has these letters alone, all squares."""
    letters, pen = sorted(set(letters)), TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, 700), (700, 700), (700, 0)):
        pen.lineTo(corner)
    pen.closePath()
    square, names = pen.glyph(), [".notdef", *(f"letter{ord(c)}" for c in letters)]
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(names)
    builder.setupCharacterMap({ord(c): f"letter{ord(c)}" for c in letters})
    builder.setupGlyf(dict.fromkeys(names, square))
    builder.setupHorizontalMetrics(dict.fromkeys(names, (800, 0)))
    builder.setupHorizontalHeader(ascent=800, descent=-200)
    builder.setupNameTable({"familyName": name, "styleName": "Regular"})
    builder.setupOS2()
    builder.setupPost()
    builder.save(path)
    return str(path)


def glyphs_missing(figure):
    """Letters in a figure that no family of its texts has."""
    missing = set()
    for text in figure.findobj(Text):
        letters = set().union(*map(fonts._letters_of, text.get_fontfamily()))
        missing |= {c for c in text.get_text() if not c.isspace() and c not in letters}
    return missing


def test_letters_that_no_font_has_are_told_in_one_line_and_once(capsys):
    names = ["走る", "เดิน"]
    figure = charts.confusion_matrix(COUNTS, names, title="दौड़ना")
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith(BOXES)
    for remedy in ("る走 (install Noto Sans CJK)", "(install Noto Sans Thai)", "(install Noto Sans Devanagari)"):
        assert remedy in said
    assert glyphs_missing(figure) == set("走るเดินदौड़ना")
    charts.confusion_matrix(COUNTS, ["走る", "歩く"])
    assert capsys.readouterr().err == ""  # the script is known to be missing


def test_a_font_that_is_installed_and_has_the_letters_is_used(tmp_path, monkeypatch, capsys):
    """Also one that was installed after Matplotlib had made its list."""
    font_manager.fontManager.addfont(font_of("走る歩く", tmp_path / "a.ttf", "Letters of Japan"))
    new = font_of("เดินด", tmp_path / "b.ttf", "Letters of Siam")
    (tmp_path / "broken.ttf").write_bytes(b"no font")
    monkeypatch.setattr(font_manager, "findSystemFonts", lambda: [str(tmp_path / "broken.ttf"), new])
    figure = charts.confusion_matrix(COUNTS, ["走る and walk", "เดิน"], title="歩く")
    canvas.save(figure, tmp_path / "drawn.png")
    assert capsys.readouterr().err == "" and glyphs_missing(figure) == set()
    (drawn,) = (text for text in figure.findobj(Text) if text.get_text() == "歩く")
    assert drawn.get_fontfamily() == [*fonts.families(["plain"]), "Letters of Japan", "Letters of Siam"]


def test_the_fonts_with_the_most_letters_are_taken(tmp_path):
    for letters, name in (("走", "Few"), ("走る歩", "Many"), ("く", "Other")):
        font_manager.fontManager.addfont(font_of(letters, tmp_path / f"{name}.ttf", name))
    assert fonts.families(["走る歩く"])[1:] == ["Many", "Other"]
    assert fonts.families(["走"])[1:] == ["Many"] and fonts.families(["plain", "é ß … —"])[1:] == []


def test_arabic_and_the_like_are_asked_of_the_usual_font_first(capsys):
    usual = fonts.families(["plain"])
    for names in (["ходить", "περπατώ"], ["يمشي", "می\u200cرود"], ["ללכת", "\u202eback"]):
        has = set().union(*map(fonts._letters_of, usual))
        lacks = {c for name in names for c in name if c.isprintable() and c not in has}
        assert fonts.families(names) == usual
        assert bool(capsys.readouterr().err) == bool(lacks)


@pytest.mark.parametrize(
    ("letter", "font"),
    [("漢", "Noto Sans CJK"), ("ㄅ", "Noto Sans CJK"), ("한", "Noto Sans CJK"), ("カ", "Noto Sans CJK"),
     ("ب", "Noto Sans Arabic"), ("ก", "Noto Sans Thai"), ("क", "Noto Sans Devanagari"), ("ி", "Noto Sans Tamil"),
     ("አ", "Noto Sans Ethiopic"), ("ა", "Noto Sans Georgian"), ("𐎠", "Noto Sans Old Persian"), ("ȡ", "Noto Sans"),
     ("🏃", "Noto Emoji"), ("⟿", "Noto Sans Symbols 2"), ("۳", "Noto Sans Arabic")],
)  # fmt: skip
def test_what_to_install_for_a_script(letter, font):
    assert fonts._font_for(letter) == font


def test_nothing_is_said_where_there_is_no_standard_error(monkeypatch):
    monkeypatch.setattr("sys.stderr", None)
    assert fonts.families(["走る"])[1:] == []
