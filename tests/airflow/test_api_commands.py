"""`airflow webwork call` and `operations`: any operation from a terminal, and no secret in what is shown."""

from __future__ import annotations

import contextlib
import io
import shlex

import pytest

from tests.airflow.commands import Ended

OURS = "https://hooks.example.com/webwork/hooks/canary-of-a-callback-key"


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def webwork():
    """Runs ``airflow webwork ...``, with a terminal or something else as standard output."""
    from airflow.cli.cli_parser import get_parser

    def run(line, *, stdout=io.StringIO):
        arguments = get_parser().parse_args(["webwork", *shlex.split(line)])
        out, err = stdout(), io.StringIO()
        code = 0
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                arguments.func(arguments)
            except SystemExit as end:
                code = end.code
        return Ended(code, out.getvalue(), err.getvalue())

    return run


@pytest.fixture
def webhook(webwork_simulator, webwork):
    made = webwork(f"call createWebhook url={OURS} events=tracker.started,tracker.stopped -o json")
    assert made.code == 0, made.err
    (webhook,) = webwork_simulator.webhooks
    return webhook


def test_an_operation_is_called_with_text_and_lists_and_answers_as_json(webwork, webhook):
    assert (webhook.url, webhook.events) == (OURS, ("tracker.started", "tracker.stopped"))

    webwork(f"""call updateWebhook webhook_id={webhook.id} url={OURS} 'events=["tracker.stopped"]'""")
    shown = webwork(f"call getWebhook webhook_id={webhook.id} -o json").answer

    hidden = "https://hooks.example.com/webwork/hooks/***"
    assert shown["data"] == {"id": webhook.id, "url": hidden, "events": ["tracker.stopped"]}


def test_a_record_is_a_table_of_its_fields_and_a_listing_a_table_of_its_records(webwork, webhook):
    one = webwork(f"call getWebhook webhook_id={webhook.id}")
    gone = webwork(f"call deleteWebhook webhook_id={webhook.id}")
    listed = webwork("call getMembers per_page=10")

    header, *rows = [line for line in listed.out.splitlines() if line.startswith(("┃", "│"))]
    assert header.split()[1:6:2] == ["id", "email", "firstname"]
    assert len(rows) == 10
    assert "This is one page of 3; --all reads them all." in listed.err
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in one.out.splitlines() if "│" in line]
    hidden = "https://hooks.example.com/webwork/hooks/***"
    assert cells == [["id", webhook.id], ["url", hidden], ["events", "tracker.started, tracker.stopped"]]
    assert "│ success │ True  │" in gone.out


def test_all_pages_of_a_listing_are_read_and_printed_as_one_list(webwork, webwork_simulator):
    everyone = webwork("call getMembers per_page=10 --all -o json")
    table = webwork("call getMembers --all")
    nobody = webwork("call getMembers email=nobody@example.com --all -o json")

    assert [member["id"] for member in everyone.answer] == list(range(1, 26))
    assert len(table.out.splitlines()) == 25 + 4
    assert nobody.answer == []


@pytest.mark.parametrize("line", ["call getWebhooks", "call getWebhooks --all", "call getWebhooks --all -o json"])
def test_tokens_and_callback_keys_are_shown_on_a_terminal_that_asks_for_them_and_nowhere_else(
    webwork, webhook, line, monkeypatch
):
    monkeypatch.setenv("COLUMNS", "200")  # a narrow terminal breaks cells
    secrets = (webhook.token, "canary-of-a-callback-key")
    plain, on_terminal = webwork(line), webwork(line, stdout=Terminal)
    asked, refused = webwork(f"{line} --show-secrets", stdout=Terminal), webwork(f"{line} --show-secrets")

    assert [secret for secret in secrets if secret in plain.out + on_terminal.out + plain.err] == []
    assert [secret for secret in secrets if secret in asked.out] == list(secrets)
    assert (refused.code, refused.out) == (2, "")
    assert "--show-secrets shows them on a terminal only" in refused.err


def test_nothing_is_called_if_secrets_cannot_be_shown(webwork, webwork_simulator):
    assert webwork(f"call createWebhook url={OURS} events=a --show-secrets").code == 2
    assert webwork_simulator.requests == ()


@pytest.mark.parametrize(
    ("line", "code", "says"),
    [
        ("call getMembrs", 2, "Did you mean getMembers"),
        ("call v1ListUsers", 2, "It belongs to API v1."),
        ("call getMembers colour=red", 2, "getMembers: unknown argument colour. It takes"),
        ("call getMembers status", 2, "'status' is not key=value."),
        ("call getMembers status=a status=b", 2, "status is given twice."),
        ("call getMembers per_page=200", 2, "per_page must be between 1 and 100, not 200"),
        ("call getMembers page=2 --all", 2, "iterate() reads every page"),
        ("call deleteWebhook webhook_id=x --all", 2, "deleteWebhook lists no records"),
        ("call getWebhook webhook_id=unknown", 1, "WebWork does not know this"),
        ("call getMembers --conn-id no", 1, "There is no connection 'no'."),
        ("operations member", 2, "Did you mean members"),
        ("operations payroll", 2, "There are contracts, expenses"),
    ],
)
@pytest.mark.usefixtures("webwork_simulator")
def test_a_mistake_ends_with_a_sentence(webwork, line, code, says):
    ended = webwork(line)

    assert (ended.code, ended.out) == (code, "")
    assert says in ended.err


def test_the_operations_are_listed_without_any_connection(webwork):
    everything = webwork("operations -o json").answer
    viewers = webwork("operations project-viewers -o json").answer
    table = webwork("operations webhooks")

    assert len(everything) == 116
    assert {each["section"] for each in viewers} == {"project_viewers"}
    assert len(viewers) == 12
    (approve,) = (each for each in everything if each["operation"] == "approveLeave")
    assert (approve["method"], approve["path"], approve["confidence"]) == (
        "PUT",
        "/leaves/{leaveId}/approve",
        "named_only",
    )
    assert [(each["name"], each["in"], each["required"]) for each in approve["arguments"]] == [
        ("leave_id", "path", True)
    ]
    (row,) = (line for line in table.out.splitlines() if "│ updateWebhook " in line)
    assert "webhook_id url [events]" in row
