"""Runs the visible tests and packs what is handed in: `make test`, `make submit`; examine.py looks at one task."""

import json
import re
import sys
import zipfile

from . import pack
from .examine import HERE, about, examine


def check(*ids):
    """Test the tasks of these ids, all without any; prints what is found, and says whether all is right."""
    chosen = _chosen(ids)
    if not chosen:
        return False
    results = [(task, examine(task)) for task in chosen]
    for task, found in results:
        print(f"{task['id']}  {task['title']}, {task['points']} points: {found['verdict']}")
        for line in found["lines"]:
            print(f"    {line}")
    right = sum(found["status"] == "right" for _, found in results)
    if len(results) > 1:
        print(f"\n{right} of {len(results)} tasks pass. The hidden tests ask the same with other sizes and numbers.")
    for note in pack.notes(about()["files"]):
        print(f"note: {note}")
    return right == len(results)


def submit():
    """Pack the files that are handed in; says what is not done yet."""
    description = about()
    student = re.sub(r"[^\w.@+-]+", "_", description["student"] or "")
    path = HERE / f"{'-'.join(filter(None, (description['assignment'], student)))}-submission.zip"
    files = [*description["files"], "answers.md", "assignment.json"]
    missing = [file for file in files if not (HERE / file).is_file()]
    files += [*pack.helpers(description["files"]), *pack.figures()]
    if missing:
        print(f"{missing[0]} is missing; put it back, from a fresh copy of the assignment if need be")
        return 2
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(HERE / file, file)
    for task in description["tasks"]:
        found = examine(task)
        if found["status"] != "right":
            print(f"note: {task['id']} {found['verdict']}")
    for note in pack.notes(description["files"]):
        print(f"note: {note}")
    for note in pack.unanswered(description["questions"]):
        print(f"note: {note}")
    print(f"{path.name} is what you hand in")
    return 0


def as_json(ids):
    """What is found, for programs."""
    print(json.dumps({task["id"]: examine(task) for task in _chosen(ids)}))
    return 0


def _chosen(ids):
    """The tasks of these ids, in capital letters or not; all of them for the assignment's own."""
    description = about()
    tasks, wanted = description["tasks"], [id.upper() for id in ids]
    for id in wanted:
        if id in map(str.upper, description["questions"]):
            print(f"{id} is answered in writing, in answers.md; nothing tests it", file=sys.stderr)
            return []
        if id not in (description["assignment"], *(task["id"] for task in tasks)):
            known = ", ".join(task["id"] for task in tasks)
            print(f"there is no task {id}; the tasks are {known}, and {description['assignment']} is all of them",
                  file=sys.stderr)  # fmt: skip
            return []
    return [task for task in tasks if not wanted or task["id"] in wanted or description["assignment"] in wanted]
