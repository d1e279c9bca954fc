"""The README says nothing that is not so."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import pytest

from airflow_provider_webwork.options import OPTIONS
from docs.sections import with_table

ROOT = Path(__file__).parents[2]
PACKAGE = "airflow_provider_webwork"
README = (ROOT / "README.md").read_text()
PIPELINES = (ROOT / "docs" / "pipelines.md").read_text()
ROTATION = (ROOT / "docs" / "rotation.md").read_text()
RECONCILIATION = (ROOT / "docs" / "reconciliation.md").read_text()
DOCTOR = (ROOT / "docs" / "doctor.md").read_text()
WEBHOOKS = (ROOT / "docs" / "webhooks.md").read_text()

PAGES = (README, PIPELINES, ROTATION, RECONCILIATION, DOCTOR, WEBHOOKS)


def blocks(language: str, page: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page, re.DOTALL)


@pytest.mark.parametrize(
    ("page", "dag_id", "tasks"),
    [
        (README, "close_the_day", {"wait", "book"}),
        (PIPELINES, "book_hours", {"claim", "book"}),
        (ROTATION, "rotate_payroll", {"rotate"}),
        (RECONCILIATION, "reconcile", {"reconcile"}),
        (WEBHOOKS, "register_webhooks", {"payroll"}),
    ],
    ids=["README", "pipelines", "rotation", "reconciliation", "webhooks"],
)
def test_the_first_example_is_a_dag_that_airflow_takes(tmp_path: Path, page: str, dag_id: str, tasks: set[str]) -> None:
    from airflow.dag_processing.dagbag import DagBag

    (tmp_path / "example.py").write_text(blocks("python", page)[0])
    bag = DagBag(tmp_path, bundle_path=tmp_path, bundle_name="readme")
    assert bag.import_errors == {}
    assert set(bag.dags[dag_id].task_ids) == tasks


def test_the_first_screen_holds_a_sentence_a_dag_of_about_15_lines_and_the_two_commands() -> None:
    assert len([line for line in blocks("python")[0].splitlines() if line.strip()]) <= 15
    commands = [line.split("#")[0].strip() for line in blocks("bash")[0].splitlines()]
    assert commands == ["make demo", "make test"]
    assert README.index("make test") < 2_000


@pytest.mark.parametrize("name", sorted(set(re.findall(r"\bmake ([a-z]+)\b(?= |`|\n)", README)) & {"demo", "test"}))
def test_every_make_target_exists(name: str) -> None:
    assert re.search(rf"^{name}:", (ROOT / "Makefile").read_text(), re.MULTILINE)


COMMANDS = sorted(set(re.findall(r"[`\n](airflow webwork [^`.\n]+)[`\n]", "".join(PAGES))) - {"airflow webwork ..."})


@pytest.mark.parametrize("line", COMMANDS)
def test_every_command_is_one_that_airflow_parses(line: str) -> None:
    from airflow.cli.cli_parser import get_parser

    arguments = get_parser().parse_args(shlex.split(line)[1:])
    assert callable(arguments.func)


def test_every_option_exists() -> None:
    known = {option.name for option in OPTIONS}
    named = {name.lower() for name in re.findall(r"AIRFLOW__WEBWORK__([A-Z_]+)", README)}
    named |= set(re.findall(r"\[webwork\] ([a-z_]+)", README))
    assert len(named) >= 4
    assert named <= known


def test_every_class_exists() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "airflow_provider_webwork").rglob("*.py"))
    names = set(
        re.findall(r"\bWebWork[A-Z]\w+(?:Operator|Sensor|Hook)\b|\bWebWorkHook\b", README + PIPELINES + ROTATION)
    )
    assert len(names) >= 6
    for name in names:
        assert f"class {name}(" in source


MODULES = [
    (module, name)
    for names, module in re.findall(r"^\| (`\w+`(?:, `\w+`)*) \| `([a-z.]+)` \|", README, re.MULTILINE)
    for name in re.findall(r"\w+", names)
]


@pytest.mark.parametrize(("module", "name"), MODULES)
def test_everything_for_dags_is_in_the_module_that_is_said(module: str, name: str) -> None:
    assert hasattr(import_module(f"{PACKAGE}.{module}"), name)


def test_every_operator_hook_and_sensor_is_said_to_be_in_a_module() -> None:
    paths = [path for room in ("hooks", "operators", "sensors") for path in (ROOT / PACKAGE / room).glob("*.py")]
    public = {name for path in paths for name in re.findall(r"^class (WebWork\w+)\(", path.read_text(), re.MULTILINE)}

    assert {name for _, name in MODULES} == public - {"WebWorkTaskError"} | {"webwork_events"}


def test_the_sections_of_the_api_are_those_of_the_catalogue() -> None:
    assert "| tasks | 8 | 5 |" in README
    assert with_table(README) == README, "run make readme"
    assert with_table(README.replace("| tasks | 8 |", "| tasks | 9 |")) == README


def test_every_metric_is_one_that_is_counted() -> None:
    source = "\n".join(path.read_text() for path in (ROOT / "airflow_provider_webwork").rglob("*.py"))
    told = set(re.findall(r"`(webwork\.[a-z_]+)`", PIPELINES))

    assert told == set(re.findall(r'Stats\.\w+\(\s*"(webwork\.[a-z_]+)"', source))
