"""The page of hand-ins that resemble each other: scores, then each pair side by side with what the grader has found.

It claims nothing. What says more than a score is a mistake that two have made alike, and that stands in bold.
"""

from pathlib import Path

from gca_scratch.support.errors import InputError

from ..grading import grade_all, reading
from . import collect, html, sentences, similarity
from .handin import file_name
from .html import Raw, escaped
from .sheets import plain

SIDE_BY_SIDE = 60  # pairs; the rest stands in the table alone
LISTED = 500


def write(folder, manifest, out, also=(), grades=None, least=0.75):
    """Compare the hand-ins of a folder, and write the page; returns the pairs.

    also: folders of other years or groups: each hand-in of the class is compared with theirs, too, and with the public
    solution.  grades: grades.csv of `grade-all`; without it nothing stands beside the pairs.
    """
    authors, notes = [similarity.solution(manifest)], []
    for place, group in ((folder, ""), *((other, str(other)) for other in also)):
        handins, _ = collect.collect(place)
        for handin in handins:
            texts = _texts(handin, manifest)
            authors.append(similarity.Written(handin.student, group, similarity.written(texts, manifest)))
    found = similarity.pairs(authors, least)
    small = [author.student for author in authors
             if len(similarity.fingerprint(author).filtered_code) < similarity.LEAST]  # fmt: skip
    if small:
        notes.append(f"too little to compare: {', '.join(sorted(small))}")
    diagnoses = {_whose(author): _diagnosis(grades, author) for author in authors} if grades else {}
    html.write(Path(out), page(manifest, found, diagnoses, notes, least, len(authors)))
    return found


def page(manifest, pairs, diagnoses, notes, least, count):
    """HTML. diagnoses: by group and student, {task: (points, sentences)}."""
    parts = [
        f"<h1>{escaped(manifest.id)} {escaped(manifest.title)}: what resembles what</h1>",
        f"<p>{count} texts, the public solution among them, were compared by copydetect; these {len(pairs)} pairs "
        f"reach {least:g}. What was handed out is left out, and names and comments do not count.</p>",
        "<p><b>A score is a reason to read two hand-ins, never a verdict</b>: a short function has few right forms, "
        "and who has learned together writes alike. A mistake of both, in bold, says more than the score.</p>",
    ]
    parts += [f"<p class=quiet>{escaped(note)}</p>" for note in notes]
    rows = []
    for n, pair in enumerate(pairs[:LISTED]):
        shared = sorted(_sentences(diagnoses, pair.first) & _sentences(diagnoses, pair.second))
        score = f"{pair.score:.2f}"
        link = Raw(f"<a href='#pair-{n}'>{score}</a>") if n < SIDE_BY_SIDE else score
        alike = Raw("<br>".join(f"<b>{escaped(sentence)}</b>" for sentence in shared))
        rows.append((link, _who(pair.first), _who(pair.second), alike))
    parts.append(html.table(("score", "", "", "mistakes of both"), rows, numbers=(0,)))
    if len(pairs) > LISTED:
        parts.append(f"<p class=quiet>and {len(pairs) - LISTED} more, with lower scores</p>")
    for n, pair in enumerate(pairs[:SIDE_BY_SIDE]):
        parts.append(f"<h2 id=pair-{n}>{escaped(_who(pair.first))} and {escaped(_who(pair.second))}: "
                     f"{pair.score:.2f}</h2><div class=pair>")  # fmt: skip
        both = pair.first, pair.second
        for author, places, other in zip(both, pair.places, both[::-1], strict=True):
            parts.append(f"<div><h3>{escaped(_who(author))}</h3>{_told(diagnoses, author, other)}"
                         f"<pre>{_marked(author.text, places)}</pre></div>")  # fmt: skip
        parts.append("</div>")
    return html.page(f"{manifest.id}: what resembles what", "\n".join(parts))


def _texts(handin, manifest):
    try:
        return reading.read(handin.paths, manifest.files, handin.names)[0]
    except InputError:
        return {}


def _who(author):
    return author.student if author.group in ("", similarity.SOLUTION) else f"{author.student} ({author.group})"


def _diagnosis(grades, author):
    """What the grader has found of one of the class: {task: (points, sentences)}."""
    if author.group:
        return {}
    results = grade_all.stored(Path(grades).with_suffix("") / "results" / f"{file_name(author.student)}.json")
    found = {}
    for test in results["tests"] if results else ():
        points, said = found.get(test["number"], (0, []))
        found[test["number"]] = points + test["score"], [*said, *sentences.mistakes(test["output"])]
    return found


def _whose(author):
    """Another year may have somebody of the same name."""
    return author.group, author.student


def _sentences(diagnoses, author):
    found = diagnoses.get(_whose(author), {})
    return {f"{task}: {said}" for task, (_, mistakes) in found.items() for said in mistakes}


def _told(diagnoses, author, other):
    """Points and mistakes of one author; those that the other has made, too, in bold."""
    lines, theirs = [], _sentences(diagnoses, other)
    for task, (points, mistakes) in diagnoses.get(_whose(author), {}).items():
        said = [f"<b>{escaped(s)}</b>" if f"{task}: {s}" in theirs else escaped(s) for s in dict.fromkeys(mistakes)]
        lines.append(f"{escaped(task)}: {plain(points)} points" + (f"; {'; '.join(said)}" if said else ""))
    return f"<p class=quiet>{'<br>'.join(lines)}</p>" if lines else ""


def _marked(text, places):
    """The text as HTML, with what stands in the other one, too, marked."""
    parts, last = [], 0
    for start, end in sorted(places):
        start, end = max(start, last), min(end, len(text))
        if start < end:
            parts += [escaped(text[last:start]), f"<mark>{escaped(text[start:end])}</mark>"]
            last = end
    return "".join([*parts, escaped(text[last:])])
