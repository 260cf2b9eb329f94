"""Pictures that can be turned: what is in the page, and that it needs nothing from outside."""

from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from gca_scratch.figures.dial import Dial, Sketch


class Tags(HTMLParser):
    """All tags of a page with their attributes."""

    def __init__(self, page):
        super().__init__()
        self.found = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))


def drawn():
    """A picture of each kind of thing."""
    sketch = Sketch(100, 50, "a < b")
    sketch.line(0, 0, 10, 10)
    sketch.lines([(0, 0, 1, 1), (2, 2, 3.4, 3.6)])
    sketch.dot(5, 5, 2)
    sketch.box(1, 1, 5, -1, "#000")
    sketch.text(1, 1, "r < 1 & more")
    return sketch


def test_a_sketch_is_svg():
    tree = ElementTree.fromstring(str(drawn()))
    assert [part.tag.rpartition("}")[2] for part in tree] == ["title", "line", "path", "circle", "rect", "text"]
    assert tree[2].get("d") == "M0 0L1 1M2 2L3 4"
    assert tree[0].text == "a < b" and tree[5].text == "r < 1 & more" and tree[4].get("height") == "0.0"


def test_letters_of_a_wide_picture_are_larger_on_a_phone():
    small, wide = Sketch(480, 50, ""), Sketch(640, 50, "")
    for sketch in (small, wide):
        sketch.text(1, 1, "r", size=13)
    assert "--type" not in str(small) and 'style="font-size: calc(13px * var(--type, 1))"' in str(wide)
    site = (Path(__file__).parents[2] / "docs" / "_static" / "site.css").read_text("utf-8")
    assert "--type: 1." in site


def test_a_dial_shows_one_picture_and_names_its_control():
    dial = Dial([drawn(), drawn(), drawn()], ["r = 0", 'r = "1"', 2], "the gate's <r>", at=1)
    tags = Tags(dial._repr_html_()).found
    pictures = [attributes for tag, attributes in tags if attributes.get("class") == "picture"]
    assert ["hidden" in picture for picture in pictures] == [True, False, True]
    slider = next(attributes for tag, attributes in tags if tag == "input")
    assert (slider["max"], slider["value"], slider["aria-label"]) == ("2", "1", "the gate's <r>")
    assert slider["data-labels"].split("|") == ["r = 0", 'r = "1"', "2"] and "button" not in dict(tags)
    assert repr(dial) == "<3 pictures: the gate's <r>, r = 0 to 2>"


def test_a_dial_that_plays_waits_for_its_button_and_loads_nothing():
    page = Dial([drawn()] * 4, range(4), "frame", every=100)._repr_html_()
    button = next(attributes for tag, attributes in Tags(page).found if tag == "button")
    assert button["aria-label"] == "play or stop" and "% 4" in button["onclick"] and "100)" in button["onclick"]
    assert "<script" not in page and "http" not in page.replace("http://www.w3.org/2000/svg", "")


def test_a_label_for_each_picture():
    with pytest.raises(ValueError, match="2 pictures and 1 labels"):
        Dial([drawn(), drawn()], ["one"], "r")
