"""Formulas in any language: the same operators on the same quantities, whatever these are called and whoever reads it.

Python's syntax tells nothing of a shader, a page's script, a kernel in a string or a comment. But `dc * (new - past)`
looks the same in all of them: a row of names, numbers and operators. Names are numbered in the order of their first
use, and what languages say differently is left out.
"""

import ast
import re

SHORTEST, LONGEST = 7, 80  # tokens of a formula that says something, and of what is looked at
OPERATORS = 3  # of such a formula, at least
COMMONPLACE = 2  # names of such a formula, at least: with one it is found anywhere
_TOKEN = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*|\d+\.?\d*|\*\*|//|[-+*/@()\[\],]|\S")
_OF_MODULES = re.compile(r"^(?:xp|np|numpy|Math|math|self|this)\.")
_CALLS = {"exp", "log", "sqrt", "tanh", "abs", "min", "max"}


def tokens(text):
    """Names, numbers and signs of a text, in order; a name without the module before it, 1.0 as 1."""
    found = (_OF_MODULES.sub("", token) for token in _TOKEN.findall(text))
    return [token.removesuffix(".0").removesuffix(".") if token[0].isdigit() else token for token in found]


def canonical(row):
    """A row of tokens with its names numbered, "0" to "9" and on after a dollar; calls of known functions stay."""
    numbers, made = {}, []
    for token in row:
        named = token[0].isalpha() or token[0] == "_"
        made.append(f"${numbers.setdefault(token, len(numbers))}" if named and token not in _CALLS else token)
    return tuple(made)


def formulas(node):
    """The formulas of a piece of syntax that say something: rows as `canonical` makes them."""
    found = set()
    for part in ast.walk(node):
        if isinstance(part, ast.BinOp):
            row = canonical(tokens(ast.unparse(part)))
            names = {token for token in row if token[0] == "$"}
            operators = sum(token in ("+", "-", "*", "/", "@") for token in row)
            if SHORTEST <= len(row) <= LONGEST and operators >= OPERATORS and len(names) >= COMMONPLACE:
                found.add(row)
    return found


def places(text, known):
    """Where formulas of `known` (a dict of rows) stand in a text: pairs (row, the words there)."""
    row, lengths = tokens(text), sorted({len(formula) for formula in known})
    for start, token in enumerate(row):
        if not lengths or not (token[0].isalnum() or token[0] in "_("):
            continue
        window = canonical(row[start : start + lengths[-1]])
        for length in lengths:
            if window[:length] in known:
                yield window[:length], " ".join(row[start : start + length])
