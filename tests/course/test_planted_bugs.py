"""The gradient checks are themselves checked: each planted bug must make them fail.

A bug is one changed line of the hand-derived code, from the table in course/bugs/. The changed package is loaded
under a name of its own and its gradients are compared with the complex step; a suite that let one of these pass would
prove nothing. Here are the first few bugs of every function; `make mutants` puts all of them to the tests.
"""

from collections import Counter

import pytest

from course.bugs import mutants
from course.bugs.mutation import NETWORKS, wrong_gradients

FIRST = 2


def bugs():
    """The bugs that gradients show: of every function the first few, and all that no student writes."""
    seen = Counter()
    for bug in mutants.load():
        if bug.network:
            seen[bug.qualified] += 1
            if seen[bug.qualified] <= FIRST or not bug.student:
                yield bug


@pytest.mark.parametrize("kind", [*NETWORKS, "ST-LSTM"])
def test_without_a_bug_the_gradients_hold(kind):
    with mutants.planted() as package:
        assert wrong_gradients(package, kind) == []


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("bug", list(bugs()), ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught(bug):
    with mutants.planted(bug) as package:
        try:
            wrong = wrong_gradients(package, bug.network)
        except (ValueError, KeyError, TypeError, IndexError):
            return
        assert wrong, f"not caught: {bug.sentence}"
