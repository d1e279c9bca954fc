"""Measures the receiver beside others: ``python -m benchmarks.receiver`` prints a table.

With ``--write`` the table goes into ``docs/benchmarks.md`` and a picture of it beside.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from benchmarks import chart, page
from benchmarks.airflow_subjects import Airflow
from benchmarks.figures import hardware, ratio, table, verdict
from benchmarks.load import Load, send, write_requests
from benchmarks.packages import environment, version
from benchmarks.subjects import Handler, Hookspool, Ours, Subject, UnavailableError, running
from tests.databases import PostgreSQL

HEADINGS = (
    "what takes the deliveries",
    "connections",
    "a second",
    "work each",
    "p50",
    "p99",
    "stored",
    "ours to it",
    "goal",
    "met",
)

TITLE = "Deliveries a second on one core, by what takes them"
PICTURE = "receiver-speed.svg"

WARM_UP = 1
FASTEST = 40_000
"""More deliveries a second than any of them takes; so many are written beforehand."""

OURS, NO_STORE, BARE = "this receiver", "this receiver, storing nothing", "its HTTP server, answering 200 to all"
SLOW = 100
"""What is slower than so many a second is measured once, not in every round."""


@dataclass(slots=True)
class Line:
    """What was measured of one subject.

    :param work: microseconds of a core for each delivery, of each round.
    :param times: how many times as fast as it we have to be; a part of one for the ceiling.
    :param problem: why nothing was measured.
    """

    name: str
    times: float | None = None
    connections: int = 0
    loads: list[Load] = field(default_factory=list)
    work: list[float] = field(default_factory=list)
    lost: int | None = None
    problem: str = ""

    @property
    def rates(self) -> list[float]:
        """Deliveries a second, of each round."""
        return [load.rate for load in self.loads]

    def cells(self, ours: Line) -> Sequence[str]:
        """Return the texts of the line."""
        if not self.loads:
            return (self.name, "", "", "", "", "", self.problem, "", _goal(self.times), "")
        p50, p99 = (statistics.median(getattr(load, name) for load in self.loads) for name in ("p50", "p99"))
        against = None if self is ours else ratio(ours.rates[: len(self.rates)], self.rates)
        return (
            self.name,
            str(self.connections),
            f"{statistics.median(self.rates):,.0f}",
            f"{statistics.median(self.work):,.0f} µs",
            f"{p50:,.1f} ms",
            f"{p99:,.1f} ms",
            self._stored(),
            "" if against is None else f"{against:.2f}",
            _goal(self.times),
            verdict(met=None if against is None or self.times is None else against >= self.times),
        )

    def _stored(self) -> str:
        failed = sum(load.failed for load in self.loads)
        kept = "" if self.lost is None else "all" if self.lost == 0 else f"**{self.lost} lost**"
        return f"{kept}, {failed} failed".removeprefix(", ") if failed else kept


def main() -> None:
    """Measure what the command line asks for."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as name, _subjects(Path(name)) as subjects:
        lines = [line for line, _ in subjects]
        for number in range(arguments.rounds):
            for line, subject in subjects:
                slow = line.rates and line.rates[0] < SLOW
                if subject is not None and not slow and (not arguments.only or line.name in arguments.only):
                    _measure(line, subject, Path(name) / f"{number} {line.name}", seconds=arguments.seconds)
    ours = lines[0]
    if not ours.loads:
        raise SystemExit(f"{ours.name}: {ours.problem}")
    lines = [line for line in lines if line.loads or line.problem]
    found = table(HEADINGS, [line.cells(ours) for line in lines]) + _where_the_time_goes(lines)
    sys.stdout.write(found)
    if arguments.write:
        (page.DOCS / PICTURE).write_text(_picture(lines))
        shown = f"![{TITLE}]({PICTURE})\n\n{found}"
        page.write("the receiver", shown, module="benchmarks.receiver", machine=hardware())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.receiver", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="how often each is measured, in turn")
    parser.add_argument("--seconds", type=int, default=5, help="for how long each time")
    parser.add_argument("--only", action="append", help="measure only what has this name in the table")
    parser.add_argument("--write", action="store_true", help="replace the table and the picture in docs/")
    return parser.parse_args()


@contextmanager
def _subjects(folder: Path) -> Iterator[list[tuple[Line, Subject | None]]]:
    server = PostgreSQL()
    try:
        here = Path(sys.executable)
        without_store = partial(Ours, module="benchmarks.no_store")
        found: list[tuple[Line, Subject | None]] = [
            (Line(OURS), Ours()),
            (Line(NO_STORE, times=0.3), without_store()),
            (Line(BARE), without_store(arguments=("--bare",))),
            (Line("FastAPI and SQLAlchemy, by hand", times=6), Handler()),
            _package(folder, "hookspool", times=12, subject=Hookspool),
            _package(
                folder,
                "airflow-provider-inbound-webhooks",
                "psycopg[binary]",
                times=None,
                subject=lambda python: Airflow(python, server, "plugin"),
            ),
            (Line("Airflow's API, asset events", times=40), Airflow(here, server, "asset")),
            (Line("Airflow's API, Dag runs", times=40), Airflow(here, server, "dag")),
        ]
        yield found
    finally:
        server.stop()


def _package(
    folder: Path, name: str, *more: str, times: float | None, subject: Callable[[Path], Subject]
) -> tuple[Line, Subject | None]:
    try:
        python = environment(folder / name, name, *more)
    except UnavailableError as error:
        return Line(name, times=times, problem=str(error)), None
    return Line(f"{name} {version(python, name)}", times=times), subject(python)


def _measure(line: Line, subject: Subject, folder: Path, *, seconds: int) -> None:
    folder.mkdir()
    try:
        with running(subject, folder) as started:
            requests, target = folder / "requests", started.target
            warm = FASTEST * WARM_UP
            size = write_requests(requests, target, count=warm + FASTEST * seconds)
            before = started.stored() if started.stored else 0
            some = partial(send, requests, target, size=size, connections=subject.connections)
            loads = [some(seconds=WARM_UP)]
            worked = started.worked()
            loads.append(some(seconds=seconds, first=warm))
            worked = started.worked() - worked
            stored = started.stored() - before if started.stored else None
    except UnavailableError as error:
        line.problem = str(error)
        return
    line.connections = subject.connections
    line.loads.append(loads[1])
    line.work.append(1e6 * worked / max(1, loads[1].stored))
    if stored is not None:
        line.lost = (line.lost or 0) + max(0, sum(load.stored for load in loads) - stored)
    sys.stderr.write(f"{line.name}: {loads[1].rate:,.0f} a second\n")


def _where_the_time_goes(lines: Sequence[Line]) -> str:
    microseconds = {line.name: statistics.median(line.work) for line in lines if line.loads}
    if not {OURS, NO_STORE, BARE} <= microseconds.keys():
        return ""
    http = microseconds[BARE]
    return (
        f"\nOf the {microseconds[OURS]:.0f} µs of work on a delivery, {http:.0f} µs are HTTP, "
        f"{microseconds[NO_STORE] - http:.0f} µs are the endpoint, the body, the proof and what the event says, and "
        f"{microseconds[OURS] - microseconds[NO_STORE]:.0f} µs are the way to the thread that writes and its share of "
        "a transaction.\n\n"
    )


def _picture(lines: Sequence[Line]) -> str:
    values = [(line.name, statistics.median(line.rates)) for line in lines if line.loads]
    values.sort(key=lambda value: value[1], reverse=True)
    return chart.bars(TITLE, values, ours=OURS, unit="/s")


def _goal(times: float | None) -> str:
    return "" if times is None else f">= {times:g}"


if __name__ == "__main__":
    main()
