"""Showing what goes on: a line for each step that turns while it lasts, or plain lines where no terminal is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column

Note = Callable[[str], None]
"""Shows how far a step is."""


class Display:
    """The steps of the demo, for as long as the ``with`` block lasts.

    :param console: where they are shown.
    :param clock: tells the seconds for plain lines.
    """

    def __init__(self, console: Console, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.console = console
        self._clock = clock
        self._begun = clock()
        self._live = Progress(
            SpinnerColumn("line", finished_text="[green]ok[/]", table_column=Column(min_width=2)),
            TimeElapsedColumn(table_column=Column(min_width=7)),
            TextColumn("{task.description}", table_column=Column(min_width=16)),
            TextColumn("[dim]{task.fields[note]}[/]", table_column=Column(ratio=1, overflow="fold")),
            console=console,
            disable=not console.is_terminal,
            expand=True,
        )

    @property
    def seconds(self) -> float:
        """How long the demo runs."""
        return self._clock() - self._begun

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    @contextmanager
    def step(self, title: str, what: str) -> Iterator[Note]:
        """Show a step while it lasts; several may run at once.

        :param title: two or three words.
        :param what: what goes on, until a note takes its place.
        :returns: a function that shows how far it is.
        """
        task = self._live.add_task(escape(title), total=1, note=escape(what))
        self._line(f"{title}: {what}")
        yield lambda text: self._note(task, title, text)
        self._live.update(task, completed=1)

    def _note(self, task: TaskID, title: str, text: str) -> None:
        self._live.update(task, note=escape(text))
        self._line(f"{title}: {text}")

    def _line(self, text: str) -> None:
        if not self.console.is_terminal:
            self.console.print(f"{self.seconds:5.1f} s  {text}", markup=False, highlight=False, soft_wrap=True)
