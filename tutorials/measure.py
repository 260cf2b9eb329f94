"""How much is read and seen in each tutorial: `python measure.py [REV]`, as it was at a commit, and as it is.

Words are what stands between blanks in text cells; formulas that have a line of their own are none. The core is what
comes before the exercises and is not folded away. A figure is a cell that draws, and is not folded away.
"""

import argparse
import re
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent
CELL = re.compile(r"^# %%(.*)$", re.MULTILINE)
FORMULA = re.compile(r"\$\$.*?\$\$", re.DOTALL)
FOLDED = re.compile(r"<details>.*?</details>", re.DOTALL)
DRAWS = re.compile(
    r"^(?:figure|drawing|fig|_), .*= plt\.subplots|^(?:display|draw|Dial|charts\.\w+|bodies\.\w+)\(",
    re.MULTILINE,
)
CHECKS = re.compile(r"^\s*(?:assert |np\.testing\.|same\(|holds\()")
COLUMNS = ("words", "of them core", "code lines", "figures", "words before the first", "longest stretch without one",
           "lines of checks")  # fmt: skip


def cells(text):
    """Pairs (options, source) of all cells; options is what stands behind # %%."""
    parts = CELL.split(text)[1:]
    return [
        (options, source.strip("\n"))
        for options, source in zip(parts[::2], parts[1::2], strict=True)
    ]


def words(source, folded=True):
    """The words of a text cell, with what is folded away or without."""
    text = FORMULA.sub(" ", re.sub(r"^# ?", "", source, flags=re.MULTILINE))
    return len((text if folded else FOLDED.sub(" ", text)).split())


def measures(text):
    """One number for each of COLUMNS."""
    found = dict.fromkeys(COLUMNS, 0)
    stretches, in_core = [0], True
    for options, source in cells(text):
        if "[markdown]" in options:
            in_core = in_core and not re.search(
                r"^# ## Exercises", source, re.MULTILINE
            )
            before = source if in_core else source.split("# ## Exercises")[0]
            core = (
                words(before, folded=False)
                if in_core or "# ## Exercises" in source
                else 0
            )
            found["words"] += words(source)
            found["of them core"] += core
            stretches[-1] += core
        else:
            lines = [
                line
                for line in source.splitlines()
                if line.strip() and not line.lstrip().startswith("#")
            ]
            found["code lines"] += len(lines)
            found["lines of checks"] += sum(bool(CHECKS.match(line)) for line in lines)
            if "hide-cell" not in options and DRAWS.search(source):
                found["figures"] += 1
                stretches.append(0)
    found["words before the first"], found["longest stretch without one"] = (
        stretches[0],
        max(stretches),
    )
    return found


def table(revision):
    """Lines of a table: each tutorial, before and after."""
    lines = [
        "| tutorial | " + " | ".join(COLUMNS) + " |",
        "| --- |" + " --- |" * len(COLUMNS),
    ]
    for path in sorted(HERE.glob("[0-9][0-9]_*.py")):
        now, old = measures(path.read_text("utf-8")), None
        if revision:
            shown = subprocess.run(
                ["git", "show", f"{revision}:tutorials/{path.name}"],
                cwd=HERE,
                capture_output=True,
                text=True,
                check=True,
            )
            old = measures(shown.stdout)
        numbers = [
            f"{old[name]} → {now[name]}"
            if old and old[name] != now[name]
            else f"{now[name]}"
            for name in COLUMNS
        ]
        lines.append(f"| {path.stem} | " + " | ".join(numbers) + " |")
    return lines


def main():
    """Print the table, or write the page that holds it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("revision", nargs="?", help="a commit to compare with")
    parser.add_argument("--write", type=Path, help="the page")
    wish = parser.parse_args()
    lines = table(wish.revision)
    if wish.write:
        command = f"Written by `python tutorials/measure.py {wish.revision} --write PAGE`: before, and after."
        head = [
            "# The tutorials in numbers",
            "",
            command,
            __doc__.split("\n\n", 1)[1].strip(),
            "",
        ]
        wish.write.write_text("\n".join([*head, *lines]) + "\n", "utf-8")
    else:
        print("\n".join(lines))


if __name__ == "__main__":
    main()
