"""The gradient checks are themselves checked: each planted bug must make them fail.

A bug is one changed line of the hand-derived code, from the tables in course/bugs/. The changed package is loaded under
a name of its own, and its gradients are compared with the complex step; a check that let one of these pass would prove
nothing. Here a parameter is checked along one random direction, and in the long form entry by entry, as `python -m
gca_scratch gradcheck` does. `make mutants` puts to the tests what no gradient shows, too.
"""

import pytest

from course.bugs import mutants
from course.bugs.mutation import NETWORKS, wrong_gradients, wrong_slopes

BUGS = [bug for bug in mutants.load() if bug.network]
WAYS = [
    pytest.param(wrong_slopes, id="directions"),
    pytest.param(wrong_gradients, id="entries", marks=pytest.mark.long),
]


@pytest.mark.parametrize("check", WAYS)
@pytest.mark.parametrize("kind", NETWORKS)
def test_without_a_bug_the_gradients_hold(kind, check):
    with mutants.planted() as package:
        assert check(package, kind) == []


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("check", WAYS)
@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.name)
def test_a_planted_bug_is_caught(bug, check):
    with mutants.planted(bug) as package:
        try:
            wrong = check(package, bug.network)
        except (ValueError, KeyError, TypeError, IndexError):
            return
        assert wrong, f"not caught: {bug.sentence}"
