"""``python -m demo``: show the provider at work, end with a report, and leave nothing behind.

``KEEP=1`` leaves everything running until Ctrl-C; ``PORT=8080`` asks for a port of Airflow's own.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType
from typing import NoReturn

import requests
from rich.console import Console

from demo.processes import Processes, is_free
from demo.progress import Display
from demo.report import show
from demo.standalone import USERNAME
from demo.story import CHECKOUT, Stage, play
from demo.waiting import DemoError


def main(environ: Mapping[str, str]) -> int:
    """Run the demo and return its exit code: 0, 1 if it cannot go on, 130 if it was interrupted."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup means it
            signal.signal(number, _interrupt)
    console = Console()
    keep = environ.get("KEEP") == "1"
    try:
        port = _port(environ.get("PORT", ""))
        with _scratch_folder(keep=keep) as home:
            with Processes(home) as processes:
                _run(processes, console, port=port, keep=keep)
                console.print("Stopping everything.")
            _say(console, f"Nothing runs any more; {home} is {'kept' if keep else 'removed'}.")
    except (DemoError, requests.RequestException) as error:
        _say(Console(stderr=True), f"The demo cannot go on. {error}")
        return 1
    except KeyboardInterrupt:
        _say(Console(stderr=True), "Interrupted; everything is stopped.")
        return 130
    return 0


def _run(processes: Processes, console: Console, *, port: int | None, keep: bool) -> None:
    stage = Stage(processes, port=port)
    with Display(console) as display:
        api = stage.start(display)
        outcome = play(stage, api, display)
    api.close()
    show(outcome, console)
    _say(console, f"The demo took {display.seconds:.0f} s.")
    if keep:
        _say(console, f"Airflow is at {stage.airflow.url}: sign in as {USERNAME} with {stage.airflow.password}")
        _say(console, f"AIRFLOW_HOME is {processes.home}. Press Ctrl-C to stop everything.")
        with suppress(KeyboardInterrupt):
            signal.pause()


def _port(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65_536:
        msg = f"PORT must be a number from 1 to 65535, not {text!r}."
        raise DemoError(msg)
    if not is_free(int(text)):
        msg = f"Port {text} is in use: choose another PORT, or none to take a free one."
        raise DemoError(msg)
    return int(text)


@contextmanager
def _scratch_folder(*, keep: bool) -> Iterator[Path]:
    """Make a folder for everything that is written; after a failure it stays, because the logs are in it."""
    parent = CHECKOUT / ".demo"
    try:
        parent.mkdir(exist_ok=True)
        home = Path(tempfile.mkdtemp(prefix="run-", dir=parent))
    except OSError:
        home = Path(tempfile.mkdtemp(prefix="webwork-demo-"))
    try:
        yield home
    except KeyboardInterrupt:
        _remove(home)
        raise
    if not keep:
        _remove(home)


def _remove(home: Path) -> None:
    shutil.rmtree(home, ignore_errors=True)
    if home.parent == CHECKOUT / ".demo":
        with suppress(OSError):
            home.parent.rmdir()


def _say(console: Console, text: str) -> None:
    console.print(text, markup=False, highlight=False, soft_wrap=True)


def _interrupt(_: int, __: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(os.environ))
