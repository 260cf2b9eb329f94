"""The command line of the benchmarks."""

import argparse
import json
import sys
import time

began = time.perf_counter()


def main(arguments=None):
    """Parse the options and measure; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description="Time the package beside the same network in other libraries, once all agree on what it computes.",
    )
    parser.add_argument("--json", metavar="FILE", help="write everything that was measured to FILE")
    parser.add_argument("--small", action="store_true", help="small networks and whole cross-validations, and targets")
    parser.add_argument("--quick", action="store_true", help="the training step at one size only, in under a minute")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu", help="where to measure (default: cpu)")
    parser.add_argument("--plots", metavar="FOLDER", help="draw the ratios and the scaling curves, as PNG files")
    small = parser.add_argument_group(
        "with --small", "exit code 0: all targets that were measured hold; 1: one is missed"
    )
    small.add_argument(
        "--against", default="1ad56ad", metavar="REV", help="revision to compare with (default: 1ad56ad)"
    )
    small.add_argument(
        "--rounds", type=int, default=9, metavar="N", help="rounds; 0: cross-validation only (default: 9)"
    )
    small.add_argument(
        "--data", metavar="FILE", help="skeletons (.npz) for the cross-validation; without, it is left out"
    )
    small.add_argument("--seeds", type=int, default=3, metavar="N", help="seeds of the cross-validation (default: 3)")
    small.add_argument("--epochs", type=int, metavar="K", help="shorten the cross-validation, for a trial")
    small.add_argument(
        "--skip-slow",
        action="store_true",
        help="at the largest size leave out what PyTorch takes a quarter of an hour to compile",
    )
    options = parser.parse_args(arguments)

    from gca_scratch.support.exit_code import exit_code

    return exit_code(lambda: measure(options), "benchmarks")


def measure(options):
    """Measure what the options ask for; print and write it. Returns 1 where a target of --small is missed, else 0."""
    from gca_scratch.support.writing import replacing

    from . import machine

    results = {"machine": machine.facts(), "device": options.device}
    print(machine.describe(results["machine"]), end="\n\n", flush=True)
    code = 0
    if options.small:
        from . import small

        code = small.measure(
            results,
            options.against,
            options.rounds,
            options.data,
            options.seeds,
            options.epochs,
            options.skip_slow,
        )
    elif options.device == "cuda":
        from . import gpu

        gpu.measure(results, options.quick)
    else:
        from . import cpu

        cpu.quick(results, began) if options.quick else cpu.full(results)
    if options.plots and not options.small:
        from . import plots

        plots.draw(results, options.plots)
    if options.json:
        with replacing(options.json) as temporary:
            temporary.write_text(json.dumps(results, indent=1) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
