"""Small changes of a program that cosmic-ray does not know: a provider of operators, as its plug-ins are.

cosmic-ray changes numbers, comparisons, binary and unary operators, conditions and loops. Here are in-place operators,
matrix products, arguments, dropped statements, elements of literal lists, words, and functions that have an opposite.
A site is a node of parso's tree; `changes(node)` of an operator yields (child to replace, its new text).
"""

import keyword
import re
from itertools import pairwise

import parso
from cosmic_ray.operators.operator import Example, Operator

OPPOSITES = dict(
    pair
    for a, b in (
        ("min", "max"), ("any", "all"), ("argmin", "argmax"), ("mean", "sum"), ("floor", "ceil"), ("zeros", "ones"),
        ("minimum", "maximum"), ("nanmin", "nanmax"), ("nanmean", "nansum"), ("nanmedian", "nanmean"), ("std", "var"),
        ("startswith", "endswith"), ("cumsum", "cumprod"), ("logical_and", "logical_or"), ("isfinite", "isnan"),
        ("sin", "cos"), ("lstrip", "rstrip"), ("append", "remove"), ("upper", "lower"),
    )
    for pair in ((a, b), (b, a))
) | {"sorted": "list", "round": "int", "median": "mean"}  # fmt: skip
IN_PLACE = {"+=": ("-=", "="), "-=": ("+=", "="), "*=": ("/=", "="), "/=": ("*=", "="), "//=": ("/=", "="),
            "|=": ("&=", "="), "&=": ("|=", "="), "@=": ("*=",), "**=": ("*=",), "%=": ("//=",)}  # fmt: skip


def _text(node):
    return node.get_code(include_prefix=False)


def _literal(node):
    """Whether the node is a number or a word, or a bracket with nothing else in it: a fact that somebody typed."""
    if node.type in ("number", "string"):
        return True
    inside = [leaf for leaf in _leaves(node) if leaf.type != "operator"]
    return bool(inside) and all(leaf.type in ("number", "string") for leaf in inside)


def _leaves(node):
    for child in getattr(node, "children", ()):
        yield from _leaves(child) if hasattr(child, "children") else (child,)


class _Changes(Operator):
    """An operator that is the list of its changes: pairs of a part of the node and the text that takes its place."""

    def mutation_positions(self, node):
        for part, _ in self.changes(node):
            yield part.start_pos, part.end_pos

    def mutate(self, node, index):
        part, text = list(self.changes(node))[index]
        new = parso.python.tree.Name(part.get_first_leaf().prefix + text, part.start_pos)  # any text in one leaf
        if part is node:
            return new
        part.parent.children[part.parent.children.index(part)] = new
        return node

    @classmethod
    def examples(cls):
        return cls.EXAMPLES


class InPlace(_Changes):
    """x += y: the opposite operator, and plain assignment."""

    EXAMPLES = (Example("x += y", "x -= y"), Example("x += y", "x = y", 1))

    def changes(self, node):
        if node.type == "operator" and node.parent.type != "augassign":
            for other in IN_PLACE.get(node.value, ()):
                yield node, other


class MatrixProduct(_Changes):
    """a @ b: its factors exchanged, one of them transposed, element by element; a.T: not transposed."""

    EXAMPLES = (Example("a @ b", "(b) @ (a)"), Example("a @ b", "a @ (b).T", 1), Example("a.T", "a", 0))

    def changes(self, node):
        if node.type == "term" and len(node.children) == 3 and node.children[1].value == "@":
            a, _, b = (_text(child) for child in node.children)
            for text in (f"({b}) @ ({a})", f"{a} @ ({b}).T", f"({a}).T @ {b}", f"{a} * {b}"):
                yield node, text
        if node.type == "trailer" and _text(node) == ".T":
            yield node, ""


class Arguments(_Changes):
    """f(a, b, c=d): two neighbours exchanged, the last one or a named one left out."""

    EXAMPLES = (Example("f(a, b)", "f(b, a)"), Example("f(a, b)", "f(a)", 1), Example("f(a, b=c)", "f(a)", 1))

    def changes(self, node):
        if node.type != "arglist" or node.parent.type != "trailer":
            return
        parts = node.children[::2]
        texts = [_text(part) for part in parts]
        plain = [part.type != "argument" for part in parts]

        def call(order):
            return ", ".join(texts[i] for i in order)

        everything = list(range(len(texts)))
        for i in everything[:-1]:
            if plain[i] and plain[i + 1] and texts[i] != texts[i + 1]:
                yield node, call([*everything[:i], i + 1, i, *everything[i + 2 :]])
        for i in everything:
            last = plain[i] and (i == len(texts) - 1 or not plain[i + 1])
            named = parts[i].type == "argument" and parts[i].children[1] == "="
            if last or named:
                yield node, call([*everything[:i], *everything[i + 1 :]])


class DroppedStatement(_Changes):
    """A call whose result nobody takes, an assignment to a part, in place, or of a name for the second time, raise."""

    EXAMPLES = (Example("f(x)\n", "pass\n"), Example("x[0] = y\n", "pass\n"), Example("raise E()\n", "pass\n"))

    def changes(self, node):
        if node.parent is None or node.parent.type not in ("simple_stmt", "suite"):
            return
        called = node.type in ("atom_expr", "power") and _text(node).endswith(")")
        raised = node.type == "raise_stmt" and len(node.children) > 1
        if called or raised or node.type == "del_stmt" or (node.type == "expr_stmt" and self._part_or_again(node)):
            yield node, "pass"

    def _part_or_again(self, node):
        target, operator = node.children[:2]
        if operator.type == "annassign":
            return False
        if operator != "=" or target.type in ("atom_expr", "power"):
            return True
        function = parso.tree.search_ancestor(node, "funcdef")
        names = {name.value for name in node.get_defined_names()}
        if function is None:
            return False
        before = {name.value for parameter in function.get_params() for name in [parameter.name]}
        return names <= before or any(
            other.start_pos < node.start_pos and names <= {name.value for name in other.get_defined_names()}
            for other in _assignments(function)
        )


def _assignments(node):
    for child in getattr(node, "children", ()):
        if child.type == "expr_stmt":
            yield child
        yield from _assignments(child)


class Exchanged(_Changes):
    """(1, 2, 3), {"a": 1, "b": 2}: two literal neighbours exchanged; f(x) for x in a: nothing."""

    EXAMPLES = (Example("x = (1, 2, 3)", "x = (2, 1, 3)"), Example("x = {1: 2, 3: 4}", "x = {1: 4, 3: 2}"))

    def changes(self, node):
        parts = list(getattr(node, "children", ()))
        if node.type == "testlist_comp" and _separated(parts):
            for i in range(0, len(parts) - 2, 2):
                yield from self._pair(node, parts, i, i + 2)
        elif node.type == "dictorsetmaker" and ":" in [part for part in parts if part.type == "operator"]:
            values = [i + 1 for i, part in enumerate(parts) if part == ":"]
            for i, j in pairwise(values):
                yield from self._pair(node, parts, i, j)

    def _pair(self, node, parts, i, j):
        a, b = parts[i], parts[j]
        if _literal(a) and _literal(b) and _text(a) != _text(b):
            between = "".join(part.get_code() for part in parts[i + 1 : j])
            text = "".join(part.get_code() for part in parts[:i])
            text += parts[i].get_first_leaf().prefix + _text(b) + between + b.get_first_leaf().prefix + _text(a)
            text += "".join(part.get_code() for part in parts[j + 1 :])
            yield node, text.removeprefix(node.get_first_leaf().prefix)


def _separated(parts):
    return len(parts) > 2 and all(part == "," for part in parts[1::2])


class Word(_Changes):
    """A word that is compared, looked up, or stands in a literal list: another word. Sentences stay as they are."""

    EXAMPLES = (
        Example("x == 'a'", "x == 'a_'"),
        Example("x['a']", "x['a_']"),
        Example("x = ('a', 'b')", "x = ('a_', 'b')"),
    )

    def changes(self, node):
        if node.type == "string" and self._of_use(node) and re.fullmatch(r"([\"'])[^\"'\\\s]+\1", node.value):
            yield node, node.value[:-1] + "_" + node.value[-1]

    def _of_use(self, node):
        parent = node.parent
        if parent.type == "trailer":
            return parent.children[0] == "["
        return parent.type in ("comparison", "testlist_comp", "dictorsetmaker", "subscript") or (
            parent.type in ("atom", "param", "argument")
        )


class Membership(_Changes):
    """x in y, x not in y: the other one."""

    EXAMPLES = (Example("x in y", "x not in y"), Example("x not in y", "x in y"))

    def changes(self, node):
        if node.type == "comparison":
            for part in node.children[1::2]:
                other = {"in": "not in", "notin": "in"}.get(_text(part).replace(" ", ""))
                if other:
                    yield part, other


class Opposite(_Changes):
    """min(x), x.mean(): a function that has an opposite, or does less."""

    EXAMPLES = (Example("min(x)", "max(x)"), Example("x.mean()", "x.sum()"), Example("np.any(x)", "np.all(x)"))

    def changes(self, node):
        if node.type == "name" and node.value in OPPOSITES and not keyword.iskeyword(node.value):
            after = node.get_next_leaf()
            if after is not None and after == "(" and node.parent.type in ("atom_expr", "power", "trailer"):
                yield node, OPPOSITES[node.value]


OPERATORS = {
    operator.__name__: operator
    for operator in (InPlace, MatrixProduct, Arguments, DroppedStatement, Exchanged, Word, Membership, Opposite)
}


class Provider:
    """The operators of this file, by name."""

    def __iter__(self):
        return iter(OPERATORS)

    def __getitem__(self, name):
        return OPERATORS[name]
