"""Gradescope: the zip that an instructor uploads, and what runs from it.

The zip holds setup.sh and run_autograder at its root, the grader, the package and the assignment. Gradescope unpacks it
into /autograder/source, runs setup.sh once and run_autograder for every submission; AUTOGRADER_PREFIX puts another
folder in the place of /autograder, for trying it out.
"""

import contextlib
import dataclasses
import json
import os
import sys
import zipfile
from pathlib import Path

from gca_scratch.support.reading import read_json
from gca_scratch.support.writing import replacing

from . import fence

SETUP = """#!/usr/bin/env bash
# Runs once: finds a Python of at least 3.11 (or installs one) and gives it NumPy.
set -euo pipefail
PREFIX="${AUTOGRADER_PREFIX:-/autograder}"

fits() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in "${AUTOGRADER_PYTHON:-python3}" python3.14 python3.13 python3.12 python3.11; do
        if fits "$candidate"; then command -v "$candidate"; return; fi
    done
    return 1
}

if ! PYTHON="$(find_python)"; then
    apt-get update
    apt-get install -y python3.11 python3.11-venv || apt-get install -y python3.12 python3.12-venv
    PYTHON="$(find_python)"
fi
if ! "$PYTHON" -c 'import numpy, threadpoolctl' 2>/dev/null; then
    if ! "$PYTHON" -m venv "$PREFIX/venv"; then
        apt-get update
        apt-get install -y python3-venv
        "$PYTHON" -m venv "$PREFIX/venv"
    fi
    PYTHON="$PREFIX/venv/bin/python"
    "$PYTHON" -m pip install --quiet --disable-pip-version-check --requirement "$PREFIX/source/requirements.txt"
fi
echo "$PYTHON" > "$PREFIX/source/python.txt"
chmod 700 "$PREFIX/source/gca_scratch" "$PREFIX/source/course"
"""

RUN = """#!/usr/bin/env bash
# Runs for every submission: grades PREFIX/submission into PREFIX/results/results.json.
export AUTOGRADER_PREFIX="${AUTOGRADER_PREFIX:-/autograder}"
export OPENBLAS_NUM_THREADS=1
cd "$AUTOGRADER_PREFIX/source" || exit 1
mkdir -p "$AUTOGRADER_PREFIX/results"
rm -f "$AUTOGRADER_PREFIX/results/results.json"
"$(cat python.txt)" -B -m course.grading.gradescope
if [ ! -s "$AUTOGRADER_PREFIX/results/results.json" ]; then
    echo '{"score": 0, "output": "The grader itself failed; tell your instructor."}' \\
        > "$AUTOGRADER_PREFIX/results/results.json"
fi
exit 0
"""

REQUIREMENTS = ("numpy", "threadpoolctl")  # of pyproject.toml, what the grader needs


def write_zip(manifest, out, root, limits=None):
    """Write the autograder's zip of an assignment, with the limits for a submission's code; the same each time."""
    import tomllib

    root = Path(root)
    dependencies = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    needed = [line for line in dependencies if line.startswith(REQUIREMENTS)]
    files = {"setup.sh": SETUP, "run_autograder": RUN, "requirements.txt": "\n".join(needed) + "\n"}
    files["assignment.txt"] = f"{manifest.id}\n"
    files["limits.json"] = json.dumps(dataclasses.asdict(limits or fence.Limits())) + "\n"
    kept = [root / "LICENSE", root / "pyproject.toml"]
    package = (".py", ".txt", ".h", ".js", ".css", ".html")
    for folder, endings in (("gca_scratch", package), ("course", (".py", ".toml"))):
        kept += [path for path in sorted((root / folder).rglob("*")) if path.suffix in endings]
    for path in kept:
        if path.is_file():
            files[path.relative_to(root).as_posix()] = path.read_text("utf-8")
    with replacing(out) as temporary, zipfile.ZipFile(temporary, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            entry = zipfile.ZipInfo(name, (2020, 1, 1, 0, 0, 0))
            entry.external_attr = (0o755 if name in ("setup.sh", "run_autograder") else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, text)


def student_of(prefix):
    """Whose submission it is: the e-mail addresses in Gradescope's metadata, or nobody's."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        metadata = read_json(prefix / "submission_metadata.json")
        return " ".join(sorted(str(user.get("email") or user.get("id")) for user in metadata["users"]))
    return ""


def autograde():
    """Grade PREFIX/submission; results.json is written whatever happens."""
    from ..manifest import load
    from . import grade

    prefix = Path(os.environ.get("AUTOGRADER_PREFIX", "/autograder"))
    manifest = load(Path("assignment.txt").read_text("utf-8").strip())
    try:
        limits = fence.Limits(**read_json(Path("limits.json")))
        results = grade.grade(prefix / "submission", manifest, student_of(prefix), limits)
    except Exception as error:
        results = grade.failed(
            manifest, f"The grader itself failed ({type(error).__name__}: {error}); tell your instructor."
        )
    grade.write(results, prefix / "results" / "results.json")
    return 0


if __name__ == "__main__":
    sys.exit(autograde())
