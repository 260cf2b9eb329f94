"""The texts of a student's folder, from the manifest: README, notebook, the sheet for written answers."""

import json
from pathlib import Path

TEMPLATE = Path(__file__).parent / "student" / "README.md"
CONVENTIONS = """\
- *Equation numbers*, here and in messages, are those of the paper: Liu et al., "Skeleton-Based Human Action Recognition
  with Global Context-Aware Attention LSTM Networks", IEEE Transactions on Image Processing, 2018.
- *NumPy*: the same files run on a GPU, and so most of them do not say `np`. Write `xp = array_module(a)`, where `a` is
  an array that you were handed, and then `xp.concatenate(...)`; or add `import numpy as np` at the top. Both are fine.
- *Arguments* are the caller's: a function that writes into one of them (`q += ...`) does not pass, unless its text asks
  for that. Work on a copy, `q = q + ...`. Results are arrays, not lists.
- *Helpers* of your own, in these files or in files beside them, are handed in with what uses them. NumPy and Python's
  own library are there when you are graded, nothing else; `make submit` says so where it matters.
- `workspace=FRESH`, where you meet it, is memory that fast code uses again: leave it alone. `rows(x)` of `ops.py`
  makes a matrix of an array with more axes. A class `Cache` names what our functions keep; yours may keep anything.\
"""
COMMANDS = """

`python -m gca_scratch` has these commands here: {names}."""
PROVED = {  # by the manifest's `prove`: what `make prove` proves beside single functions
    "": "",
    "stream": ", and everything above the first layer as a whole",
    "networks": ", and whole networks",
}
GIVEN = """

You may begin with what lies beside the package: {names}."""


def readme(manifest, student):
    """README.md."""
    commands = [Path(file).stem for file in manifest.modules if file.startswith("gca_scratch/commands/")]
    files = [f"`{file}`" for file in manifest.files]
    return TEMPLATE.read_text("utf-8").format(
        id=manifest.id,
        title=manifest.title,
        for_whom=f"For {student}. " if student else "",
        points=manifest.points,
        hours=manifest.hours,
        text=manifest.text.strip(),
        needs="".join(f"\n- {need}" for need in manifest.needs),
        goals="".join(f"\n- {goal}" for goal in manifest.goals),
        first=manifest.tasks[0].id,
        files=", ".join(files),
        conventions=CONVENTIONS,
        commands=COMMANDS.format(names=", ".join(f"`{name}`" for name in commands)) if commands else "",
        proved=PROVED[manifest.prove],
        given=GIVEN.format(names=", ".join(f"`{name}`" for name in manifest.given)) if manifest.given else "",
        table="\n".join(
            [f"| {task.id} {task.title} | {task.points} | {_names(task)} |" for task in manifest.tasks]
            + [
                f"| {question.id} {question.title} | {question.points} | in writing |"
                for question in manifest.questions
            ]
        ),
    )


def answers(manifest, student):
    """answers.md, where the written answers belong."""
    parts = [
        f"# {manifest.id}: answers\n\nName: {student or ''}\n\nWrite below each question. Formulas may be in LaTeX. "
        "A picture that is named here, `![loss](figures/loss.png)`, is packed by `make submit`. Say which help you "
        "had, of people and of programs.\n"
    ]
    for question in manifest.questions:
        parts.append(f"## {question.id} {question.title} ({question.points} points)\n\n{question.text.strip()}\n")
        parts.append("**Answer:**\n\n\n")
    return "\n".join(parts)


def description(manifest, student):
    """What the checks and the grader read of an assignment: no text, no solution."""
    tasks = [
        {
            "id": task.id,
            "title": task.title,
            "points": task.points,
            "drivers": task.drivers,
            "functions": task.functions,
        }
        for task in manifest.tasks
    ]
    return {
        "assignment": manifest.id,
        "student": student,
        "files": manifest.files,
        "tasks": tasks,
        "questions": [question.id for question in manifest.questions],
        "prove": manifest.prove,
    }


def notebook(manifest, seed):
    """The notebook that leads through the tasks, as text, without outputs."""
    cells = [
        _markdown(f"# {manifest.id}: {manifest.title}\n\n{manifest.text.strip()}"),
        _markdown(
            "You write functions in "
            + " and ".join(f"`{file}`" for file in manifest.files)
            + ", with any editor; this notebook takes up what you save. `check` runs the tests of a task, as "
            "`make test` does.\n\n" + CONVENTIONS
        ),
        _code(
            f"%load_ext autoreload\n%autoreload 2\n\nimport numpy as np\n\nfrom checks import check\n\nseed = {seed}"
        ),
    ]
    for task in manifest.tasks:
        cells.append(
            _markdown(f"## {task.id} {task.title} ({task.points} points)\n\n{_to_write(task)}\n\n{task.text.strip()}")
        )
        if task.try_out:
            cells.append(_code(task.try_out.strip()))
        cells.append(_code(f'check("{task.id}");'))
    if manifest.questions:
        cells.append(_markdown("## In writing\n\nThe answers belong into `answers.md`."))
    for question in manifest.questions:
        cells.append(
            _markdown(f"### {question.id} {question.title} ({question.points} points)\n\n{question.text.strip()}")
        )
    cells.append(_markdown("## Done?\n\n`make test` once more, then `make submit` packs what you hand in."))
    cells.append(_code("check();"))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": {"name": "python"}}
    made = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(made, indent=1, ensure_ascii=False) + "\n"


def _names(task):
    return ", ".join(f"`{name.removeprefix('gca_scratch.')}`" for name in task.functions)


def _to_write(task):
    return f"*Write* {_names(task)}."


def _markdown(text):
    return {"cell_type": "markdown", "metadata": {}, "source": text.splitlines(keepends=True)}


def _code(text):
    lines = text.splitlines(keepends=True)
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": [], "source": lines}
