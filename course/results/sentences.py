"""What the grader has said, taken apart again: named mistakes, and what went wrong first."""

import re

LOOKS = re.compile(r"^(?P<outputs>.*?): it looks as if (?P<mistake>.+?)(?P<equation> \([^()]*\))?\.$", re.MULTILINE)
LONGEST = 200  # letters of a remark


def mistakes(text):
    """The mistakes that a test's text names, without outputs and equation."""
    return [match["mistake"] for match in LOOKS.finditer(text)]


def of_results(results):
    """The mistakes of a student: {(task, mistake)}."""
    return {(test["number"], mistake) for test in results["tests"] for mistake in mistakes(test["output"])}


def remark(results):
    """What went wrong first, in one line: a mistake by its name, where the grader knows it; or nothing."""
    for test in results["tests"]:
        if test["status"] == "failed":
            named = mistakes(test["output"])
            text = f"it looks as if {named[0]}" if named else " ".join(test["output"].split())
            return f"{test['number']}: {text}"[:LONGEST]
    return ""


def split(text):
    """A test's text as (the lines that name a mistake, all others)."""
    lines = text.strip().splitlines()
    named = [line for line in lines if LOOKS.fullmatch(line)]
    return named, [line for line in lines if line not in named]
