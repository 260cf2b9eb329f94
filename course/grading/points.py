"""How many points a task brings: tests weighed by what they teach, and what a single known mistake costs.

Every driver of a task has its share of the points (`shares` in the manifest, all alike without it), every output its
weight. One mistake spreads through a backward pass and may leave no number right, while another one shows in a single
corner. So where all that is wrong is what planted bugs give, to rounding and in all hidden tests, each of them costs
what it spoils, but at least LEAST and at most MOST of the task; a few cost the whole, and their entries say why.
"""

from ..drivers import DRIVERS
from . import diagnosis, verdict

LEAST, MOST = 0.2, 0.6  # of a task, what a single mistake costs


def worth(task):
    """The points of each driver's hidden tests, {driver: points}; together they are the task's."""
    shares = {name: task.shares.get(name, 1) for name in task.drivers}
    total, left, found = sum(shares.values()), task.points, {}
    for name, share in shares.items():
        last = len(found) + 1 == len(shares)
        found[name] = round(left, 2) if last else round(task.points * share / total, 2)
        left -= found[name]
    return found


def lost(task, tried):
    """Which part of each driver's points an attempt loses, {driver: 0 to 1}, and a sentence on known mistakes."""
    parts = {name: [] for name in task.drivers}
    for n, (driver, kind, _, _) in enumerate(tried.tests):
        if kind == "hidden":
            parts[driver.name].append(1 - tried.share(n))
    parts = _of_earlier(task, {name: sum(shares) / len(shares) for name, shares in parts.items()})
    spoiled = _of_task(task, parts)
    if not spoiled or tried.missing:
        return parts, ""
    costs = [cost for cost in _explained(task, tried) if cost]
    if not costs:
        return parts, ""
    part = min(1, sum(costs))
    mistakes = "one known mistake is" if len(costs) == 1 else f"{len(costs)} known mistakes are"
    why = f"{mistakes[0].upper()}{mistakes[1:]} all that is wrong in this task: {100 * part:.0f} % of its points"
    return _scaled(task, parts, part / spoiled), why


def cost(bug, task, answers, right):
    """Which part of a task a planted bug costs that gives these answers to its tests; right: what is right, alike."""
    spoiled = {name: _spoiled(DRIVERS[name], answers[name], right[name]) for name in task.drivers}
    part = _of_task(task, _of_earlier(task, spoiled))
    return part if bug.whole or not part else min(max(part, LEAST), MOST)


def _spoiled(driver, outputs, right):
    kept = 0
    for mine, other in zip(outputs, right, strict=True):
        found = mine if isinstance(mine, dict) else {}
        kept += verdict.share(
            driver, {name: diagnosis.matches(found.get(name), value) for name, value in other.items()}
        )
    return 1 - kept / len(right)


def _of_earlier(task, parts):
    """The same, where what an earlier assignment's solution passes, too, counts as far as the rest does."""
    of = worth(task)
    new = {name: part for name, part in parts.items() if name not in task.earlier}
    rest = sum(of[name] * part for name, part in new.items()) / sum(of[name] for name in new)
    return {name: part if name in new else 1 - (1 - part) * (1 - rest) for name, part in parts.items()}


def _of_task(task, parts):
    """The part of a task's points that these parts of its drivers' make."""
    of = worth(task)
    return sum(of[name] * part for name, part in parts.items()) / task.points


def _scaled(task, parts, factor):
    """Parts of the drivers' points times a factor; what does not fit into one driver goes to the others."""
    parts, of = {name: part * factor for name, part in parts.items()}, worth(task)
    over = sum(of[name] * max(0, part - 1) for name, part in parts.items())
    parts = {name: min(1, part) for name, part in parts.items()}
    room = sum(of[name] * (1 - part) for name, part in parts.items())
    return {name: min(1, part + (1 - part) * over / room) if over else part for name, part in parts.items()}


def _explained(task, tried):
    """What each of the planted bugs costs that together give all that is wrong in the hidden tests; [] without any."""
    bugs = [bug for bug, _ in diagnosis.resembles(task.functions, tried.of("visible"))]
    inputs, right = {}, {}
    for driver, kind, given, outputs in tried.tests:
        if kind == "hidden":
            inputs.setdefault(driver.name, []).append(given)
            right.setdefault(driver.name, []).append(outputs)
    found = [diagnosis.with_bug(bug, inputs) for bug in bugs]
    for name, mine in tried.of("hidden").items():
        for n, outputs in enumerate(mine):
            if not _gives(outputs, right[name][n], [answers[name][n] for answers in found]):
                return []
    return [cost(bug, task, answers, right) for bug, answers in zip(bugs, found, strict=True)]


def _gives(mine, right, theirs):
    """Is each wrong output of mine that of one of theirs, and each right one right in all of theirs?"""
    if isinstance(mine, str):  # where Python stops a planted bug, it stops a student's with words of its own
        return mine in theirs or (None in theirs and _by_python(mine))
    if not all(isinstance(outputs, dict) for outputs in theirs):
        return False
    for name, value in right.items():
        others = [outputs.get(name) for outputs in theirs]
        if diagnosis.matches(mine.get(name), value):
            if not all(diagnosis.matches(other, value) for other in others):
                return False
        elif not any(diagnosis.matches(mine.get(name), other) for other in others):
            return False
    return True


def _by_python(sentence):
    """Does it begin with the name of an error, as in "IndexError: ..."?"""
    return sentence.partition(":")[0].endswith("Error")
