"""A real Airflow with the receiver mounted in its API server, and a WebWork that delivers to it."""

import json
import secrets
import shutil
import subprocess
import sys
from base64 import b64encode
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest

from airflow_provider_webwork.simulator import DeliveryShape, Simulator
from demo.processes import Processes
from demo.standalone import Standalone
from tests.server.canaries import decrypted_triggers, every_file, every_value, found
from tests.server.site import REGISTER, AirflowSite

REPOSITORY = Path(__file__).parents[2]
WAIT = "example_wait_for_event"
DAGS = (REGISTER, WAIT, "impatient", "note", "wrong_token")

# Run by a process of its own: importing Airflow decides once for all where its home is.
SHOW_OBJECTS = """
import logging, sys, traceback
logging.basicConfig(level=logging.DEBUG, stream=sys.stdout)
from airflow_provider_webwork.errors import WebWorkAuthError
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.webwork import WebWorkHook

hook, log = WebWorkHook(), WebWorkEventsHook()
print(hook.client.settings, repr(hook.client.settings), hook.client.settings.auth)
print(hook, hook.client, hook.webhooks, list(hook.webhooks.list()), vars(hook))
print(list(hook.list_webhooks()), hook.test_connection(), hook.call("getWebhooks"))
print(log, vars(log), log.settings, log.store, log.event_log, log.endpoints, log.endpoints.list())
print(log.list_endpoints(), list(log.read()))
try:
    WebWorkHook("webwork_wrong").call("getWebhooks")
except WebWorkAuthError as error:
    print(error, repr(error), vars(error), traceback.format_exc())
print(WebWorkHook("webwork_wrong").test_connection())
"""


@pytest.fixture(scope="module")
def airflow_site(tmp_path_factory):
    """Airflow with both example Dags and those of the tests, where the first example has run."""
    home = tmp_path_factory.mktemp("airflow")
    shutil.copytree(REPOSITORY / "example_dags", home / "dags" / "examples")
    shutil.copytree(Path(__file__).parent / "dags", home / "dags" / "tests")
    log_url = f"sqlite:///{home / 'events.db'}"
    options = {
        "webwork": {
            "event_store_url": log_url,
            "receiver_enabled": "True",
            "receiver_base_url": "http://127.0.0.1:{port}/webwork",
        },
        "scheduler": {"scheduler_idle_sleep_time": "0.2", "trigger_timeout_check_interval": "1"},
    }
    with (
        Simulator(token=secrets.token_urlsafe(24), shape=DeliveryShape(proof="body")) as webwork,
        Processes(home) as processes,
    ):
        airflow = Standalone(processes, dags_folder=home / "dags", options=options)
        airflow.configure()
        airflow.start()
        api = airflow.wait_until_healthy()
        site = AirflowSite(airflow, api, webwork, processes, log_url, wrong_token=secrets.token_urlsafe(24))
        api.create_connection(site.connection())
        api.create_connection(site.connection("webwork_wrong", password=site.wrong_token))
        site.wait("Airflow to read the Dags", lambda: all(map(api.has_dag, DAGS)))
        assert api.import_errors() == []
        for dag_id in DAGS:
            api.unpause(dag_id)
        site.register()
        yield site
        api.close()


@pytest.fixture(scope="module")
def planted(airflow_site):
    """A control text, planted wherever the secrets are looked for; and all triggers while a task was deferred."""
    site, control = airflow_site, f"control-{secrets.token_hex(8)}"
    site.deliver(f"{site.callback}{control}")
    site.api.has_dag(control)  # a path in the access log
    site.register()
    failing = site.api.trigger("wrong_token")
    run_id, _ = site.deferred("note", note=control)
    triggers = decrypted_triggers(site.airflow.home)
    token = site.webwork.webhooks[0].token
    data = {"note": control, "callback": site.callback, "said": [token]}
    assert site.deliver(site.callback, event="note.left", data=data, token=token).status_code == 200
    assert site.finish("note", run_id, "echo")[0]["data"]["note"] == control
    assert site.task("wrong_token", failing, "register")["state"] == "failed"
    return Planted(control, triggers=triggers, run_id=run_id, failing=failing)


@dataclass(frozen=True)
class Planted:
    control: str
    triggers: str
    run_id: str
    failing: str


def test_the_connection_made_over_the_rest_api_tests_fine(airflow_site):
    works, message = airflow_site.api.test_connection(airflow_site.connection())
    assert works, message
    works, message = airflow_site.api.test_connection(airflow_site.connection("webwork_wrong"))
    assert works, message


def test_the_first_example_registers_a_webhook_whose_deliveries_reach_the_mounted_receiver(airflow_site):
    assert airflow_site.callback.startswith(f"{airflow_site.airflow.url}/webwork/hooks/")
    events, deliveries = len(airflow_site.events()), len(airflow_site.webwork.deliveries)
    airflow_site.webwork.start_tracker(3)
    airflow_site.webwork.stop_tracker(3)
    made = airflow_site.webwork.wait_for_deliveries(deliveries + 2)[deliveries:]
    assert [delivery.status for delivery in made] == [200, 200]
    stored = airflow_site.events()[events:]
    assert {event["type"] for event in stored} == {"tracker.started", "tracker.stopped"}
    assert {event["user_id"] for event in stored} == {3}
    assert {event["endpoint"] for event in stored} == {"example"}


def test_a_delivery_makes_the_deferred_task_succeed_with_exactly_that_event(airflow_site):
    run_id, waiting = airflow_site.deferred(WAIT, user_id=11)
    assert waiting["trigger"]["classpath"].endswith("WebWorkEventTrigger")
    other = airflow_site.deliver(airflow_site.callback, event="tracker.stopped", data={"user_id": 12, "day": 1})
    answer = airflow_site.deliver(airflow_site.callback, event="tracker.stopped", data={"user_id": 11, "day": 1})
    assert (other.status_code, answer.status_code) == (200, 200)
    returned = airflow_site.finish(WAIT, run_id, "wait")
    assert returned == [event for event in airflow_site.events() if event["id"] == answer.json()["event_id"]]
    assert returned[0]["data"]["user_id"] == 11


def test_the_second_example_goes_on_when_its_member_stops_the_tracker(airflow_site):
    run_id, _ = airflow_site.deferred(WAIT)
    airflow_site.webwork.start_tracker(7)
    airflow_site.webwork.stop_tracker(7)
    airflow_site.task(WAIT, run_id, "report", states={"success"})
    assert any("Member 7 stopped the tracker" in line for line in airflow_site.api.log(WAIT, run_id, "report"))


def test_running_the_first_example_again_leaves_one_webhook_and_calls_it_unchanged(airflow_site):
    before = airflow_site.webwork.webhooks
    run_id = airflow_site.register()
    first = airflow_site.api.xcom(REGISTER, run_id, "register")
    airflow_site.clear(REGISTER, run_id, "register")
    second = airflow_site.finish(REGISTER, run_id, "register", try_number=2)
    assert (
        first
        == second
        == {
            "webhook_id": before[0].id,
            "endpoint": "example",
            "action": "unchanged",
            "events": ["tracker.started", "tracker.stopped"],
        }
    )
    assert airflow_site.webwork.webhooks == before


def test_a_cleared_sensor_returns_the_same_event_again_although_newer_ones_match(airflow_site):
    run_id, _ = airflow_site.deferred(WAIT, user_id=21)
    airflow_site.deliver(airflow_site.callback, event="tracker.stopped", data={"user_id": 21, "day": 1})
    first = airflow_site.finish(WAIT, run_id, "wait")
    airflow_site.deliver(airflow_site.callback, event="tracker.stopped", data={"user_id": 21, "day": 2})
    airflow_site.clear(WAIT, run_id, "wait")
    assert airflow_site.finish(WAIT, run_id, "wait", try_number=2) == first
    assert first[0]["data"]["day"] == 1


def test_a_sensor_that_waited_too_long_fails_and_with_soft_fail_is_skipped(airflow_site):
    run_id = airflow_site.api.trigger("impatient")
    logs = {}
    for task_id, state in (("fails", "failed"), ("skips", "skipped")):
        ended = airflow_site.task("impatient", run_id, task_id)["state"]
        logs[task_id] = "\n".join(airflow_site.api.log("impatient", run_id, task_id))
        assert ended == state, logs[task_id]
    assert "AirflowSensorTimeout" in logs["fails"]


def test_no_callback_key_is_in_the_access_log_of_the_api_server(airflow_site):
    unknown, control = secrets.token_urlsafe(32), f"control-{secrets.token_hex(8)}"
    known = airflow_site.callback.rpartition("/")[2]
    base = airflow_site.callback.removesuffix(known)
    assert airflow_site.deliver(base + known, event="note.left").status_code == 200
    for wrong in (f"{base}{unknown}", f"{base}{unknown}/more", f"{base[:-1]}//{unknown}?key={unknown}"):
        assert airflow_site.deliver(wrong, event="note.left").status_code == 404
    airflow_site.api.has_dag(control)
    log = airflow_site.airflow.log
    airflow_site.wait("the control in the access log", lambda: control in log.read_text())
    shown = log.read_text()
    assert "path=/webwork/hooks/***" in shown
    assert known not in shown
    assert unknown not in shown


def of_logs(site, planted):
    return every_file(site.airflow.home / "logs")


def of_output(site, planted):
    return site.wait(
        "the access log", lambda: text if planted.control in (text := site.airflow.log.read_text()) else ""
    )


def of_returned_values(site, planted):
    return every_value(site.airflow.home / "airflow.db")["xcom"]


def of_rendered_fields(site, planted):
    return every_value(site.airflow.home / "airflow.db")["rendered_task_instance_fields"]


def of_triggers_while_deferred(site, planted):
    return planted.triggers


def of_airflow_database(site, planted):
    return "\n".join(every_value(site.airflow.home / "airflow.db").values())


def of_event_log(site, planted):
    files = [path.read_bytes().decode("latin-1") for path in sorted(site.airflow.home.glob("events.db*"))]
    return "\n".join([*every_value(site.airflow.home / "events.db").values(), *files])


def of_task_page(site, planted):
    shown = [site.api.tasks("note", planted.run_id), site.api.tasks("wrong_token", planted.failing)]
    return json.dumps([shown, site.api.run("note", planted.run_id)])


@pytest.mark.parametrize(
    "place",
    [
        of_logs,
        of_output,
        of_returned_values,
        of_rendered_fields,
        of_triggers_while_deferred,
        of_airflow_database,
        of_event_log,
        of_task_page,
    ],
)
def test_no_secret_is_found_where_airflow_or_the_provider_keep_or_show_things(airflow_site, planted, place):
    text = place(airflow_site, planted)
    assert planted.control in text
    assert found(airflow_site.secrets, text) == set()


def test_every_secret_would_be_found_in_whichever_form_it_is_written(airflow_site):
    for name, secret in airflow_site.secrets.items():
        in_url, in_header = quote(secret, safe=""), [b64encode(f"{'u' * n}:{secret}".encode()) for n in range(3)]
        for text in (secret, f"https://x/?a={in_url}", json.dumps({"a": secret}), *map(bytes.decode, in_header)):
            assert found(airflow_site.secrets, text) == {name}


def test_a_call_with_a_wrong_token_says_401_in_the_log_of_its_task_and_not_the_token(airflow_site, planted):
    lines = "\n".join(airflow_site.api.log("wrong_token", planted.failing, "register"))
    assert "WebWorkAuthError" in lines
    assert "401" in lines
    assert found(airflow_site.secrets, lines) == set()


def test_no_object_error_or_debug_log_shows_a_secret(airflow_site, planted):
    """Outside of tasks, where Airflow masks nothing."""
    connections = (
        airflow_site.connection(),
        airflow_site.connection("webwork_wrong", password=airflow_site.wrong_token),
    )
    environment = {
        f"AIRFLOW_CONN_{fields.pop('connection_id').upper()}": json.dumps(
            {**fields, "extra": json.loads(fields["extra"])}
        )
        for fields in connections
    }
    shown = subprocess.run(
        [sys.executable, "-c", SHOW_OBJECTS],
        env={**airflow_site.processes.environment({}), **environment},
        cwd=airflow_site.airflow.home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert shown.returncode == 0, shown.stderr
    for control in (planted.control, airflow_site.webwork.base_url_v2, airflow_site.webwork.webhooks[0].id, "401"):
        assert control in shown.stdout
    assert found(airflow_site.secrets, shown.stdout + shown.stderr) == set()
