"""`airflow webwork ...` as people and programs run it; each run takes seconds, so one test looks at much."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet

from airflow_provider_webwork.cli.table import show
from airflow_provider_webwork.errors import WebWorkRequestError
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.options import OPTIONS
from tests.airflow.commands import Ended, in_process

__all__ = ["in_process"]


@pytest.fixture
def airflow(run_python):
    def run(*arguments: str, **environment: str) -> Ended:
        done: subprocess.CompletedProcess[str] = run_python("-m", "airflow", *arguments, **environment)
        assert "Traceback" not in done.stderr, done.stderr
        return Ended(done.returncode, done.stdout, done.stderr)

    return run


def test_an_event_can_be_put_into_a_log_that_does_not_exist_yet_and_the_answer_is_json(airflow, webwork_log):
    added = airflow("webwork", "events", "add", "tracker.stopped", "user_id=7", "note=a=b", "tags=[1, null]")

    assert (added.code, added.err) == (0, "")
    assert added.answer["data"] == {"user_id": 7, "note": "a=b", "tags": [1, None]}
    assert added.answer["synthetic"] is True
    assert webwork_log.events() == [added.answer]


def test_the_schema_of_the_event_log_can_be_upgraded_and_shown(in_process, webwork_log):
    current, upgraded, again = (in_process("webwork", "db", verb) for verb in ("current", "upgrade", "current"))

    name = f"The event log {webwork_log.url.removeprefix('sqlite:///')}"
    assert [ended.code for ended in (current, upgraded, again)] == [0, 0, 0]
    assert current.out == f"{name} is empty.\n"
    assert re.fullmatch(rf"{re.escape(name)} has schema revision \w+\.\n", upgraded.out)
    assert again.out == upgraded.out != current.out


def test_a_webhook_can_be_registered_from_the_first_command_on_and_the_answer_is_json(
    airflow, webwork_log, webwork_simulator
):
    webwork_simulator.fault("getWebhooks", status=503)  # asked for again, which the log tells

    made = airflow("webwork", "endpoints", "create", "payroll", "--events", "tracker.started", "--output", "json")

    assert made.code == 0
    assert "attempt 2 follows" in made.err
    assert [each["action"] for each in made.answer] == ["created"]
    (webhook,) = webwork_simulator.webhooks
    shown = made.out + made.err
    secrets = (webwork_simulator.token, webhook.token, webhook.url.rpartition("/")[2])
    assert [secret for secret in secrets if secret in shown] == []


def test_an_endpoint_can_be_told_how_often_to_expect_deliveries(in_process, webwork_log):
    in_process("webwork", "endpoints", "create", "payroll")
    hourly = in_process("webwork", "endpoints", "expect", "payroll", "1h")
    [listed] = in_process("webwork", "endpoints", "list", "-o", "json").answer
    never = in_process("webwork", "endpoints", "expect", "payroll", "never")
    [later] = in_process("webwork", "endpoints", "list", "-o", "json").answer
    wrong = [
        in_process("webwork", "endpoints", "expect", *words)
        for words in (("payroll", "10s"), ("payroll", "often"), ("other", "1h"))
    ]

    assert (hourly.code, hourly.out) == (0, "Endpoint payroll expects a delivery every 1h at least.\n")
    assert (never.code, never.out) == (0, "Endpoint payroll expects no deliveries in particular.\n")
    assert (listed["expect_every"], later["expect_every"]) == (3600, None)
    assert [each.code for each in wrong] == [2, 2, 1]
    assert [each.err.splitlines()[-1] for each in wrong] == [
        "Deliveries cannot be expected every 10 s; a minute is the least.",
        "'often' is not an age such as 12h or 90d.",
        "There is no endpoint 'other'. See `airflow webwork endpoints list`.",
    ]


def test_an_endpoint_can_be_made_registered_and_listed(in_process, webwork_log, webwork_simulator):
    create = ("webwork", "endpoints", "create", "payroll")
    listing = ("webwork", "endpoints", "list", "-o")
    nothing = [in_process(*listing, form) for form in ("json", "table")]
    made, again = in_process(*create), in_process(*create, "-o", "json")
    registered = in_process(*create, "--events", "tracker.started, tracker.stopped", "-o", "json")
    too_late = in_process(*create)
    table, listed = (in_process(*listing, form) for form in ("table", "json"))

    assert [each.code for each in (*nothing, made, again, registered, table, listed)] == [0] * 7
    assert (nothing[0].answer, nothing[1].out) == ([], "There are none.\n")
    (webhook,) = webwork_simulator.webhooks
    assert made.out.splitlines()[-1] == webhook.url == again.answer["url"]
    assert registered.answer == [
        {
            "webhook_id": webhook.id,
            "endpoint": "payroll",
            "action": "created",
            "events": ["tracker.started", "tracker.stopped"],
        }
    ]
    assert (too_late.code, too_late.out) == (2, "")
    assert f"has its webhook ({webhook.id}) already" in too_late.err
    assert listed.answer == [
        {
            "endpoint": "payroll",
            "state": "active",
            "webhook_id": webhook.id,
            "webwork_conn_id": "webwork_default",
            "events": ["tracker.started", "tracker.stopped"],
            "deliveries": 0,
            "last_delivery_at": None,
            "expect_every": None,
        }
    ]
    assert all(text in table.out for text in ("payroll", "active", webhook.id, "tracker.started, tracker.stopped"))
    key = webhook.url.rpartition("/")[2]
    shown = "".join(each.out + each.err for each in (registered, too_late, table, listed))
    assert key not in shown
    assert webhook.token not in shown


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (("events", "add", "tracker.stopped", "user_id"), 2, "'user_id' is not key=value."),
        (("events", "add", " "), 2, "type: an event needs a name"),
        (("endpoints", "create", "Payroll"), 2, "endpoint: 'Payroll' is not a name."),
        (("endpoints", "create", "payroll", "--events", " , "), 2, "events must be a list"),
        (("endpoints", "create", "payroll", "--events", "a", "--conn-id", "no"), 1, "There is no connection 'no'."),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_a_mistake_ends_a_command_with_a_sentence(in_process, webwork_log, arguments, code, text):
    ended = in_process("webwork", *arguments)

    assert (ended.code, ended.out) == (code, "")
    assert text in ended.err


@pytest.mark.parametrize(
    ("line", "text"),
    [
        ("events list --since 999999d", "'999999d' is too long an age; 36500d is the most."),
        ("events list --since 0001-01-01T00:00:00+14:00", "is neither a time such as"),
        ("events list --limit 99999999999999999999", "A number is too large: "),
        ("events prune --older-than 99999999999w", "'99999999999w' is too long an age"),
        ("events show 99999999999999999999", "There is no event 99999999999999999999 in the log; it holds 1 to 1."),
        ("consumers create late --start 99999999999d", "'99999999999d' is too long an age"),
        ("consumers rewind payroll --to 99999999999999999999 --yes", "rewind takes it to a position from 0 to 1"),
        ("endpoints add-key payroll --others-expire 999999d", "'999999d' is too long an age"),
    ],
)
def test_a_number_beyond_all_limits_ends_a_command_with_a_sentence(in_process, webwork_log, line, text):
    webwork_log.add("tracker.started")
    webwork_log.consumer("payroll")

    ended = in_process("webwork", *line.split())

    assert (ended.code, ended.out) == (1 if "rewind" in line else 2, "")
    assert text in ended.err
    assert len(ended.err.splitlines()) == 1


@pytest.mark.parametrize("line", ["operations -o json", "operations", "events export"])
def test_a_reader_that_goes_away_ends_a_command_without_a_word(airflow_database, webwork_log, line):
    webwork_log.add("tracker.started")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "airflow", "webwork", *line.split()],
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
            text=True,
            timeout=280,
        )
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (1, "")


def test_an_interruption_ends_a_tail_without_a_word(in_process, webwork_log, monkeypatch):
    def sleep(seconds):
        if webwork_log.events():
            raise KeyboardInterrupt
        webwork_log.add("tracker.\x1b[2Jstarted")

    monkeypatch.setattr("airflow_provider_webwork.cli.events.time.sleep", sleep)
    ended = in_process("webwork", "events", "tail")

    assert (ended.code, ended.err) == (130, "")
    assert r"  tracker.\x1b[2Jstarted  {" in ended.out
    assert "\x1b" not in ended.out


class Typed(io.StringIO):
    """What a person types at a terminal, until Ctrl-D."""

    def isatty(self):
        return True


RESET = ("webwork", "consumers", "reset", "payroll", "-o", "json")


def test_a_question_is_asked_where_no_program_reads_the_answer_of_the_command(in_process, webwork_log, monkeypatch):
    webwork_log.consumer("payroll")
    monkeypatch.setattr("sys.stdin", Typed("y\nno\n"))
    agreed, declined = in_process(*RESET), in_process(*RESET)

    assert [each["consumer"] for each in agreed.answer] == ["payroll"]
    assert declined.out == ""
    assert (
        agreed.err
        == declined.err
        == ("Consumer payroll will forget its batches and be given every event again. Go on? [y/N] ")
    )


def test_whoever_ends_the_input_in_place_of_an_answer_is_told_that_nothing_was_changed(
    in_process, webwork_log, monkeypatch
):
    webwork_log.consumer("payroll")
    before = in_process("webwork", "consumers", "list", "-o", "json").answer
    monkeypatch.setattr("sys.stdin", Typed())
    ended = in_process(*RESET)

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[1:] == ["Nothing was changed."]
    assert in_process("webwork", "consumers", "list", "-o", "json").answer == before


def test_whoever_ends_the_input_in_place_of_a_secret_is_told_that_there_is_none(in_process, webwork_log, monkeypatch):
    def getpass(_):
        raise EOFError

    monkeypatch.setattr("sys.stdin", Typed())
    monkeypatch.setattr("airflow_provider_webwork.cli.ask.getpass", getpass)
    in_process("webwork", "endpoints", "create", "payroll")
    ended = in_process("webwork", "endpoints", "add-secret", "payroll")

    assert (ended.code, ended.out) == (2, "")
    assert ended.err.splitlines()[-1] == "The secret: there is nothing in what was typed."


@pytest.mark.parametrize(
    ("option", "value", "text"),
    [
        ("EVENT_STORE_URL", "nonsense", "[webwork] event_store_url is not an SQLAlchemy URL"),
        ("EVENT_STORE_URL", "sqlite:////no/such/folder/x.db", "is not available: unable to open database file"),
        ("POLL_INTERVAL", "often", "[webwork] poll_interval must be of type float; 'often' is not."),
        ("SECRET_KEY", "short", "is not a list of Fernet keys"),
    ],
)
@pytest.mark.usefixtures("webwork_log")
def test_a_wrong_option_ends_a_command_with_its_name(in_process, monkeypatch, option, value, text):
    monkeypatch.setenv(f"AIRFLOW__WEBWORK__{option}", value)

    ended = in_process("webwork", "endpoints", "create", "payroll")

    assert (ended.code, ended.out) == (1, "")
    assert text in ended.err


def test_a_connection_that_cannot_be_decrypted_is_not_only_said_to_be_missing(airflow, airflow_database, webwork_log):
    from airflow.models.connection import Connection
    from airflow.utils.session import create_session

    with create_session() as session:
        session.add(Connection(conn_id="encrypted", conn_type="webwork", password="canary-of-a-token"))
    other_key = {"AIRFLOW__CORE__FERNET_KEY": Fernet.generate_key().decode()}
    try:
        ended = airflow("webwork", "call", "getMembers", "--conn-id", "encrypted", **other_key)
    finally:
        with create_session() as session:
            session.query(Connection).filter_by(conn_id="encrypted").delete()

    assert (ended.code, ended.out) == (1, "")
    assert "There is no connection 'encrypted'." in ended.err
    assert "`[core] fernet_key` keeps it from being read: `airflow connections list` shows why." in ended.err


def test_batches_need_the_tables_of_airflow_only_if_there_are_any(airflow, webwork_log, tmp_path):
    empty = {"AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"sqlite:///{tmp_path / 'airflow.db'}"}
    none = airflow("webwork", "batches", "list", **empty)
    webwork_log.consumer("payroll")
    webwork_log.add("tracker.started")
    WebWorkEventsHook().claims.claim("payroll", "canary/run/claim/-1", limit=1)
    one = airflow("webwork", "batches", "list", **empty)

    assert (none.code, none.out, none.err) == (0, "There are none.\n", "")
    assert (one.code, one.out) == (1, "")
    assert one.err.startswith(
        "A database failed: OperationalError: no such table: dag_run. `airflow db check-migrations`"
    )
    assert len(one.err.splitlines()) == 1
    assert "canary" not in one.err


def test_a_connection_without_a_workspace_ends_a_command_with_a_sentence(in_process, connection, webwork_log):
    connection({"password": "canary-of-a-token", "host": "http://127.0.0.1:9/api/v2"})

    ended = in_process("webwork", "endpoints", "create", "payroll", "--events", "tracker.started")

    assert (ended.code, ended.out) == (2, "")
    assert "set workspace_id in the extra of the connection" in ended.err


def test_a_table_shows_names_as_they_are(capsys):
    show([{"endpoint": "payroll", "events": ["[bold]x[/]", "a:smile:b", "[/nothing]"]}], output="table")

    assert "[bold]x[/], a:smile:b, [/nothing]" in capsys.readouterr().out


def test_a_table_lets_nobody_drive_the_terminal(capsys):
    names = ["Eve\x1b]0;owned\x07", "\x9b2J", "\u202eevE", "\ud800", "a\nb", "Zoë 山田\u3000太郎"]
    show([{"id\x1b[2J": 7, "firstname": name, "all": [name]} for name in names], output="table")

    shown = capsys.readouterr().out
    assert {char for char in shown if not char.isprintable()} == {"\n", "\u3000"}
    written_out = [r"id\x1b[2J", r"Eve\x1b]0;owned\x07", r"\x9b2J", r"\u202eevE", r"\ud800", r"a\nb", names[-1]]
    assert [text for text in written_out if text not in shown] == []


def test_an_error_lets_nobody_drive_the_terminal(in_process, webwork_simulator, monkeypatch):
    def call(*_, **__):
        raise WebWorkRequestError("WebWork says: Eve\x1b[2J is no member.")

    monkeypatch.setattr("airflow_provider_webwork.hooks.webwork.WebWorkHook.call", call)
    ended = in_process("webwork", "call", "getMembers")

    assert (ended.code, ended.err) == (1, "WebWork says: Eve\\x1b[2J is no member.\n")


def test_the_help_of_the_receiver_names_the_options_that_it_replaces(in_process, capsys):
    with pytest.raises(SystemExit):
        in_process("webwork", "receiver", "--help")

    shown = " ".join(capsys.readouterr().out.split())
    assert "instead of the option receiver_host" in shown
    assert "instead of the option receiver_port" in shown


def test_airflow_shows_every_option(airflow):
    described = airflow("config", "list", "--section", "webwork", "--defaults")

    assert described.code == 0
    assert {option.name for option in OPTIONS} <= set(re.findall(r"^#? ?(\w+) =", described.out, re.MULTILINE))


def test_a_secret_option_may_come_from_a_command(airflow, webwork_log, tmp_path, monkeypatch):
    (tmp_path / "url").write_text(f"{webwork_log.url}_of_a_command\n")
    monkeypatch.delenv("AIRFLOW__WEBWORK__EVENT_STORE_URL")
    monkeypatch.setenv("AIRFLOW__WEBWORK__EVENT_STORE_URL_CMD", f"cat {tmp_path / 'url'}")

    path = webwork_log.url.removeprefix("sqlite:///")
    assert airflow("webwork", "db", "current").out.startswith(f"The event log {path}_of_a_command is empty")
