"""The grader's commands: grade, grade-all, similar, gradescope, mutants, diagnosis."""

from pathlib import Path

from gca_scratch.support.errors import InputError

from ..manifest import ROOT, load

TABLES = ROOT / "docs" / "tables"
ASSIGNMENT = "A1 ... A5, or the path of a manifest"


def add_commands(sub):
    """Add them to the parser of `python -m course`."""
    command = sub.add_parser("grade", help="grade one submission: a folder, .zip or .py file")
    command.add_argument("submission")
    command.add_argument("--assignment", required=True, help=ASSIGNMENT)
    command.add_argument("--out", required=True, help="results.json, as Gradescope expects it")
    command.add_argument("--student", default="", help="whose it is: hidden tests have other numbers for each")
    _add_limits(command)
    command.set_defaults(command=_grade)

    command = sub.add_parser("grade-all", help="grade a folder of submissions, each named after its student")
    command.add_argument("folder")
    command.add_argument("--assignment", required=True, help=ASSIGNMENT)
    command.add_argument("--out", required=True, help="grades.csv; a folder with everything else is written beside it")
    command.add_argument("--jobs", type=int, default=1, help="submissions at a time (default: 1)")
    command.add_argument("--roster", help="who is in the course: the LMS's own export, which comes back with grades")
    command.add_argument("--column", help="the title of Canvas's column, where more than one would fit")
    command.add_argument("--deadline", help="when hand-ins were due: 2027-03-01T23:59")
    command.add_argument(
        "--points",
        choices=("all", "code"),
        default="all",
        help="what goes to the LMS: all, once marked by hand, or the code's alone (default: all)",
    )
    command.add_argument("--scale", action="store_true", help="to the LMS's maximum, where that is another one")
    _add_limits(command)
    command.set_defaults(command=_grade_all)

    command = sub.add_parser("similar", help="which hand-ins resemble each other, side by side; a reason to read them")
    command.add_argument("folder")
    command.add_argument("--assignment", required=True, help=ASSIGNMENT)
    command.add_argument("--out", required=True, help="the page to write")
    command.add_argument("--also", nargs="*", default=[], help="folders of other years or groups, to compare with")
    command.add_argument("--grades", help="grades.csv of grade-all: what the grader has found stands beside each pair")
    command.add_argument("--least", type=float, default=0.75, help="show pairs from this score on (default: 0.75)")
    command.set_defaults(command=_similar)

    command = sub.add_parser("gradescope", help="write the zip of Gradescope's autograder")
    command.add_argument("assignment", help="A1 ... A5")
    command.add_argument("--out", required=True, help="the zip to write")
    _add_limits(command)
    command.set_defaults(command=_gradescope)

    command = sub.add_parser("mutants", help="run the test suite against every planted bug")
    command.add_argument("--quick", action="store_true", help="every tenth of them, and no table is written")
    command.add_argument("--jobs", type=int, default=2, help="bugs at a time (default: 2)")
    command.add_argument("--only", help="the name of one bug")
    command.add_argument("--out", default=TABLES / "mutants.md", help="the table (default: docs/tables/mutants.md)")
    command.set_defaults(command=_mutants)

    command = sub.add_parser("mistakes", help="what mistakes cost: common ones handed in, and every planted bug")
    command.add_argument("--students", type=int, default=20, help="for how many students (default: 20)")
    command.add_argument("--out", default=ROOT / "docs" / "course-mistakes.md", help="the page to write")
    command.set_defaults(command=_mistakes)

    command = sub.add_parser("diagnosis", help="how many of the planted bugs the grader names correctly")
    command.add_argument("--out", default=TABLES / "diagnosis.md", help="the table (default: docs/tables/diagnosis.md)")
    command.set_defaults(command=_diagnosis)


def _add_limits(command):
    """How long the code of a submission may run, task by task."""
    command.add_argument("--cpu-seconds", type=int, default=10, help="of computing, for one task (default: 10)")
    command.add_argument("--seconds", type=float, default=60, help="on the clock, for one task (default: 60)")


def _limits(options):
    from . import fence

    if not (1 <= options.cpu_seconds < 1_000_000 and 0 < options.seconds < 1_000_000):
        raise InputError("--cpu-seconds must be at least 1 and --seconds above 0, both below 1000000; correct them")
    return fence.Limits(cpu_seconds=options.cpu_seconds, seconds=options.seconds)


def _grade(options):
    from . import grade

    if not Path(options.submission).exists():
        raise InputError(f"there is no {options.submission}; give a folder, a .zip, a .tar.gz or a .py file")
    manifest = load(options.assignment)
    results = grade.grade(options.submission, manifest, options.student, _limits(options))
    grade.write(results, options.out)
    print(grade.summary(manifest, results))


def _grade_all(options):
    from ..results import lateness, of_class

    if options.jobs < 1:
        raise InputError(f"--jobs must be at least 1, not {options.jobs}")
    due = lateness.deadline(options.deadline) if options.deadline else None
    wanted = of_class.Wanted(options.roster, options.column, due, options.points, options.scale)
    manifest = load(options.assignment)
    report = of_class.write(options.folder, manifest, options.out, options.jobs, _limits(options), wanted)
    handed_in = sum(row["code"] is not None for row in report.rows)
    print(f"{options.out}: {handed_in} submissions, {len(report.rows) - handed_in} who handed in nothing")
    for change in report.new:
        points = f"{change['before']:g} to {change['after']:g}"
        points = points if change["before"] != change["after"] else f"{change['after']:g}, other sentences"
        print(f"changed: {change['student']}, {change['task']}: {points} ({change['why']}, {change['when']})")
    for note in report.notes:
        print(f"note: {note}")
    for path in report.files[1:]:
        print(path)


def _similar(options):
    from ..results import similar_page

    if not 0 < options.least <= 1:
        raise InputError(f"--least must be above 0 and at most 1, not {options.least:g}")
    pairs = similar_page.write(
        options.folder, load(options.assignment), options.out, options.also, options.grades, options.least
    )
    print(f"{options.out}: {len(pairs)} pairs from {options.least:g} on")


def _gradescope(options):
    from . import gradescope

    gradescope.write_zip(load(options.assignment), options.out, ROOT, _limits(options))
    print(options.out)


def _mutants(options):
    from gca_scratch.support.progress import progress

    from ..bugs import mutants, mutation

    bugs = mutants.load()
    chosen = [bug for bug in bugs if bug.name == options.only] if options.only else bugs
    if not chosen:
        raise InputError(f"no planted bug is called {options.only}; their names are in course/bugs/")
    chosen = mutation.quick(chosen) if options.quick else chosen
    rows = list(progress(mutation.run(chosen, options.jobs), total=len(chosen), what="planted bugs", unit="bug"))
    missed = [bug for bug, test in rows if not test]
    if chosen is bugs:
        mutation.write_table(rows, Path(options.out))
    for bug in missed:
        print(f"not caught: {bug.name} ({bug.file}, {bug.function}): {bug.sentence}")
    print(f"{len(rows) - len(missed)} of {len(rows)} planted bugs are caught")
    return 1 if missed else 0


def _mistakes(options):
    from ..bugs import submitted

    if options.students < 1:
        raise InputError(f"--students must be at least 1, not {options.students}; correct it")
    _, rows = submitted.write(Path(options.out), [f"student {n}" for n in range(options.students)])
    named = sum(row[2] for row in rows)
    print(f"{options.out}: {len(rows)} planted bugs, {named} of them named, {options.students} students")
    unseen = [(task, bug) for task, bug, _, _, most in rows if most > task.points - 1e-6]
    for task, bug in unseen:
        print(f"not seen in the hidden tests of some student: {bug.name} in {task.id}")
    return 1 if unseen else 0


def _diagnosis(options):
    from ..bugs import mutation

    rows = mutation.diagnosed()
    mutation.write_diagnosis(rows, Path(options.out))
    print(f"{sum(row[2] for row in rows)} of {len(rows)} planted bugs are named correctly")
