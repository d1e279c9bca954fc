"""The page that shows what was measured: each table stands between its own two comments."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"

_PAGE = DOCS / "benchmarks.md"
_END = "<!-- end -->"


def write(subject: str, found: str, *, module: str, machine: str) -> None:
    """Replace the figures of a subject by what was found now.

    :param found: a table, and what there is to say about it.
    :param module: what measured it, with the arguments of this process.
    """
    begin = f"<!-- figures of {subject} -->"
    before, mark, rest = _PAGE.read_text().partition(begin)
    _, _, after = rest.partition(_END)
    if not mark:
        raise SystemExit(f"{_PAGE} has no line {begin}")
    command = shlex.join(["python", "-m", module, *sys.argv[1:]])
    _PAGE.write_text(f"{before}{begin}\n`{command}`, {machine}.\n\n{found}{_END}{after}")
