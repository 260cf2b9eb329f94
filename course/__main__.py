"""The command line of the course: python -m course list, release, release-check, and the grader's commands."""

import argparse
import sys

from gca_scratch.support.exit_code import Parser, exit_code

from .grading import grading_cli
from .manifest import all_ids, load
from .releasing import release, release_check

EXAMPLES = """examples:
  python -m course list
  python -m course release A1 --out A1
  python -m course release A1 --out class/ada --student ada
  python -m course release A1 --out A1-solved --solved
  python -m course release-check"""


def parser():
    """The parser of the whole command line."""
    raw = argparse.RawDescriptionHelpFormatter
    top = Parser(
        prog="python -m course", description="Assignments: student versions and grades.", epilog=EXAMPLES,
        formatter_class=raw,
    )  # fmt: skip
    sub = top.add_subparsers(required=True, metavar="command")

    command = sub.add_parser("list", help="the assignments, their tasks and points")
    command.set_defaults(command=_list)

    command = sub.add_parser("release", help="write a student version")
    command.add_argument("assignment", help="A1 ... A5, or the path of a manifest")
    command.add_argument("--out", required=True, help="the folder to write; it must not be there yet")
    command.add_argument("--student", help="whoever it is for: numbers of the visible tests and data of their own")
    command.add_argument("--solved", action="store_true", help="nothing blank, for instructors")
    command.add_argument(
        "--name-mistakes", action="store_true",
        help="let the student's own tests say what a wrong result looks like, as the grader does",
    )  # fmt: skip
    command.set_defaults(command=_release)

    command = sub.add_parser("release-check", help="prove that student versions work and give nothing away")
    command.add_argument("assignments", nargs="*", help="all by default")
    command.add_argument(
        "--working-tree", action="store_true", help="check the files as they are now, not those of the last commit"
    )
    command.add_argument(
        "--all-pairs", action="store_true",
        help="hand in every folder for every later assignment, too, not that of A1 alone",
    )  # fmt: skip
    command.set_defaults(command=_release_check)

    grading_cli.add_commands(sub)
    return top


def _list(options):
    for id in all_ids():
        manifest = load(id)
        print(f"{id}  {manifest.title} ({manifest.hours} hours)")
        for part in (*manifest.tasks, *manifest.questions):
            print(f"    {part.id:6} {part.points:3}  {part.title}")


def _release(options):
    manifest = load(options.assignment)
    place = release.release(
        manifest, options.out, options.student, options.solved, named=options.name_mistakes
    )  # fmt: skip
    print(place)


def _release_check(options):
    return release_check.main(options.assignments or all_ids(), options.working_tree, options.all_pairs)


def main(arguments=None):
    """Run one command; returns the exit code."""

    def run():
        options = parser().parse_args(arguments)
        return options.command(options)

    return exit_code(run, "course")


if __name__ == "__main__":
    sys.exit(main())
