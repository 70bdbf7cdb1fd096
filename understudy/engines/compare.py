"""`python -m understudy.engines.compare A B ...`: commits, experiments and the working folder side by side, in a page.

The page holds everything itself, so that it opens anywhere, without a network: which settings differ, every score,
and how training went. Without names the last commit is compared with the working folder.
"""

import argparse
import sys
from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path, PurePosixPath

from understudy.engines.charts import chart, legend_key, spelled
from understudy.engines.project import one_line_errors
from understudy.engines.revisions import HERE, STEP, Revision, Value, experiments, read_revisions
from understudy.errors import EngineError
from understudy.files import replacing

PAGE = Path(".understudy/comparison.html")
STYLE = """
:root { color-scheme: light dark; --ink: #1c1e21; --faint: #5c6370; --rule: #d9dce1; --paper: #fff; --tint: #f3f4f6;
  --c0: #0062b8; --c1: #c2410c; --c2: #00796b; --c3: #a3157e; --c4: #8a6100; --c5: #4f46c8; --c6: #5b7a00;
  --c7: #b3261e; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e8eb; --faint: #a0a7b4; --rule: #3a3f47; --paper: #16181b;
  --tint: #212429; --c0: #62b0ff; --c1: #ff9559; --c2: #4fd1bd; --c3: #f28bd6; --c4: #e8bd4a; --c5: #a9a3ff;
  --c6: #b5d457; --c7: #ff8a80; } }
body { font: 15px/1.45 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 1340px;
  margin: 2rem auto; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .6rem; } p { color: var(--faint); margin: .3rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .22rem .8rem .22rem 0; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } thead th { vertical-align: bottom; }
tr.group td { padding-top: .8rem; font-weight: 600; border-bottom-color: var(--faint); }
.change { color: var(--faint); font-size: .85em; margin-left: .5em; } .scroll { overflow-x: auto; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(390px, 1fr)); gap: 1rem; }
.charts svg { width: 100%; background: var(--tint); border-radius: 6px; }
svg path { fill: none; stroke-width: 1.8; } svg .grid { stroke: var(--rule); stroke-width: 1; }
svg text { fill: var(--faint); font-size: 11px; } svg .title { fill: var(--ink); font-size: 12.5px; font-weight: 600; }
svg.key { width: 28px; height: 10px; margin-right: .4em; } summary { cursor: pointer; margin: .8rem 0; }
""" + "".join(f"path.c{n} {{ stroke: var(--c{n}); }} circle.c{n} {{ fill: var(--c{n}); }}\n" for n in range(8))


def page(revisions: Sequence[Revision]) -> str:
    """The whole page."""
    title = f"{revisions[0].name} and {', '.join(revision.name for revision in revisions[1:])}"
    parts = [
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title><style>{STYLE}</style>',
        f"<h1>{escape(title)}</h1>",
        *(f"<p>{legend_key(number)}{escape(revision.name)}</p>" for number, revision in enumerate(revisions)),
        *_notes(revisions),
        "<h2>Settings that differ</h2>",
        _settings(revisions),
        "<h2>Scores</h2>",
        *_scores(revisions),
        "<h2>Training</h2>",
        f'<div class="charts">{"".join(_charts(revisions))}</div></html>\n',
    ]
    return "\n".join(parts)


def _notes(revisions: Sequence[Revision]) -> Iterator[str]:
    for revision in revisions:
        if revision.missing:
            yield f"<p>{escape(revision.name)}: not stored here: {escape(', '.join(revision.missing))}</p>"


def _settings(revisions: Sequence[Revision]) -> str:
    keys = sorted({key for revision in revisions for key in revision.settings})
    rows = [(key, [revision.settings.get(key) for revision in revisions]) for key in keys]
    differing = [(key, values) for key, values in rows if len(set(values)) > 1]
    body = "".join(_row(key, [_spelled(value) for value in values]) for key, values in differing)
    return _table(revisions, body) if differing else "<p>None.</p>"


def _scores(revisions: Sequence[Revision]) -> Iterator[str]:
    """Those that differ as a table, those that do not as another that is folded away."""
    keys = sorted({key for revision in revisions for key in revision.scores})
    rows = [(key, [revision.scores.get(key) for revision in revisions]) for key in keys]
    differing = [row for row in rows if len(set(row[1])) > 1]
    equal = [row for row in rows if len(set(row[1])) == 1]
    yield _table(revisions, _grouped(differing)) if differing else "<p>No score differs.</p>"
    if equal:
        table = _table(revisions, _grouped(equal))
        yield f"<details><summary>{len(equal)} scores that are equal</summary>{table}</details>"


def _grouped(rows: Sequence[tuple[tuple[str, str], Sequence[Value]]]) -> str:
    """Rows below a line for each file and first part of the key."""
    lines, last = [], ""
    for (file, name), values in rows:
        group = f"{PurePosixPath(file).stem}: {name.partition('.')[0].replace('_', ' ')}"
        if group != last:
            lines.append(f'<tr class="group"><td colspan="{len(values) + 1}">{escape(group)}</td></tr>')
            last = group
        cells = [_spelled(value) + _change(value, values[0]) for value in values]
        lines.append(_row(name.partition(".")[2] or name, cells))
    return "".join(lines)


def _charts(revisions: Sequence[Revision]) -> Iterator[str]:
    for file, column in sorted({place for revision in revisions for place in revision.curves}):
        curves = [(n, revision.name, revision.curves.get((file, column), [])) for n, revision in enumerate(revisions)]
        yield chart(f"{PurePosixPath(file).parent.name}: {column.replace('_', ' ')}", curves, across=STEP)


def _table(revisions: Sequence[Revision], body: str) -> str:
    heads = "".join(
        f"<th>{legend_key(number)}{escape(revision.name)}</th>" for number, revision in enumerate(revisions)
    )
    return f'<div class="scroll"><table><thead><tr><th></th>{heads}</tr></thead>{body}</table></div>'


def _row(name: str, cells: Sequence[str]) -> str:
    return f"<tr><td>{escape(name)}</td>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _spelled(value: Value) -> str:
    if value is None:
        return "–"
    return spelled(value) if isinstance(value, float) else escape(str(value))


def _change(value: Value, first: Value) -> str:
    """By how much a number differs from that of the first revision."""
    if not isinstance(value, int | float) or not isinstance(first, int | float) or value == first:
        return ""
    return f'<span class="change">{value - first:+.3g}</span>'


def main() -> None:
    """Write the page, and say where it is."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[2])
    parser.add_argument("revisions", nargs="*", help="commits, branches, tags, experiments, or workspace")
    parser.add_argument("--experiments", action="store_true", help="the last commit and every experiment from it")
    parser.add_argument("--page", type=Path, default=PAGE, help=f"where to write it, rather than {PAGE}")
    options = parser.parse_args()
    names = options.revisions or (["HEAD", *experiments()] if options.experiments else ["HEAD", HERE])
    if len(names) < 2:
        raise EngineError("compare: name at least two revisions; `git log` and `dvc exp list` show them")
    revisions = read_revisions(names)
    for revision in revisions:
        if revision.missing:
            files = ", ".join(revision.missing)
            print(f"compare: {revision.name}: not stored here: {files}; `dvc fetch` may bring them", file=sys.stderr)
    with replacing(options.page) as temporary:
        temporary.write_text(page(revisions), encoding="utf-8")
    print(f"compare: {options.page}")


if __name__ == "__main__":
    with one_line_errors():
        main()
