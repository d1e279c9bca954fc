"""Packages that are measured beside ours, each in a virtual environment that is thrown away."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.subjects import ROOT, UnavailableError

_PINS = ROOT / "constraints" / "airflow-3.3.txt"


def environment(folder: Path, *packages: str) -> Path:
    """Make a virtual environment with the newest versions of some packages, and return its interpreter.

    :raises UnavailableError: if they cannot be installed here.
    """
    python = folder / "bin" / "python"
    uv = [sys.executable, "-m", "uv"]
    for command in (
        ["venv", "--python", sys.executable, str(folder)],
        ["pip", "install", "--python", str(python), "--constraint", str(_PINS), *packages],
    ):
        done = subprocess.run([*uv, *command], capture_output=True, check=False, text=True)
        if done.returncode:
            raise UnavailableError(f"cannot be installed here: {done.stderr.strip().splitlines()[-1]}")
    return python


def version(python: Path, package: str) -> str:
    """Return the version of a package in an environment."""
    code = f"from importlib.metadata import version; print(version({package!r}))"
    return subprocess.run([python, "-c", code], capture_output=True, check=True, text=True).stdout.strip()
