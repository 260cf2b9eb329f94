"""Mutation testing makes the changes that it says it makes, finds the statement of a line, and counts rightly."""

import sys
from pathlib import Path

import pytest

pytest.importorskip("cosmic_ray")
sys.path.append(str(Path(__file__).resolve().parent))

import mutation
import mutation_choice
import mutation_operators
import mutation_table
from cosmic_ray.mutating import mutate_code

EXAMPLES = [(name, n) for name, operator in mutation_operators.OPERATORS.items() for n in range(len(operator.EXAMPLES))]


@pytest.mark.parametrize(("name", "n"), EXAMPLES)
def test_operators_do_what_their_examples_show(name, n):
    operator = mutation_operators.OPERATORS[name]
    example = operator.examples()[n]
    assert mutate_code(example.pre_mutation_code, operator(), example.occurrence) == example.post_mutation_code


def test_what_is_drawn_changes_the_program_and_is_always_the_same():
    chosen, places = mutation.draw(mutation.HERE.parent, "training")
    assert len(chosen) == mutation.SAMPLE < places
    assert mutation.draw(mutation.HERE.parent, "training")[0] == chosen
    for spec in chosen:
        source, new = mutation.changed(mutation.HERE.parent, spec)
        assert new is not None and new != source
    assert len({(spec.module_path, spec.start_pos, spec.operator_name) for spec in chosen}) == mutation.SAMPLE


SOURCE = """LIMIT = (
    1,
    2,
)


@cache
def f(x, y=3):
    \"\"\"What it does.\"\"\"
    if x:
        return [
            y,
            LIMIT,
        ]
    return 0
"""


@pytest.mark.parametrize(
    ("line", "statement"), [(1, (1, 4)), (2, (1, 4)), (7, (7, 15)), (8, (7, 15)), (10, (10, 10)), (13, (11, 14))]
)
def test_the_statement_of_a_line(line, statement):
    assert mutation_choice._statement(SOURCE, line) == statement


def test_the_interval_of_a_share():
    """Wilson (1927): of 100 all, 96.3 % to 100 %; of 10 half, 23.7 % to 76.3 %."""
    assert [round(100 * end, 1) for end in mutation_table.wilson(100, 100)] == [96.3, 100.0]
    assert [round(100 * end, 1) for end in mutation_table.wilson(5, 10)] == [23.7, 76.3]
