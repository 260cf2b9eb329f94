"""Pages of one file, which need no network, and are legible on a phone: their style, and the pieces they share."""

import html
import re

from gca_scratch.support.writing import replacing

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8881; --good: #1a7f37; --bad: #b35900; --bar: #4c78a8; }
@media (prefers-color-scheme: dark) { :root { --good: #56d364; --bad: #f0a050; --bar: #7aa6d8; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; line-height: 1.25; } h2 { font-size: 1.2rem; margin-top: 2rem; } h3 { font-size: 1rem; }
.wide { overflow-x: auto; overflow-wrap: break-word; }
table { border-collapse: collapse; width: 100%; } td, th { padding: .35rem .5rem; border-bottom: 1px solid var(--line);
  text-align: left; vertical-align: top; } .n { text-align: right; white-space: nowrap; overflow-wrap: normal; }
.said { white-space: pre-wrap; background: var(--soft); padding: .5rem .75rem; border-radius: .3rem;
  margin: .3rem 0 1rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .big { font-size: 1.4rem; font-weight: 600; }
.quiet { opacity: .75; font-size: .9rem; } pre { white-space: pre-wrap; font: 13px/1.4 ui-monospace, monospace;
  overflow-wrap: anywhere; margin: 0; } mark { background: #f2c94c66; color: inherit; }
.pair { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; } .pair > div { min-width: 0; }
@media (max-width: 40rem) { .pair { grid-template-columns: 1fr; } }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 24rem), 1fr)); gap: 0 1.5rem; }
figure { margin: 1rem 0; } figcaption { font-weight: 600; } svg, img { max-width: 100%; height: auto; }
svg text { fill: currentColor; font: 11px system-ui, sans-serif; } details { margin: .5rem 0; }
"""


def escaped(text):
    """A text as it may stand in HTML: nothing of it is markup, and nothing a character that no page may hold."""
    return html.escape(re.sub(r"[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|\x7f", "\ufffd", str(text)))


def page(title, body):
    """The whole page, from its title (text) and its body (HTML)."""
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escaped(title)}</title><style>{STYLE}</style></head>\n<body>\n{body}\n</body></html>\n"
    )


def write(path, text):
    """Write a page, whole or not at all."""
    with replacing(path) as temporary:
        temporary.write_text(text, "utf-8")


def table(header, rows, numbers=()):
    """A table from texts and HTML as it is: cells are escaped unless they are `Raw`.

    numbers: the columns, by their place, that hold numbers.
    """

    def line(cells, tag):
        inner = (f"<{tag}{' class=n' if n in numbers else ''}>{raw(cell)}</{tag}>" for n, cell in enumerate(cells))
        return f"<tr>{''.join(inner)}</tr>"

    head = f"<thead>{line(header, 'th')}</thead>" if header else ""
    return f"<div class=wide><table>{head}<tbody>{''.join(line(row, 'td') for row in rows)}</tbody></table></div>"


class Raw(str):
    """A piece of HTML that was made here, and is not escaped."""


def raw(cell):
    """A cell as HTML."""
    return cell if isinstance(cell, Raw) else escaped(cell)


def histogram(title, values, most, bins=10, width=420, height=120):
    """How many of `values` lie in each of `bins` equal parts of 0 to `most`, as a figure; full points stand apart."""
    counts = [0] * (bins + 1)
    for value in values:
        counts[bins if value >= most else int(bins * max(value, 0) / most)] += 1
    top, step, bottom = max(counts) or 1, width / (bins + 1), height - 18
    bars = []
    for n, count in enumerate(counts):
        tall = (bottom - 16) * count / top
        label = f"{most:g}" if n == bins else f"{most * n / bins:g}"
        bars.append(
            f'<rect x="{n * step + 1:.1f}" y="{bottom - tall:.1f}" width="{step - 2:.1f}" height="{tall:.1f}" '
            f'fill="var(--bar)"/><text x="{(n + 0.5) * step:.1f}" y="{height - 4}" text-anchor="middle">{label}</text>'
            + (f'<text x="{(n + 0.5) * step:.1f}" y="{bottom - tall - 4:.1f}" text-anchor="middle">{count}</text>'
               if count else "")
        )  # fmt: skip
    middle = sorted(values)[len(values) // 2] if values else 0
    mean = sum(values) / len(values) if values else 0
    return (
        f"<figure><figcaption>{escaped(title)}</figcaption>"
        f'<svg viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img" '
        f'aria-label="{escaped(title)}: histogram of {len(values)} results">{"".join(bars)}</svg>'
        f"<div class=quiet>{len(values)} results, mean {mean:.1f}, median {middle:.1f} of {most:g}</div></figure>"
    )
