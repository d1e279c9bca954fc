"""What is left of files after a power loss, at any moment of a process that wrote to them.

A small library written in C is preloaded into the process and records what it does to the files of one folder, so
that everything else in it, SQLite and its driver included, is what runs in production.
"""

import os
import shutil
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import pytest

SOURCE = Path(__file__).with_suffix(".c")

NO_STORAGE = ("-shm", ".lock")
"""The ends of the names of files that keep nothing: what SQLite uses as memory (https://sqlite.org/walformat.html),
and what only a lock is taken on."""

TOLD = "told"
"""The file in the folder whose lines are no data, but what the process said to the world."""


def recorder(folder):
    """Compile the library that records, into a folder, and return its path."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("there is no C compiler")
    library = folder / "power_loss.so"
    subprocess.run([compiler, "-O1", "-shared", "-fPIC", "-o", library, SOURCE, "-ldl", "-lpthread"], check=True)
    return library


def record(library, folder, module, arguments):
    """Run a Python module to its end and return what it did to the files of a folder.

    That it is all that was done is checked: done again, step by step, it makes the same files.
    """
    written = folder.with_suffix(".record")
    recorded = {"LD_PRELOAD": str(library), "LOSABLE": str(folder), "RECORD": str(written)}
    paths = {"PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-m", module, *arguments], env=os.environ | recorded | paths, check=True)
    steps = list(_steps(written))
    disk = Disk()
    for step in steps:
        disk.apply(step)
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert disk.seen() == {name: files[name] for name in files if name != TOLD and not name.endswith(NO_STORAGE)}
    return steps


@dataclass(frozen=True)
class Step:
    """One thing that a process did: w(rite), c(ut), s(ync) or r(emove)."""

    kind: str
    name: str
    offset: int = 0
    data: bytes = field(default=b"", repr=False)

    def apply(self, content):
        """Do to the content of a file what the step did."""
        if self.kind == "c":
            del content[self.offset :]
            content.extend(bytes(self.offset - len(content)))
        else:
            content.extend(bytes(max(0, self.offset - len(content))))
            content[self.offset : self.offset + len(self.data)] = self.data


class Disk:
    """The files of a folder: what a power loss leaves of them, and what it may take.

    A sync of a file keeps its content; a sync of the folder keeps which files there are.
    """

    def __init__(self):
        self.told = []
        self._losable = defaultdict(list)
        self._synced = {}
        self._entries = {}
        self._kept_entries = {}

    def apply(self, step):
        if step.name == TOLD:
            self.told += step.data.decode().split()
        elif step.kind == "s" and step.name == ".":
            self._kept_entries = dict(self._entries)
        elif step.kind == "r":
            self._entries.pop(step.name, None)
        else:
            # A file that is made anew under the name of a removed one is another file.
            file = self._entries.setdefault(step.name, object())
            if step.kind == "s":
                for each in self._losable.pop(file, ()):
                    each.apply(self._synced.setdefault(file, bytearray()))
            else:
                self._losable[file].append(step)

    def left(self, survivor=lambda _: None, *, entries=False):
        """Return the content of each file after a power loss.

        :param survivor: what the disk happened to do all the same of a step that was not synced; ``None`` for nothing.
        :param entries: whether the disk happened to do what makes and removes files.
        """
        names = self._entries if entries else self._kept_entries
        return {name: self._content(file, survivor) for name, file in names.items()}

    def seen(self):
        """Return the content of each file as the processes of the machine see it."""
        return self.left(lambda step: step, entries=True)

    def _content(self, file, survivor):
        content = bytearray(self._synced.get(file, b""))
        for step in self._losable.get(file, ()):
            if (done := survivor(step)) is not None:
                done.apply(content)
        return bytes(content)


def _steps(written):
    with written.open("rb") as lines:
        while line := lines.readline():
            kind, offset, length, name = line.decode().split(maxsplit=3)
            step = Step(kind, name.strip(), int(offset), lines.read(int(length)))
            if not step.name.endswith(NO_STORAGE):
                yield step
