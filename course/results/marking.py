"""The sheet to mark the written part by: the rubric of each question, and all answers beside the code's points."""

import base64
import itertools
import re
from urllib.parse import quote

from gca_scratch.support.errors import InputError

from ..grading import reading
from . import html
from .html import escaped
from .sheets import plain

ANSWERS = "answers.md"
PICTURE = re.compile(r"[\w./+-]+\.(?:png|jpe?g|svg)\b", re.I)
KINDS = {"png": "image/png", "jpg": "image/jpeg", "peg": "image/jpeg", "svg": "image/svg+xml"}


def page(manifest, handins, rows, results):
    """HTML. rows: of grades.csv, by student.  results: by student, what the grader found."""
    parts = [
        f"<h1>{escaped(manifest.id)}: the written part</h1>",
        "<p>Marks go into grades.csv, into the column of the question, and a comment into the column comment. Give "
        "<code>grade-all</code> once more then: pages and import files take them up.</p>",
    ]
    answers = {handin.student: answers_of(handin, manifest) for handin in handins}
    for question in manifest.questions:
        parts.append(f"<h2>{escaped(question.id)} {escaped(question.title)} ({question.points} points)</h2>")
        parts.append(f"<details><summary>the question</summary><div class=said>{escaped(question.text.strip())}</div>"
                     f"</details><div class=said>{escaped(question.rubric.strip())}</div>")  # fmt: skip
        for handin in handins:
            parts += _answer(manifest, question, handin, rows[handin.student], results, answers[handin.student])
    return html.page(f"{manifest.id}: the written part", "\n".join(parts))


def answers_of(handin, manifest):
    """What a hand-in answers, {question id: text}; {"": sentence} where there is no sheet of answers."""
    try:
        texts, wrong, _ = reading.read(handin.paths, (ANSWERS,), handin.names)
    except InputError as error:
        return {"": str(error)}
    return split(texts[ANSWERS], [q.id for q in manifest.questions]) if ANSWERS in texts else {"": wrong[ANSWERS]}


def split(text, ids):
    """The answers in a sheet as students get it, {id: text}: what stands below **Answer:** of each question."""
    named = "|".join(map(re.escape, ids)) or "$."
    heads = [(match.start(), match[1]) for match in re.finditer(rf"^#+ *({named})\b.*$", text, re.M)]
    found = {}
    for (start, id), (end, _) in itertools.pairwise([*heads, (len(text), "")]):
        piece = text[start:end].partition("\n")[2]
        before, mark, answer = piece.partition("**Answer:**")
        found[id] = (answer if mark else before).strip()
    return {id: found.get(id, "") for id in ids}


def _answer(manifest, question, handin, row, results, answers):
    code = ", ".join(f"{task.id} {plain(row[task.id])} of {task.points}" for task in manifest.tasks)
    given = row[question.id]
    mark = "not marked yet" if given is None else f"<b>{plain(given)}</b> of {question.points}"
    said = answers[question.id] if "" not in answers else answers[""]
    others = [f'<a href="{quote(path.resolve().as_uri(), safe=":/%")}">{escaped(path.name)}</a>'
              for path in handin.paths if path.suffix.lower() in (".pdf", ".docx", ".html", ".md", ".txt")]  # fmt: skip
    said_html, pictures = escaped(said) or "(no answer)", "".join(_pictures(handin, said))
    yield f"<h3>{escaped(row['name'] or handin.student)}: {mark}</h3>"
    yield f"<div class=quiet>{escaped(code)}. {escaped(row['remark'])}</div>"
    yield f"<div class=said>{said_html}{pictures}</div>" + (f"<p>{', '.join(others)}</p>" if others else "")


def _pictures(handin, said):
    """The pictures that an answer names, within the page."""
    named = PICTURE.findall(said)
    there = reading.pictures(handin.paths, handin.names) if named else {}
    for name in dict.fromkeys(named):
        place = next((place for place in there if f"/{place}".endswith("/" + name.removeprefix("./"))), None)
        if place:
            content = base64.b64encode(there[place]).decode()
            yield f'<p><img alt="{escaped(name)}" src="data:{KINDS[name[-3:].lower()]};base64,{content}"></p>'
