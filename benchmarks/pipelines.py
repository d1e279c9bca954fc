"""Measures Dags that events start: ``python -m benchmarks.pipelines`` prints tables.

With ``--write`` they go into ``docs/benchmarks.md`` and a picture beside.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks import latency, page, sensors, side_by_side
from benchmarks.figures import hardware

MODULE = "benchmarks.pipelines"
PARTS = ("latency", "burst", "sensors")


def main() -> None:
    """Measure what the command line asks for."""
    arguments = _arguments()
    parts = arguments.part or PARTS
    if "latency" in parts:
        took = latency.measured(arguments.deliveries)
        found = latency.tables(took)
        sys.stdout.write(found)
        if arguments.write:
            (page.DOCS / latency.PICTURE).write_text(latency.picture(took))
            shown = f"![{latency.TITLE}]({latency.PICTURE})\n\n{found}"
            page.write("the latency of pipelines", shown, module=MODULE, machine=hardware())
    if "burst" in parts:
        _report("bursts", side_by_side.figures(arguments.burst), write=arguments.write)
    if "sensors" in parts:
        _report("deferred sensors", sensors.figures(arguments.sensors), write=arguments.write)


def _report(subject: str, found: str, *, write: bool) -> None:
    sys.stdout.write(f"\n{found}")
    if write:
        page.write(subject, found, module=MODULE, machine=hardware())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipelines", description=__doc__)
    parser.add_argument("--part", choices=PARTS, action="append", help="default: all")
    parser.add_argument("--deliveries", type=int, default=20, help="how many deliveries the latency is measured of")
    parser.add_argument("--burst", type=int, default=1_000, help="how many deliveries come at once")
    parser.add_argument("--sensors", type=int, default=10_000, help="how many sensors are deferred")
    parser.add_argument("--write", action="store_true", help="replace the tables and the picture in docs/")
    return parser.parse_args()


if __name__ == "__main__":
    main()
