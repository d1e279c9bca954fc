"""Measures the event log: ``python -m benchmarks.log`` prints a table, with ``--write`` into ``docs/benchmarks.md``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from benchmarks import appending, flat, page, reading, waiting
from benchmarks.databases import databases
from benchmarks.figures import HEADINGS, Figure, hardware, table

PARTS = ("append", "flat", "read", "wait")


def main() -> None:
    """Measure what the command line asks for."""
    arguments = _arguments()
    found = []
    for figure in _measured(arguments):
        found.append(figure)
        sys.stderr.write(" | ".join(figure.cells()) + "\n")
    lines = table(HEADINGS, [figure.cells() for figure in found])
    sys.stdout.write(lines)
    if arguments.write:
        page.write("the event log", lines, module="benchmarks.log", machine=hardware())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.log", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append", help="default: both")
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--events", type=int, default=1_000_000, help="size of the largest log")
    parser.add_argument("--snapshot", type=float, default=30, help="seconds that an old snapshot is held")
    parser.add_argument("--write", action="store_true", help="replace the table in docs/benchmarks.md")
    return parser.parse_args()


def _measured(arguments: argparse.Namespace) -> Iterator[Figure]:
    parts = arguments.part or PARTS
    for name in arguments.database or ("sqlite", "postgresql"):
        with databases(name) as new_log:
            if "append" in parts:
                yield from appending.figures(name, new_log, snapshot=arguments.snapshot)
            if "flat" in parts:
                sizes = (*(size for size in (100_000,) if size < arguments.events), arguments.events)
                yield from flat.figures(name, new_log, sizes=sizes)
            if "read" in parts:
                yield from reading.figures(name, new_log, events=min(arguments.events, 200_000))
            if "wait" in parts:
                yield from waiting.figures(name, new_log)


if __name__ == "__main__":
    main()
