"""Pages of the functions, room by room in the order of map.md: the mathematics first, whole summaries, named fields."""

import dataclasses
import importlib
import inspect
import pkgutil
import re
import shutil
from pathlib import Path

HERE = Path(__file__).parent
FIRST = ("plain", "network", "variants")  # what the project is about; then whoever calls it from outside
NAMES = re.compile(r"^(\w+(?:, \w+)*): (.*)$", re.MULTILINE)  # of fields, in a docstring: "x, y: what they hold"
ROOM = re.compile(r"^## `gca_scratch/(\w*)/?`(?:, `gca_scratch/(\w+)/`)?:? ?(.*)\n((?:(?!^## ).*\n)*)", re.MULTILINE)
FILE = re.compile(r"`([\w/]+)\.py`")


def modules():
    """Names of all modules of the package that are no package, in the alphabet."""
    package = importlib.import_module("gca_scratch")
    found = pkgutil.walk_packages(package.__path__, "gca_scratch.")
    return [module.name for module in found if not module.ispkg and not module.name.endswith("__main__")]


def rooms(text, everything):
    """Pairs (heading, names of its modules in reading order) from the text of map.md; every module is in one."""
    waiting, found = list(everything), []
    for one, other, title, body in ROOM.findall(text):
        folders = [folder for folder in (one, other) if folder]
        order = [name.replace("/", ".") for name in FILE.findall(body)]

        def place(module, order=order):
            return next((k for k, name in enumerate(order) if module.endswith(f".{name}")), len(order))

        inside = [m for m in waiting if (m.split(".")[1] in folders if folders else m.count(".") == 1)]
        waiting = [m for m in waiting if m not in inside]
        heading = " and ".join(folders) if folders else "use it"
        if not folders:
            found.append(("the network on one page", ["gca_scratch.plain"]))
            inside.remove("gca_scratch.plain")
        found.append((f"{heading}: {title}" if title else heading, sorted(inside, key=place)))
    if waiting:
        raise ValueError(f"docs/map.md has no room for {', '.join(waiting)}")
    rank = {name: k for k, name in enumerate(FIRST)}
    rank["the network on one page"] = -1
    return sorted(found, key=lambda room: rank.get(room[0].split(":")[0], len(FIRST) + ("support" in room[0])))


def summary(thing):
    """The whole first paragraph of a docstring, in one line."""
    return " ".join((inspect.getdoc(thing) or "").partition("\n\n")[0].split())


def write_pages(app):
    """docs/api/: a page for each module, and rooms.md, which api.md includes."""
    folder = HERE / "api"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    lines = []
    for heading, inside in rooms((HERE / "map.md").read_text("utf-8"), modules()):
        lines += ["", f"## {heading[0].upper()}{heading[1:]}", "", "| file | what it holds |", "| --- | --- |"]
        for name in inside:
            module = importlib.import_module(name)
            short = name.removeprefix("gca_scratch.")
            what = summary(module).replace("|", "\\|")
            lines.append(f"| [{short}](api/{name}.rst) | {what} |")
            page = f"{short}\n{'=' * len(short)}\n\n.. automodule:: {name}\n"
            (folder / f"{name}.rst").write_text(page, "utf-8")
        lines += ["", "```{toctree}", ":hidden:", "", *(f"api/{name}" for name in inside), "```"]
    (folder / "rooms.md").write_text("\n".join(lines) + "\n", "utf-8")


def members(module):
    """Public functions and classes that a module defines, in the order of its lines."""
    own = [
        thing
        for name, thing in vars(module).items()
        if not name.startswith("_") and getattr(thing, "__module__", "") == module.__name__
        if inspect.isroutine(inspect.unwrap(thing)) or inspect.isclass(thing)
    ]
    return [thing for thing in own if hasattr(thing, "__qualname__")]


def contents(module):
    """Lines of reStructuredText: what a module defines, each with its whole summary, and a link to all of its lines."""
    found = members(module)
    lines = []
    for thing in found if len(found) > 1 else []:
        name = f"{module.__name__}.{thing.__qualname__}"
        lines.append(f"* :py:obj:`{thing.__qualname__} <{name}>`: {as_text(summary(thing))}")
    if found:
        where = module.__name__.replace(".", "/")
        lines += ["", f"`Source of the whole file <../_modules/{where}.html>`__"]
    return [*lines, ""]


def as_text(paragraph):
    """A paragraph as reStructuredText: `name` is code, and nothing else has a meaning."""
    parts = re.split(r"`([^`]+)`(?=\W|$)", paragraph)
    return "".join(f"``{part}``" if odd % 2 else re.sub(r"([*|_\\`])", r"\\\1", part) for odd, part in enumerate(parts))


def field_names(cls):
    """Names of the fields of a NamedTuple or a dataclass; none of any other class."""
    if dataclasses.is_dataclass(cls):
        return [field.name for field in dataclasses.fields(cls)]
    return list(getattr(cls, "_fields", ()))


def fields(cls):
    """Lines of reStructuredText: each field with its type and the comment behind it, where the docstring is silent."""
    if not field_names(cls) or cls.__doc__.startswith(f"{cls.__name__}("):  # made by the class itself, of its fields
        return []
    told = {name for names, _ in NAMES.findall(inspect.getdoc(cls) or "") for name in names.split(", ")}
    source, lines = inspect.getsource(cls).replace(cls.__doc__ or " ", " "), []
    for name in field_names(cls):
        written = re.search(rf"^    {name}: ([^#=\n]+?)(?: = [^#\n]+?)?(?:  # (.*))?$", source, re.MULTILINE)
        if not written:  # of a class that this one extends
            continue
        kind, comment = written.groups()
        said = f": {as_text(comment)}" if comment and name not in told else ""
        lines.append(f"* **{name}** (``{kind.strip()}``){said}")
    return ["Fields:", "", *lines, ""] if lines else []


def of_another_place(app, what, name, obj, skip, options):
    """Is it a field, which stands in the list of its class, or does another page have it? Then it is skipped."""
    module, path = app.env.temp_data.get("autodoc:module"), app.env.temp_data.get("autodoc:class")
    if what == "module":
        return True if inspect.isroutine(obj) and obj.__module__ != module else None
    cls = getattr(importlib.import_module(module), path, None) if module and path else None
    of_class = name in field_names(cls) if inspect.isclass(cls) else False
    return True if of_class or (getattr(obj, "__doc__", "") or "").startswith("Alias for field number") else None
