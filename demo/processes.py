"""Starting programs, and ending them with everything that they started.

Airflow's processes change their titles and some of them their process group, so a process is known by a variable in
its environment, which it hands on to its children.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

MARK = "WEBWORK_DEMO_ID"
"""The variable by which a process is known as one of ours."""

SECONDS_TO_LEAVE = 3.0
"""How long a process may take to leave after SIGTERM."""


class Processes:
    """The programs of one demo, for as long as the ``with`` block lasts.

    :param home: the home and working directory of the programs; nothing of the person's own is read or written.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.mark = uuid.uuid4().hex
        self._started: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(
        self, command: Sequence[str], *, log: Path, environment: Mapping[str, str] | None = None
    ) -> subprocess.Popen[bytes]:
        """Start a program in a session of its own.

        :param log: the file that is given what it prints.
        :param environment: variables besides those of :meth:`environment`.
        """
        with log.open("wb") as output:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.home,
                env={**self.environment(os.environ), **(environment or {})},
                start_new_session=True,
            )
        self._started.append(process)
        return process

    def environment(self, own: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the programs: our own, without what would lead Airflow elsewhere."""
        kept = {
            name: value
            for name, value in own.items()
            if not name.startswith(("AIRFLOW", "_AIRFLOW", "WEBWORK")) and not name.lower().endswith("_proxy")
        }
        return {
            **kept,
            MARK: self.mark,
            "HOME": str(self.home),
            "AIRFLOW_HOME": str(self.home),
            "TMPDIR": str(self.home),
            "PYTHONUNBUFFERED": "1",
            # Without it setproctitle, which Airflow uses, would overwrite the environment that shows our mark
            # (https://github.com/dvarrazzo/py-setproctitle#environment-variables).
            "SPT_NOENV": "1",
        }

    def living(self) -> list[psutil.Process]:
        """Return every process that carries our mark, whoever started it."""
        return list(_marked(self.mark))

    def stop(self) -> None:
        """Ask every process to leave, end those that stay, and return when there is none."""
        with _uninterrupted():
            until = time.monotonic() + SECONDS_TO_LEAVE
            _send(self.living(), signal.SIGTERM)
            while time.monotonic() < until and self._reap():
                time.sleep(0.05)
            # A process may start another one while we look: end them until there is none.
            while living := self._reap():
                _send(living, signal.SIGKILL)
                time.sleep(0.05)
            for process in self._started:
                process.wait()  # one may have died after it was last asked

    def _reap(self) -> list[psutil.Process]:
        for process in self._started:
            process.poll()
        return self.living()


def free_ports(count: int) -> tuple[int, ...]:
    """Return ports that nobody listens on, on any address of the machine."""
    with ExitStack() as stack:
        listeners = [stack.enter_context(socket.create_server(("", 0))) for _ in range(count)]
        return tuple(listener.getsockname()[1] for listener in listeners)


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of this machine's loopback address."""
    with suppress(OSError), socket.create_server(("127.0.0.1", port)):
        return True
    return False


def lost_a_child(process: subprocess.Popen[bytes]) -> bool:
    """Whether a program that a running program started has ended unnoticed."""
    with suppress(psutil.Error):
        return any(child.status() == psutil.STATUS_ZOMBIE for child in psutil.Process(process.pid).children())
    return False


def _marked(mark: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        # Processes of other people cannot be looked into, and others end while we look.
        with suppress(psutil.Error, OSError):
            if process.environ().get(MARK) == mark and process.status() != psutil.STATUS_ZOMBIE:
                yield process


def _send(processes: Sequence[psutil.Process], number: signal.Signals) -> None:
    for process in processes:
        with suppress(psutil.Error):
            process.send_signal(number)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let nobody's impatience leave half of the processes behind: stopping takes seconds."""
    try:
        before = {
            number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        }
    except ValueError:  # only the main thread may say how signals are handled
        before = {}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
