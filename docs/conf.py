"""The documentation site: make docs."""

import inspect
import re
import sys
from pathlib import Path

from docutils import nodes
from sphinx.util import logging

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import cards  # noqa: E402
import rooms  # noqa: E402
import theme  # noqa: E402

from gca_scratch import __version__  # noqa: E402

project, author, release = "gca_scratch", "the gca_scratch developers", __version__
copyright = "the gca_scratch developers, MIT licence"
extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "sphinx-mathjax-offline",
    "sphinx_design",
]
exclude_patterns = ["_build", "jupyter_execute", "api/rooms.md"]

html_theme = "furo"
html_title = "gca_scratch"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_js_files = ["fit.js"]
html_show_sphinx = False
myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_fence_as_directive = []
nb_execution_mode = "off"  # make docs executes the tutorials before, each once
nb_merge_streams = True
suppress_warnings = ["misc.highlighting_failure"]

autodoc_default_options = {"members": True, "undoc-members": True}
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True  # keep=FRESH, as it stands in the code
add_module_names = False  # the page has the name of the module

ARGUMENT = re.compile(r"\w+(?:, \w+)*(?: \([^)]*\)(?: or None)?)?: ")  # what a docstring says of one, or of several
log = logging.getLogger(__name__)


def as_restructured(paragraph):
    """A paragraph of a docstring as reStructuredText: what stands indented keeps its lines, `name` is code."""
    if all(line.startswith(" ") for line in paragraph):
        return ["::", "", *("    " + line for line in paragraph)]
    text = rooms.as_text("\n".join(line.strip() for line in paragraph)).splitlines()
    return ["* " + text[0], *("  " + line for line in text[1:])] if ARGUMENT.match(paragraph[0]) else text


def read_plainly(app, what, name, obj, options, lines):
    """Docstrings are written for people who read the code; here they become paragraphs, and a missing one an error."""
    if not any(line.strip() for line in lines):
        ours = getattr(obj, "__module__", name).startswith("gca_scratch")
        of_code = inspect.isroutine(obj) or inspect.isclass(obj) or inspect.ismodule(obj)
        if ours and of_code and not name.rpartition(".")[2].startswith("_"):
            log.warning("%s has no docstring", name, type="docstring")
        return
    found, paragraph = [], []
    for line in [*lines, ""]:
        if line.strip():
            argument = ARGUMENT.match(line)
            begins = argument or line.startswith(("Returns ", "Raises ", "Gives "))
            if paragraph and (begins or line.startswith(" ") != paragraph[-1].startswith(" ")):
                found += [*as_restructured(paragraph), ""]
                paragraph = []
            paragraph.append(line)
        elif paragraph:
            found += [*as_restructured(paragraph), ""]
            paragraph = []
    if what == "module":
        found += rooms.contents(obj)
    elif inspect.isclass(obj) and obj.__module__.startswith("gca_scratch"):
        found += rooms.fields(obj)
    lines[:] = found


def links_into_the_project(app, tree, name):
    """Links from a page to files outside docs/ (benchmarks/README.md) lead to the file's name, not into the void."""
    for link in tree.findall(nodes.reference):
        target = link.get("refuri", "")
        of_sphinx = target.startswith("../_modules/")  # written after all pages
        if target.startswith("../") and not link.get("internal") and not of_sphinx:
            if not (HERE / name).parent.joinpath(target.split("#")[0]).exists():
                log.warning("%s: no such file %s", name, target, type="link")
            link.replace_self(nodes.literal(text=link.astext()))


def from_where_they_are_shown(app, name, source):
    """Links in a tutorial begin in tutorials/, beside docs/, and pages link there; on the site it lies inside."""
    if name.startswith("tutorials/"):
        source[0] = theme.themed_notebook(source[0].replace("](../docs/", "](../"))
    source[0] = source[0].replace("](../tutorials/", "](tutorials/")  # where their pages are
    if name == "tutorials":
        source[0] = cards.filled(source[0])
    if name == "index":
        source[0] = source[0].replace("%version%", release)


def setup(app):
    """What Sphinx calls."""
    app.connect("builder-inited", rooms.write_pages, priority=400)
    app.connect("builder-inited", theme.write_dark_images)
    app.connect("source-read", from_where_they_are_shown)
    app.connect("autodoc-process-docstring", read_plainly)
    app.connect("autodoc-skip-member", rooms.of_another_place)
    app.connect("doctree-resolved", links_into_the_project)
    app.connect("doctree-resolved", theme.both_images)
