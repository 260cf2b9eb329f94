"""The page that a student gets back: points, what is wrong and where, marks and comment of the written part."""

from . import html, sentences, table
from .html import Raw, escaped
from .sheets import plain


def page(manifest, row, results):
    """HTML. row: the student's cells of grades.csv.  results: what the grader found, None where nothing came."""
    name = row["name"] or row["student"]
    parts = [f"<h1>{escaped(manifest.id)} {escaped(manifest.title)}</h1>", f"<p>{escaped(name)}</p>", _score(row)]
    parts += [f"<p class=quiet>{escaped(text)}</p>" for text in _time(row)]
    if row[table.COMMENT]:
        parts.append(f"<h2>Comment</h2><div class=said>{escaped(row[table.COMMENT])}</div>")
    parts.append(_table(manifest, row))
    for task in manifest.tasks if results else ():
        tests = [test for test in results["tests"] if test.get("number") == task.id]
        parts.append(f"<h2>{escaped(task.id)} {escaped(task.title)}</h2>")
        failed = [test["output"] for test in tests if test["status"] == "failed" and test["visibility"] == "visible"]
        parts += [_test(test, folded=bool(failed) and test["visibility"] != "visible") for test in tests]
    parts.append(
        "<p class=quiet>Points come from the hidden tests, which ask the same as the visible ones, with other sizes "
        "and numbers. A line on what it looks as if is a guess from your numbers, to begin with.</p>"
    )
    return html.page(f"{manifest.id}: {name}", "\n".join(parts))


def summary(manifest, row):
    """One line of text for the LMS: points of each part, and the comment."""
    parts = [f"{part.id} {plain(row[part.id])} of {part.points}" for part in (*manifest.tasks, *manifest.questions)
             if row[part.id] is not None]  # fmt: skip
    if row[table.ADJUSTMENT]:
        parts.append(f"adjustment {plain(row[table.ADJUSTMENT])}")
    return f"{manifest.id}: {', '.join(parts)}." + (f" {row[table.COMMENT]}" if row[table.COMMENT] else "")


def _score(row):
    if row["score"] is not None:
        return f"<p class=big>{plain(row['score'])} of 100 points</p>"
    if row["code"] is None:
        return "<p class=big>Nothing was handed in.</p>"
    return f"<p class=big>{plain(row['code'])} points for the code; the written part is not marked yet</p>"


def _time(row):
    late = row["days_late"]
    if row["submitted"]:
        yield f"Handed in {row['submitted']}" + (f", {late} days late" if late else "") + "."
    elif late == "late":
        yield "Handed in late."


def _table(manifest, row):
    rows = [(f"{part.id} {part.title}", _earned(row[part.id]), part.points)
            for part in (*manifest.tasks, *manifest.questions)]  # fmt: skip
    if row[table.ADJUSTMENT]:
        rows.append(("adjustment", plain(row[table.ADJUSTMENT]), ""))
    return html.table(("", "points", "of"), rows, numbers=(1, 2))


def _earned(points):
    return plain(points) if points is not None else Raw("&ndash;")


def _test(test, folded):
    """One group of tests: what it is, whether it passed, what is wrong; a mistake that has a name stands first.

    folded: what is wrong is shown when it is asked for.
    """
    passed = test["status"] == "passed"
    what = test["name"].partition(": ")[2] or test["name"]
    points = f", {plain(test['score'])} of {plain(test['max_score'])} points" if test["max_score"] else ""
    mark = "<span class=good>&#10003; passed</span>" if passed else "<span class=bad>&#10007; not right</span>"
    head = f"<h3>{escaped(what)}: {mark}{escaped(points)}</h3>"
    if passed:
        return head
    named, lines = sentences.split(test["output"])
    told = "".join(f"<p><b>{escaped(line)}</b></p>" for line in named)
    said = f"<div class=said>{escaped(chr(10).join(lines))}</div>" if lines else ""
    return head + told + (f"<details><summary>what is wrong</summary>{said}</details>" if folded and said else said)
