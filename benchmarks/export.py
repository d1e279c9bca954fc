"""Measures exports beside plain ``requests``: ``python -m benchmarks.export`` prints a table.

With ``--write`` the table goes into ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks import page
from benchmarks.exporting import FORMATS, Spent, elsewhere, exported, peak_memory, plain, source
from benchmarks.figures import hardware, ratio, table, verdict

HEADINGS = ("what", "rows a second", "to plain requests", "goal", "met", "processor, each row", "to plain requests")
MEMORY_HEADINGS = ("what", "peak memory", "of 10,000 rows", "more", "goal", "met")

PAGE = 50
"""Rows a page, the most that WebWork documents for time entries."""

FEW = 10_000
LARGE_PAGE = 1000
"""Rows a page for the memory, which would otherwise take an hour."""


def main() -> None:
    """Measure what the command line asks for."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as folder:
        speeds = table(HEADINGS, list(_speeds(Path(folder), rows=arguments.rows, rounds=arguments.rounds)))
        sys.stdout.write(speeds)
        memory = table(MEMORY_HEADINGS, list(_memory(Path(folder), rows=arguments.memory_rows)))
        sys.stdout.write(f"\n{memory}")
    if arguments.write:
        page.write("exports", f"{speeds}\n{memory}", module="benchmarks.export", machine=hardware())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.export", description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="rows of each export that is timed")
    parser.add_argument("--rounds", type=int, default=9, help="how often each is timed, in turn")
    parser.add_argument(
        "--memory-rows", type=int, default=1_000_000, help="rows of the export whose memory is measured"
    )
    parser.add_argument("--write", action="store_true", help="replace the table in docs/benchmarks.md")
    return parser.parse_args()


def _speeds(folder: Path, *, rows: int, rounds: int) -> Iterator[tuple[str, ...]]:
    spent: dict[str, list[Spent]] = {name: [] for name in ("", *FORMATS)}
    with source(entries=rows, page=PAGE) as found, elsewhere(found, folder) as submit:
        for number in range(rounds):
            spent[""].append(submit(plain, folder / "plain", found, rows).result())
            for name, layout in FORMATS.items():
                spent[name].append(submit(exported, folder / "exported", layout, rows).result())
            sys.stderr.write(f"round {number + 1} of {rounds}\n")
    by_hand = spent.pop("")
    yield ("plain `requests` and `json`", _rate(by_hand, rows), "", "", "", _work(by_hand, rows), "")
    for name, each in spent.items():
        fast = ratio([one.seconds for one in by_hand], [one.seconds for one in each])
        work = ratio([one.processor for one in each], [one.processor for one in by_hand])
        met = verdict(met=fast >= 0.8)
        yield (name, _rate(each, rows), f"{fast:.2f}", ">= 0.8", met, _work(each, rows), f"{work:.2f}")


def _memory(folder: Path, *, rows: int) -> Iterator[tuple[str, ...]]:
    for name, layout in FORMATS.items():
        peaks = []
        for count in (FEW, rows):
            with source(entries=count, page=LARGE_PAGE) as found, elsewhere(found, folder) as submit:
                peaks.append(submit(peak_memory, folder / "exported", layout, count).result())
        few, many = peaks
        more = many - few
        met = verdict(met=more < 60)
        yield (f"{name}, {rows:,} rows", f"{many:.0f} MB", f"{few:.0f} MB", f"{more:.0f} MB", "< 60 MB", met)


def _rate(spent: list[Spent], rows: int) -> str:
    return f"{rows / statistics.median(each.seconds for each in spent):,.0f}"


def _work(spent: list[Spent], rows: int) -> str:
    return f"{statistics.median(each.processor for each in spent) / rows * 1e6:.0f} µs"


if __name__ == "__main__":
    main()
