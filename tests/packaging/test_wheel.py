"""The wheel that users install: what is in it, and that it works with nothing but what it declares."""

import email
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest
import uv

import airflow_provider_webwork

pytestmark = pytest.mark.timeout(1_200)  # the first of these tests installs Airflow, perhaps from far away

ROOT = Path(__file__).parents[2]
PACKAGE = "airflow_provider_webwork"

# Run by path, never imported: Alembic's environment and revisions, and what `python -m` starts.
NOT_IMPORTED = re.compile(r"/migrations/|/__main__\.py$")
# What serves users' own tests may need what runs them.
NEEDED_BY = {
    "airflow_provider_webwork.receiver.prometheus": "prometheus_client",
    "airflow_provider_webwork.testing": "pytest",
}

IMPORT_EACH = """
import importlib, json, sys
missing = {}
for name in json.load(sys.stdin):
    try:
        importlib.import_module(name)
    except ModuleNotFoundError as error:
        missing[name] = error.name
print(json.dumps(missing))
"""
LOAD_ENTRY_POINTS = """
import json
from importlib.metadata import distribution
print(json.dumps({point.group: repr(point.load()) for point in distribution("airflow-provider-webwork").entry_points}))
"""


@dataclass(frozen=True)
class Wheel:
    """A built wheel, opened."""

    path: Path
    names: frozenset[str]
    metadata: Message

    @property
    def modules(self) -> list[str]:
        """The names of the modules that somebody may import."""
        files = [name for name in self.names if name.endswith(".py") and not NOT_IMPORTED.search(name)]
        return sorted(name.removesuffix(".py").removesuffix("/__init__").replace("/", ".") for name in files)


@dataclass(frozen=True)
class Installation:
    """A virtual environment with the wheel, what it declares, and an Airflow home of its own."""

    bin: Path
    home: Path

    def run(self, *command: str, stdin: str = "") -> str:
        """Run a program of the environment and return its output."""
        done = subprocess.run(
            [self.bin / command[0], *command[1:]],
            cwd=self.home,
            env=self._environment(),
            input=stdin,
            capture_output=True,
            check=False,
            text=True,
            timeout=280,
        )
        assert done.returncode == 0, done.stderr[-4000:]
        return done.stdout

    def _environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AIRFLOW", "PYTHON"))}
        return kept | {"AIRFLOW_HOME": str(self.home)}


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Wheel:
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(build, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = frozenset(archive.namelist())
        (described,) = [name for name in names if name.endswith(".dist-info/METADATA")]
        return Wheel(path=path, names=names, metadata=email.message_from_bytes(archive.read(described)))


@pytest.fixture(scope="session")
def installation(wheel, tmp_path_factory) -> Installation:
    folder = tmp_path_factory.mktemp("installation")
    minor = ".".join(metadata.version("apache-airflow").split(".")[:2])
    constraints = ROOT / "constraints" / f"airflow-{minor}.txt"
    python = folder / "venv" / "bin" / "python"
    for command in (
        ["venv", "--quiet", "--python", sys.executable, folder / "venv"],
        ["pip", "install", "--quiet", "--python", python, "-c", constraints, wheel.path],
    ):
        done = subprocess.run([uv.find_uv_bin(), *command], check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    home = folder / "airflow"
    home.mkdir()
    return Installation(bin=python.parent, home=home)


def test_the_wheel_holds_every_file_of_the_package_and_nothing_else(wheel):
    written = {
        str(path.relative_to(ROOT))
        for path in (ROOT / PACKAGE).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    packed = {name for name in wheel.names if ".dist-info/" not in name}

    assert packed == written


@pytest.mark.parametrize("name", ["py.typed", "api/operations.yaml", "events/migrations/env.py"])
def test_the_wheel_holds_what_is_not_found_by_imports(wheel, name):
    assert f"{PACKAGE}/{name}" in wheel.names


def test_the_metadata_says_which_version_python_and_licence(wheel):
    described = wheel.metadata

    assert described["Name"] == "airflow-provider-webwork"
    assert described["Version"] == airflow_provider_webwork.__version__
    assert described["Requires-Python"] == ">=3.11"
    assert described["License-Expression"] == "Apache-2.0"
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel.names)


def test_every_module_imports_with_nothing_but_what_the_wheel_declares(wheel, installation):
    # -I keeps the working folder and PYTHONPATH out, so that nothing is found but what was installed.
    python = ["python", "-I", "-W", "error::ImportWarning", "-c", IMPORT_EACH]

    missing = json.loads(installation.run(*python, stdin=json.dumps(wheel.modules)).splitlines()[-1])

    assert len(wheel.modules) > 1
    assert {name: module for name, module in missing.items() if NEEDED_BY.get(name) != module} == {}


def test_what_the_wheel_announces_to_airflow_can_be_loaded(installation):
    loaded = json.loads(installation.run("python", "-I", "-c", LOAD_ENTRY_POINTS).splitlines()[-1])

    assert set(loaded) == {"apache_airflow_provider", "airflow.plugins"}


def test_airflow_lists_the_installed_provider(installation):
    listed = json.loads(installation.run("airflow", "providers", "list", "--output", "json").splitlines()[-1])

    versions = {provider["package_name"]: provider["version"].strip() for provider in listed}
    assert versions["airflow-provider-webwork"] == airflow_provider_webwork.__version__
