"""The class at a glance: a histogram for each task, the mistakes that many have made, what did not fit."""

from collections import Counter

from . import html, sentences
from .html import escaped
from .sheets import plain

MOST = 30  # lines of a list


def page(manifest, rows, results, notes, changes):
    """HTML. rows: of grades.csv.  results: by student, what the grader found.  notes, changes: as in a Report."""
    handed_in = [row for row in rows if row["code"] is not None]
    absent = [row for row in rows if row["remark"] == "handed in nothing"]
    late = [row for row in handed_in if row["days_late"]]
    parts = [f"<h1>{escaped(manifest.id)} {escaped(manifest.title)}: the class</h1>"]
    parts.append(f"<p>{len(handed_in)} have handed in, {len(absent)} have not, {len(late)} were late.</p>")
    figures = [html.histogram(*_of(part, handed_in)) for part in (*manifest.tasks, *manifest.questions)
               if any(row[part.id] is not None for row in handed_in)]  # fmt: skip
    scores = [row["score"] for row in handed_in if row["score"] is not None]
    figures += [html.histogram("All together", scores, manifest.points)] if scores else []
    parts.append(f"<div class=figures>{''.join(figures)}</div>")
    parts += _section("Mistakes that the grader names, and how many have made them", mistakes(results))
    parts += _section("What did not fit", [(note,) for note in notes])
    parts += _section("Handed in nothing", [(row["name"] or row["student"],) for row in absent])
    parts += _section("Late", [(row["name"] or row["student"], f"{row['days_late']} days", row["submitted"])
                               for row in late])  # fmt: skip
    parts += _section("Changed by grading again", [_change(change) for change in changes], most=None)
    return html.page(f"{manifest.id}: the class", "\n".join(parts))


def mistakes(results):
    """Rows (task, sentence, how many students), the most frequent first."""
    count = Counter()
    for found in results.values():
        count.update(sentences.of_results(found))
    return [(task, sentence, number) for (task, sentence), number in sorted(count.items(), key=lambda x: (-x[1], x[0]))]


def _change(change):
    points = f"{plain(change['before'])} \u2192 {plain(change['after'])}"
    points = points if change["before"] != change["after"] else f"{plain(change['after'])}, other sentences"
    return change["student"], change["task"], points, change["why"], change["when"]


def _of(part, rows):
    values = [row[part.id] for row in rows if row[part.id] is not None]
    return f"{part.id} {part.title}", values, part.points


def _section(title, lines, most=MOST):
    if not lines:
        return []
    more = f"<p class=quiet>and {len(lines) - most} more</p>" if most and len(lines) > most else ""
    return [f"<h2>{escaped(title)}</h2>{html.table((), lines[:most])}{more}"]
