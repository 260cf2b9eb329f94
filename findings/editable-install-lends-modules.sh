#!/usr/bin/env bash
# An editable installation lends its modules to another copy of the package that stands before it on PYTHONPATH.
#
# Versions: setuptools 80.9.0 with pip 25.3, flat layout, `packages = [...]` in pyproject.toml, Python 3.11 and later.
# Behaviour: with the package installed by `pip install --editable new/`, `PYTHONPATH=old python` imports the package
#   from old/, as one expects; but a submodule that old/ lacks is then found in new/, in silence, and runs there.
# Guessed: ModuleNotFoundError. Once `pkg.__path__` names old/pkg alone, submodules should be looked for there alone.
# Source: setuptools/command/editable_wheel.py, the template of the import hook, _EditableFinder.find_spec: it answers for
#   every name that begins with an installed package's, whatever the parent's __path__.
# Who is hurt: whoever compares two commits in one environment (regression checks, benchmarks against an older tree): code
#   that asks "is there a module of this name, or of the older one?" mixes both trees. A check that looks for the file
#   beside the package's own __init__.py does not.
# Fails if this changes.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
cd "$place"
python3 -m venv env
env/bin/python -m pip install --quiet --disable-pip-version-check pip==25.3 setuptools==80.9.0

for tree in old new; do
    mkdir -p "$tree/pkg"
    echo "TREE = '$tree'" > "$tree/pkg/__init__.py"
done
echo "from . import TREE" > new/pkg/added.py
cat > new/pyproject.toml <<'TOML'
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[project]
name = "pkg"
version = "1"
[tool.setuptools]
packages = ["pkg"]
TOML
env/bin/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable new

seen=$(PYTHONPATH=old env/bin/python - <<'PY'
import importlib.metadata

import pkg

print("setuptools", importlib.metadata.version("setuptools"))
print("pkg is of", pkg.TREE, "and its __path__ names", [path.rpartition("/")[0].rpartition("/")[2] for path in pkg.__path__])
try:
    import pkg.added

    print("pkg.added is of", pkg.added.__file__.split("/")[-3])
except ModuleNotFoundError as error:
    print("ModuleNotFoundError:", error)
PY
)
echo "$seen"
expected="setuptools 80.9.0
pkg is of old and its __path__ names ['old']
pkg.added is of new"
[ "$seen" = "$expected" ] || { echo "it behaves otherwise now"; exit 1; }
