"""What is committed names no machine and no package index, and writes each fact once."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

import airflow_provider_webwork

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "airflow_provider_webwork"
MAX_LINES = 400

LOCK_FILES = {"uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "package-lock.json", "yarn.lock"}
MACHINE_PATH = re.compile(r"(?<![\w.~/-])/(?:root|work|home/[\w-]+)/")
INDEX_ADDRESS = re.compile(r"://\S+/simple(?=[/\s]|$)|py[p]i\.org|python[h]osted\.org|npm[j]s\.(?:com|org)")


def committed_files() -> list[Path]:
    """Return what a commit of everything would hold."""
    listed = subprocess.run(
        ["git", "-c", f"safe.directory={ROOT}", "ls-files", "-co", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def committed_texts() -> dict[str, str]:
    """Return the text of every committed file that is text, by its path in the tree."""
    texts = {}
    for path in committed_files():
        content = path.read_bytes()
        if b"\0" not in content:
            texts[str(path.relative_to(ROOT))] = content.decode()
    return texts


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def python_minors(names: list[str]) -> list[int]:
    return sorted(int(found[1]) for name in names if (found := re.search(r"3\.(\d+)$", name)))


def test_no_committed_file_names_a_path_of_somebodys_machine():
    found = [
        f"{name}:{number}: {line.strip()}"
        for name, text in committed_texts().items()
        for number, line in enumerate(text.splitlines(), start=1)
        if MACHINE_PATH.search(line)
    ]

    assert found == []


def test_no_committed_file_names_a_package_index():
    assert [name for name, text in committed_texts().items() if INDEX_ADDRESS.search(text)] == []


def test_machine_paths_and_indexes_are_recognised():
    # Put together here, or the two tests above would find them in this file.
    assert MACHINE_PATH.search("cache-dir = " + "/".join(["", "home", "member-7", "cache"]))
    assert not MACHINE_PATH.search("https://hooks.example/work/7")
    assert INDEX_ADDRESS.search("https:" + "//packages.example/simple/")


def test_no_lock_file_is_committed():
    names = [path.name for path in committed_files()]

    assert [name for name in names if name in LOCK_FILES or name.startswith("pylock.")] == []


@pytest.mark.parametrize("minor", ["3.2", "3.3", "3.4"])
def test_constraints_pin_names_and_versions_and_nothing_else(minor):
    lines = (ROOT / "constraints" / f"airflow-{minor}.txt").read_text().splitlines()
    pin = re.compile(r"[a-z0-9-]+==[\w.+!]+( ; [\w.]+ .+)?")

    assert any(line.startswith(f"apache-airflow=={minor}.") for line in lines)
    assert [line for line in lines if not pin.fullmatch(line) or "://" in line] == []


def test_constraints_pin_every_dependency_that_the_project_declares():
    declared = project()["project"]["dependencies"] + project()["dependency-groups"]["dev"]
    for extra in project()["project"]["optional-dependencies"].values():
        declared += extra
    names = {re.match(r"[\w-]+", requirement)[0].lower() for requirement in declared}

    for path in (ROOT / "constraints").glob("*.txt"):
        pinned = {line.partition("==")[0] for line in path.read_text().splitlines()}
        assert names - pinned == set(), f"run make lock: {path.name} lacks them"


def test_the_project_file_names_no_address_but_its_own_links():
    settings = project()
    settings["project"].pop("urls", None)

    assert "://" not in repr(settings)


def test_every_python_file_of_the_package_is_read_in_one_sitting():
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text().splitlines())
        for path in committed_files()
        if path.suffix == ".py" and path.is_relative_to(PACKAGE)
    }

    assert len(lengths) > 1
    assert {name: length for name, length in lengths.items() if length > MAX_LINES} == {}


def test_the_version_is_written_once():
    version = airflow_provider_webwork.__version__
    # When an option came is history, which does not move with the version.
    written = re.compile(rf"^(?!.*version_added).*(?<![\w.]){re.escape(version)}(?![\w.])", re.MULTILINE)
    not_ours = ("constraints/", "tests/", "CHANGELOG.md")

    places = [
        name for name, text in committed_texts().items() if written.search(text) and not name.startswith(not_ours)
    ]

    assert "version" in project()["project"]["dynamic"]
    assert places == ["airflow_provider_webwork/__init__.py"]


def test_every_place_that_speaks_of_python_versions_says_the_same():
    settings = project()
    minors = python_minors(settings["project"]["classifiers"])
    oldest = f"3.{minors[0]}"
    candidates = re.search(r"\$\(PYTHON\),([^)]*)", (ROOT / "Makefile").read_text())[1].split()

    assert minors == list(range(minors[0], minors[-1] + 1))
    assert settings["project"]["requires-python"] == f">={oldest}"
    assert settings["tool"]["mypy"]["python_version"] == oldest
    assert settings["tool"]["ruff"]["target-version"] == f"py{oldest.replace('.', '')}"
    assert python_minors(candidates) == minors
