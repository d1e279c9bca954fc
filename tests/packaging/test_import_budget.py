"""What is imported often loads little: Dag files, plugins, the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

PARSING = """
from airflow_provider_webwork.assets import webwork_events
from airflow_provider_webwork.operators.api import WebWorkCallOperator
from airflow_provider_webwork.operators.events import WebWorkClaimEventsOperator
from airflow_provider_webwork.operators.export import WebWorkExportOperator
from airflow_provider_webwork.operators.reconciliation import WebWorkReconcileEventsOperator
from airflow_provider_webwork.operators.webhooks import (
    WebWorkCreateWebhookOperator, WebWorkDeleteWebhookOperator, WebWorkUpdateWebhookOperator,
)
from airflow_provider_webwork.sensors.events import WebWorkEventSensor
WebWorkCreateWebhookOperator(task_id="a", endpoint="payroll", events=["tracker.started"])
WebWorkCreateWebhookOperator(
    task_id="b", url="https://receiver.example.com/x", events=["tracker.started"], token_variable="payroll_token"
)
WebWorkUpdateWebhookOperator(task_id="c", webhook_id="x", events=["{{ params.x }}"])
WebWorkDeleteWebhookOperator(task_id="d", url="https://receiver.example.com/x")
WebWorkEventSensor(task_id="e", types=["tracker.*"], match={"user_id": 7}, since="beginning", deferrable=True)
payroll = webwork_events("payroll", types=["tracker.stopped"])
WebWorkClaimEventsOperator(task_id="f", consumer=payroll)
WebWorkEventSensor(task_id="g", consumer=payroll)
WebWorkCallOperator(task_id="h", operation="getMember", arguments={"member_id": 7})
WebWorkExportOperator(
    task_id="i", operation="getMembers", path="s3://lake/members.parquet", format="parquet", columns={"id": "int64"}
)
WebWorkReconcileEventsOperator(task_id="j", start="{{ data_interval_start }}")
"""
OURS = "airflow_provider_webwork"
HEAVY = {
    "alembic",
    "authlib",
    "cryptography",
    "fastapi",
    "joserfc",
    "pyarrow",
    "requests",
    "rich",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "yaml",
}
HEAVY_OF_OURS = {
    f"{OURS}.{name}"
    for name in ("api.client", "api.operations", "events.log", "events.store", "events.schema", "receiver", "simulator")
}


def loaded_by(statement: str, *, after: str, home: str) -> set[str]:
    """Return the modules that a statement loads beyond those that something else loads anyway."""
    program = (
        f"import sys, json\n{after}\nbefore = set(sys.modules)\n{statement}\n"
        "print(json.dumps(sorted(set(sys.modules) - before)))"
    )
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program],
        env={name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
        | {"AIRFLOW_HOME": home},
        capture_output=True,
        check=False,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stderr
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.fixture
def home(tmp_path) -> str:
    return str(tmp_path)


def test_a_dag_file_with_operators_and_a_sensor_loads_no_library_and_no_room_behind_them(home):
    dag_file = (
        "from airflow.sdk import DAG, Asset, BaseHook, BaseOperator, BaseSensorOperator, conf, dag, task\n"
        "Asset('s3://bucket/key')"  # for its scheme Airflow looks through all providers
    )
    loaded = loaded_by(PARSING, after=dag_file, home=home)

    assert f"{OURS}.operators.webhooks" in loaded
    assert {name for name in loaded if name.split(".")[0] in HEAVY} == set()
    assert {name for name in loaded for room in HEAVY_OF_OURS if f"{name}.".startswith(f"{room}.")} == set()


def test_the_plugin_that_every_airflow_process_imports_loads_nothing_but_itself(home):
    loaded = loaded_by(
        f"from {OURS}.plugin import WebWorkPlugin; WebWorkPlugin()", after="import airflow.plugins_manager", home=home
    )

    assert {name for name in loaded if name.startswith(OURS)} - {OURS} == {f"{OURS}.plugin"}
    assert {name for name in loaded if name.split(".")[0] in HEAVY} == set()


def test_the_provider_info_is_made_without_airflow(home):
    loaded = loaded_by(f"from {OURS}.provider_info import get_provider_info; get_provider_info()", after="", home=home)

    assert f"{OURS}.options" in loaded
    assert {name.split(".")[0] for name in loaded} & (HEAVY | {"airflow"}) == set()


def test_the_commands_that_every_airflow_command_lists_load_nothing_but_their_definition(home):
    loaded = loaded_by(
        f"from {OURS}.cli.definition import get_webwork_cli_commands; get_webwork_cli_commands()",
        after="import airflow.cli.cli_config",
        home=home,
    )

    assert loaded - {OURS} == {f"{OURS}.cli", f"{OURS}.cli.definition"}
