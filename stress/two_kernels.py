"""Do the tutorials say the same on other processors? `python stress/two_kernels.py [NN ...]`, half an hour for all.

Each tutorial runs from top to bottom with two kernels of OpenBLAS that this processor has, with the features that NumPy
chooses its loops by switched off, and without the package's compiled code: four ways to round. Training carries
rounding on, so trained networks end elsewhere each time. What is asked:

- every claim (a line with ✓, and every assertion) holds in every run, and the claims are the same sentences;
- no sentence of the text quotes a number (0.51, 26 %) that one run prints and another does not.

Lines that differ in more than their numbers are shown: their words are computed, too. Exit code 1 where a claim fails,
is missing, or a text quotes such a number; 2 where this processor has no two kernels.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TUTORIALS = ROOT / "tutorials"
KERNELS = ("Haswell", "SkylakeX", "Zen", "Prescott", "ARMV8", "NEOVERSEN1")
ASK = """
import json, numpy, threadpoolctl
core = numpy._core if hasattr(numpy, "_core") else numpy.core
on = core._multiarray_umath.__cpu_features__
found = [name for name in core._multiarray_umath.__cpu_dispatch__ if on.get(name)]
blas = [part.get("architecture") for part in threadpoolctl.threadpool_info() if part["user_api"] == "blas"]
print(json.dumps([found, blas]))
"""
NUMBER = re.compile(r"[-+]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?|\bnan\b|\binf\b")
QUOTED = re.compile(r"(?<![\d.])\d+\.\d+(?![\d.])|(?<![\d.])\d*[1-46-9] ?%")  # 85 % is a number of many meanings
FORMULA = re.compile(r"\$\$.*?\$\$|\$[^$]*\$", re.DOTALL)
TEXT = re.compile(r"^# %% \[markdown\]\n(.*?)(?=^# %%|\Z)", re.MULTILINE | re.DOTALL)


def asked(**environment):
    """The features by which NumPy chooses loops, and the kernels of BLAS, in such an environment."""
    command = [sys.executable, "-W", "ignore", "-c", ASK]
    return json.loads(subprocess.run(command, env=os.environ | environment, capture_output=True, check=True).stdout)


def ways():
    """Names of the ways to round that this machine has, with what the environment says for each; none without two."""
    features, _ = asked()
    kernels = [name for name in KERNELS if asked(OPENBLAS_CORETYPE=name)[1][:1] == [name]][:2]
    if len(kernels) < 2:
        return {}
    found = {name: {"OPENBLAS_CORETYPE": name} for name in kernels}
    first = {"OPENBLAS_CORETYPE": kernels[0]}
    found["NumPy's loops without " + ", ".join(features)] = first | {"NPY_DISABLE_CPU_FEATURES": " ".join(features)}
    found["nothing compiled"] = first | {"GCA_SCRATCH_COMPILED": "off"}
    return found


def ran(tutorial, environment):
    """The lines that a tutorial prints, and its exit code with the last line of what went wrong."""
    fixed = {"OPENBLAS_NUM_THREADS": "1", "MPLBACKEND": "agg", "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"}
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as problems:
        everything = {name: value for name, value in os.environ.items() if name != "GCA_SCRATCH_DATA"}
        done = subprocess.run(
            [sys.executable, tutorial.name],
            cwd=tutorial.parent,
            env=everything | fixed | environment,
            stdout=out,
            stderr=problems,
        )
        out.seek(0)
        problems.seek(0)
        last = (problems.read().strip().splitlines() or [""])[-1]
        return out.read().splitlines(), "" if done.returncode == 0 else f"exit {done.returncode}: {last}"


def without_numbers(line):
    """A line with a mark for each number, and single blanks: its sentence."""
    return re.sub(r"\s+", " ", NUMBER.sub("#", line).replace("equal (", "# apart ("))


def claims(lines):
    """The sentences of the lines with ✓."""
    return [without_numbers(line) for line in lines if line.startswith("✓")]


def quoted_of_one_run(text, printed):
    """Numbers of a tutorial's text cells, formulas apart, that some runs print and others do not."""
    prose = {number.replace(" ", "") for cell in TEXT.findall(FORMULA.sub("", text)) for number in QUOTED.findall(cell)}
    seen = [{number.replace(" ", "") for line in lines for number in QUOTED.findall(line)} for lines in printed]
    return sorted(number for number in prose if 0 < sum(number in one for one in seen) < len(seen))


def compared(text, printed):
    """Problems, and pairs of lines that differ in words, of all runs beside the first."""
    problems, words = [], []
    for lines in printed[1:]:
        if claims(lines) != claims(printed[0]):
            missing = set(claims(printed[0])) ^ set(claims(lines))
            problems.append(f"other claims: {'; '.join(sorted(missing)) or 'in another order'}")
        for one, other in zip(printed[0], lines, strict=False):
            if without_numbers(one) != without_numbers(other):
                words.append((one, other))
    problems += [f"the text quotes {number}, which not every run prints" for number in quoted_of_one_run(text, printed)]
    return problems, words


def main():
    """Run, compare, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tutorials", nargs="*", help="their numbers, such as 00 07; all without")
    wish = parser.parse_args()
    known = [path.name[:2] for path in sorted(TUTORIALS.glob("[0-9][0-9]_*.py"))]
    if not set(wish.tutorials) <= set(known):
        parser.error(f"{' '.join(wish.tutorials)}: the tutorials are {' '.join(known)}")
    environments = ways()
    if not environments:
        print("this processor, or this BLAS, has no two kernels to compare", file=sys.stderr)
        return 2
    print(f"{len(environments)} ways to round: {'; '.join(environments)}")
    failed = False
    for tutorial in sorted(TUTORIALS.glob("[0-9][0-9]_*.py")):
        if wish.tutorials and tutorial.name[:2] not in wish.tutorials:
            continue
        runs = [ran(tutorial, environment) for environment in environments.values()]
        printed = [lines for lines, _ in runs]
        problems, words = compared(tutorial.read_text("utf-8"), printed)
        problems += [f"{name}: {wrong}" for name, (_, wrong) in zip(environments, runs, strict=True) if wrong]
        differ = sum(len(set(lines)) > 1 for lines in zip(*printed, strict=False))
        line = f"{len(claims(printed[0]))} claims, {differ} of {len(printed[0])} lines with other numbers"
        print(f"{tutorial.stem}: {'NOT the same: ' if problems else 'the same: '}{line}", flush=True)
        for problem in problems:
            print(f"    {problem}")
        for one, other in dict.fromkeys(words):
            print(f"    words: {one.strip()}\n           {other.strip()}")
        failed = failed or bool(problems)
    return int(failed)


if __name__ == "__main__":
    sys.exit(main())
