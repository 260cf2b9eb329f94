"""Sentences and tables for the screen."""


def say(*lines):
    """Print at once, with an empty line after it."""
    print(*lines, sep="\n", end="\n\n", flush=True)


def table(header, rows):
    """Columns as wide as they need to be, the first to the left and the others to the right."""
    cells = [[str(cell) for cell in row] for row in [header, *rows]]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return "\n".join(
        "  ".join(cell.rjust(w) if k else cell.ljust(w) for k, (cell, w) in enumerate(zip(row, widths, strict=True)))
        for row in cells
    )


def comparison_table(compared, first="engine"):
    """What `compare` found, in milliseconds."""
    rows = []
    for name, found in compared.items():
        s, r = found["seconds"], found["ratio"]
        low, high = (f"{1000 * q:.1f}" for q in s["quartiles"])
        spread = f"{r['quartiles'][0]:.2f} to {r['quartiles'][1]:.2f}"
        rows.append([name, f"{1000 * s['median']:.1f}", f"{low} to {high}", f"{r['median']:.2f}", spread])
        if gauged := "fast" in found:
            rows[-1].append(f"{found['fast']['median']:.2f}" if found["fast"] else "-")
    return table([first, "ms", "quartiles", "x ours", "quartiles", *["in fast rounds"] * gauged], rows)
