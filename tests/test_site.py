"""The site that `make docs` has built, in a browser without a screen: `make test-browser`.

Nothing is cut off at four widths, links lead somewhere, and no figure is white on a dark page.
"""

import os
import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

SITE = Path(os.environ.get("GCA_SCRATCH_SITE", Path(__file__).parent.parent / "docs" / "_build"))
WIDTHS = (390, 800, 1400, 1600)
PAGES = sorted(str(path.relative_to(SITE)) for path in SITE.rglob("*.html") if "_static" not in path.parts)
pytestmark = pytest.mark.skipif(not PAGES, reason="the site is not built: make docs")

# What is wider than the room it has: the page, or a box within it that would have to be scrolled or is cut off.
TOO_WIDE = """() => {
  const found = [], root = document.documentElement;
  if (root.scrollWidth > innerWidth) found.push(`page ${root.scrollWidth}`);
  const boxes = "article, article :is(div, section, pre, p, table, td, th, li, dl, dt, dd, h1, h2, h3, h4, details)";
  for (const box of document.querySelectorAll(boxes)) {
    const style = getComputedStyle(box);
    if (style.display === "inline" || style.visibility === "hidden" || !box.clientWidth) continue;
    if (box.closest("mjx-container, .headerlink, svg svg, iframe, .visually-hidden, input")) continue;
    if (style.overflowX !== "visible" && box.scrollWidth > box.clientWidth + 1)
      found.push(`${box.tagName}.${box.className.baseVal ?? box.className} ${box.scrollWidth} > ${box.clientWidth}: `
        + box.textContent.trim().slice(0, 60));
  }
  return found;
}"""
OF_ONE_THEME = """() => Array.from(document.querySelectorAll("article img"))
  .filter((image) => !image.closest(".only-light, .only-dark, .toggler")).map((image) => image.getAttribute("src"))"""
SEEN = """() => Array.from(document.querySelectorAll("article img"))
  .filter((image) => image.offsetWidth && !image.naturalWidth).map((image) => image.getAttribute("src"))"""


@pytest.fixture(scope="module")
def page(browser):
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    page.set_default_timeout(600_000)  # on a busy machine a page takes its time
    yield page
    page.close()


def opened(page, name):
    page.goto((SITE / name).as_uri(), wait_until="load")
    page.evaluate("window.MathJax && MathJax.startup ? MathJax.startup.promise.then(() => true) : true")


def test_nothing_is_cut_off(page):
    wrong = {}
    for name in PAGES:
        opened(page, name)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            page.evaluate("fit()")  # without the pause after a change of the window
            wrong |= {f"{name} at {width}": found for found in [page.evaluate(TOO_WIDE)] if found}
    print(f"{len(PAGES)} pages at {', '.join(map(str, WIDTHS))} pixels")
    assert not wrong, "\n".join(f"{place}: {'; '.join(found[:4])}" for place, found in wrong.items())


def test_no_figure_ignores_the_theme(page):
    page.emulate_media(color_scheme="dark")
    for name in PAGES:
        if "<img" not in (SITE / name).read_text("utf-8"):
            continue
        opened(page, name)
        assert page.evaluate(OF_ONE_THEME) == [], name
        assert page.evaluate(SEEN) == [], name


def test_links_lead_somewhere():
    """Of all pages, with the part of the page that they name."""
    texts = {name: (SITE / name).read_text("utf-8") for name in PAGES}
    parts = {name: set(re.findall(r'\bid="([^"]+)"', text)) for name, text in texts.items()}
    wrong, count = [], 0
    for name, text in texts.items():
        for link in set(re.findall(r'<a\b[^>]*?\bhref="([^"]*)"', text)):
            url = urlsplit(link.replace("&amp;", "&"))
            if url.scheme or url.netloc or not link:
                continue
            count += 1
            target = SITE / os.path.normpath(Path(name).parent / unquote(url.path) if url.path else name)
            inside = parts.get(str(target.relative_to(SITE))) if url.fragment else None
            if not target.is_file() or (inside is not None and unquote(url.fragment) not in inside):
                wrong.append(f"{name}: {link}")
    print(f"{count} links")
    assert not wrong, "\n".join(wrong)


def test_an_equation_leads_to_its_step(page):
    """The place of each equation in the stepper, as it names it."""
    places = {"Eq. 1": "neck", "Eq. 2": "neck", "Eq. 3": "neck", "Eq. 4": "IF(0)", "Eq. 5": "scores 1",
              "Eq. 6": "scores 1", "Eq. 7": "neck", "Eq. 8": "IF(1)", "Eq. 9": "loss"}  # fmt: skip
    opened(page, "equations.html")
    rows = page.evaluate("""() => Array.from(document.querySelectorAll("tr:has(a[href*='stepper'])"),
      (row) => [row.cells[0].textContent, row.querySelector("a[href*='stepper']").getAttribute("href")])""")
    assert dict(rows).keys() == places.keys()
    for item, link in rows:
        page.goto("about:blank")
        page.goto((SITE / link.split("#")[0]).as_uri() + "#" + link.split("#")[1])
        assert places[item] in page.inner_text("#title"), item
