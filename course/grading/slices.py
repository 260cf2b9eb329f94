"""Which statements of a submitted module its functions rest on: helpers, constants, imports, and what changes them.

A statement is taken if it binds a name that is used by what has been taken already, or if it changes an object of such
a name (`TABLE.update(...)`, `SCALE *= 2`, a decorator that fills a table). Nothing is run here.
"""

import ast

_DEFINES = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_IMPORTS = ast.Import | ast.ImportFrom
_COMPREHENSIONS = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


def needed(tree, known, nodes):
    """Statements of a module, in order, on which `nodes` (its functions) rest.

    known: names that the package's own module has; of these its own statements serve.
    """
    statements = [node for node in tree.body if not _runs_alone(node)]
    binding = [binds(node) for node in statements]
    own = {name for names in binding for name in names} - set(known)
    functions = {node.name: node for node in statements if isinstance(node, _DEFINES)}
    taken, used = set(), {name for node in nodes for name in binds(node)}
    for node in nodes:
        used |= _names(node)
    found = True
    while found:
        found = [
            n for n, node in enumerate(statements)
            if n not in taken and node not in nodes
            and (set(binding[n]) & used & own or _is_for_all(node) or _changes(node, used, own, functions))
        ]  # fmt: skip
        taken |= set(found)
        for n in found:
            used |= _names(statements[n])
    return [statements[n] for n in sorted(taken)]


def binds(node):
    """Names that a statement of a module binds in it: functions, classes, imports, everything that is assigned."""
    if isinstance(node, _DEFINES):
        return [node.name]
    if isinstance(node, _IMPORTS):
        return [(alias.asname or alias.name).partition(".")[0] for alias in node.names]
    names = []
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        names.append(node.id)
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar) and node.name:
        names.append(node.name)
    for child in ast.iter_child_nodes(node):
        if isinstance(child, _COMPREHENSIONS):  # its variables are its own; what := names in it is the module's
            names += [part.target.id for part in ast.walk(child) if isinstance(part, ast.NamedExpr)]
        elif not isinstance(child, ast.Lambda):
            names += binds(child)
    return names


def _names(node):
    """Every name that occurs in a piece of syntax."""
    names = {part.id for part in ast.walk(node) if isinstance(part, ast.Name)}
    return names.union(*(part.names for part in ast.walk(node) if isinstance(part, ast.Global)))


def _runs_alone(node):
    """Is it `if __name__ == "__main__":`, which no import runs?"""
    return isinstance(node, ast.If) and "__name__" in _names(node.test)


def _is_for_all(node):
    """Is it an import that changes how all of a module is read?"""
    return isinstance(node, ast.ImportFrom) and (node.module == "__future__" or node.names[0].name == "*")


def _changes(node, used, own, functions):
    """Does a statement, as it runs, change an object that one of the names in `used` stands for?"""
    if isinstance(node, _DEFINES):
        return any(_fills(_root(decorator), used, own, functions) for decorator in node.decorator_list)
    if isinstance(node, _IMPORTS):
        return False
    for part in ast.walk(node):
        if isinstance(part, ast.Attribute | ast.Subscript) and not isinstance(part.ctx, ast.Load):
            if _root(part) in used:
                return True
        elif isinstance(part, ast.Expr) and isinstance(part.value, ast.Call):
            root = _root(part.value.func)
            if isinstance(part.value.func, ast.Attribute) and root in used:
                return True
            if _fills(root, used, own, functions):
                return True
    return False


def _fills(name, used, own, functions):
    """Is it a function of the module's own that knows a variable of the module's own which is used?"""
    return name in functions and name in own and bool(_names(functions[name]) & used & own - set(functions))


def _root(node):
    """The name with which a.b[c](d).e begins, or None."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
