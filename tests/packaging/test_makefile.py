"""What `make` says on a machine where it cannot do its work."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def make(tmp_path):
    """Run make in a copy of what it reads, with nothing of this machine but its programs."""
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "constraints", tmp_path / "constraints")
    (tmp_path / "airflow_provider_webwork").mkdir()
    shutil.copy(ROOT / "airflow_provider_webwork" / "__init__.py", tmp_path / "airflow_provider_webwork")

    def run(*arguments, **environment):
        done = subprocess.run(
            ["make", *arguments],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), **environment},
            capture_output=True,
            check=False,
            text=True,
            timeout=280,
        )
        assert done.returncode == 2, done.stdout
        return done.stderr.splitlines()[0]

    return run


@pytest.mark.parametrize("target", ["demo", "test"])
def test_without_a_recent_python_it_says_which_to_install(make, tmp_path, target):
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\nexit 1\n")  # what the question for Python 3.11 ends with
    old.chmod(0o755)

    said = make(target, f"PYTHON={old}")

    assert said.startswith("No Python 3.11 or newer was found")
    assert "make PYTHON=/path/to/python" in said


def test_without_a_network_it_says_what_to_set(make, tmp_path):
    said = make("demo", f"PYTHON={sys.executable}", PIP_RETRIES="1", PIP_INDEX_URL="http://127.0.0.1:9")

    assert "set HTTPS_PROXY or PIP_INDEX_URL and run make again" in said
    assert "connection broken" in (tmp_path / ".venv" / "setup.log").read_text()


def test_an_airflow_that_it_does_not_know_is_refused_with_those_it_knows(make):
    assert make("demo", "AIRFLOW=2.9") == "There are no constraints for Airflow 2.9: AIRFLOW is 3.2, 3.3 or 3.4."
