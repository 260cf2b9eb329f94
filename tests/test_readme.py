"""The README and the map of the code: the examples run, and every file of the package has its line."""

import re
from pathlib import Path

import pytest

from gca_scratch import __version__

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "gca_scratch"
README = (ROOT / "README.md").read_text("utf-8")
MAP = (ROOT / "docs" / "map.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```python\n(.*?)^```", README, re.M | re.S)
AT_THE_TOP = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md"]
PAGES = [*AT_THE_TOP, *sorted(f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md"))]
READING_ORDER = re.findall(r"^\| \[[\w./]+\]\((\S+\.py)\) \|.*\| (\d+) \|$", README, re.M)


def test_the_readme_is_for_somebody_who_has_a_minute():
    assert len(README.split()) < 700


@pytest.mark.parametrize("example", EXAMPLES, ids=("train", "check"))
def test_the_readmes_examples_run_as_they_stand(example, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    exec(compile(example, "README.md", "exec"), {"__name__": "__main__"})
    printed = capsys.readouterr().out
    if " is " in printed:
        nudged, gradient = map(float, printed.split(" is "))
        assert gradient != 0 and abs(nudged - gradient) < 1e-5 * abs(gradient) + 1e-9
    else:
        assert float(printed.split()[-1]) > 0.5  # the joint that acts is found
    assert not list(tmp_path.iterdir())


def test_nine_files_to_read_and_how_long_each_is():
    assert len(READING_ORDER) == 9
    for name, lines in READING_ORDER:
        assert abs(len((ROOT / name).read_text("utf-8").splitlines()) - int(lines)) <= 0.1 * int(lines), name


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s#]+)[^)]*\)", text):
        made = target.startswith("_static/")  # by make docs
        if not made and "://" not in target:
            assert (ROOT / page).parent.joinpath(target).exists(), target


@pytest.mark.parametrize("page", PAGES)
def test_what_the_pages_import_is_there(page):
    for example in re.findall(r"^```python\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.M | re.S):
        imports = [line for line in example.splitlines() if re.match(r"(from|import) .*\w$", line)]
        exec("\n".join(imports), {})


def sections():
    """The parts of the map, by package: the names of files and folders in each."""
    for heading, body in re.findall(r"^## (.*`gca_scratch/.*)\n((?:(?!^## ).*\n)*)", MAP, re.M):
        packages = [PACKAGE / folder for folder in re.findall(r"`gca_scratch/([\w/]*)`", heading)]
        yield packages, {name.rpartition("/")[2] or name for name in re.findall(r"`([\w/]+(?:\.py|/))`", body)}


def test_every_file_of_the_package_is_on_the_map():
    mapped = {package: names for packages, names in sections() for package in packages}
    missing = []
    for path in PACKAGE.rglob("*.py"):
        inside = path.relative_to(PACKAGE)
        names = mapped.get(PACKAGE / inside.parts[0] if len(inside.parts) > 1 else PACKAGE, set())
        folders = {f"{folder}/" for folder in inside.parts[1:-1]}
        if not path.name.startswith("__") and not names & {path.name, *folders}:
            missing.append(str(inside))
    assert not missing, f"no line in docs/map.md for {', '.join(missing)}"


def test_every_file_on_the_map_is_there():
    for packages, names in sections():
        there = {path.name + "/" * path.is_dir() for package in packages for path in package.rglob("*")}
        assert names <= there, names - there


def test_the_citation_names_this_version_and_the_paper():
    yaml = pytest.importorskip("yaml")
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == __version__ and citation["cff-version"] == "1.2.0" and citation["authors"]
    (paper,) = citation["references"]
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    assert paper["title"].replace("LSTM", "{LSTM}") in index and paper["doi"] in index


def test_the_way_of_a_change_fits_on_a_screen():
    text = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
    assert len(text.splitlines()) <= 50 and len(text.split()) < 600
    commands = set(re.findall(r"make ([a-z-]+)", text)) | {"test", "docs"}
    makefiles = "".join((ROOT / name).read_text("utf-8") for name in ("Makefile", "maintain.mk"))
    assert commands <= set(re.findall(r"^([a-z-]+):", makefiles, re.M))
