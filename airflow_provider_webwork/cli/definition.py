"""Which commands there are. Every `airflow` command imports this file, so it loads nothing of ours."""

from __future__ import annotations

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand, lazy_load_command

_ROOM = "airflow_provider_webwork.cli"

ARG_ALL = Arg(("--all",), action="store_true", help="read every page of a listing, and print its records alone")
ARG_ARGUMENTS = Arg(
    ("arguments",),
    nargs="*",
    metavar="key=value",
    help="in snake_case; lists are separated by commas or written as JSON",
)
ARG_CONN_ID = Arg(("--conn-id",), default="webwork_default", help="the connection of type `webwork`")
ARG_CONSUMER = Arg(("consumer",), help="the name of the consumer")
ARG_DAG_ID = Arg(("dag_id",), help="the Dag that may claim from it with its own filter")
ARG_ENDPOINT = Arg(("endpoint",), help="the name of the endpoint")
ARG_EVENTS = Arg(
    ("--events",),
    help="register a webhook at WebWork for these events, separated by commas; "
    "without it only the callback URL is made and printed",
)
ARG_EVERY = Arg(
    ("every",), help="how long it may be without a delivery before that is reported, such as 1h, or `never`"
)
ARG_EVEN_UNCLAIMED = Arg(
    ("--even-unclaimed",),
    action="store_true",
    help="remove also what consumers have not claimed yet, or only lately",
)
ARG_EXPIRES = Arg(
    ("--expires",), metavar="TIME", help="until when it is accepted: a time, or how long from now, such as 90d"
)
ARG_FIX = Arg(
    ("--fix",),
    action="store_true",
    help="mend what is safe to mend, and say what was done: put back webhooks of endpoints that are gone or were "
    "changed, remove second ones, finish rotations whose overlap is over",
)
ARG_FROM_FILE = Arg(("--from-file",), metavar="PATH", help="the file that holds the secret")
ARG_FROM_VARIABLE = Arg(
    ("--from-variable",),
    metavar="NAME",
    help="the environment variable that holds the secret; it is asked for otherwise",
)
ARG_HOST = Arg(("--host",), help="the address to listen on, instead of the option receiver_host")
ARG_ID = Arg(("id",), help="the id of a key or secret, as `endpoints show` prints it")
ARG_JSON = Arg(("--json",), action="store_true", help="print one JSON object, for programs")
ARG_LIMIT = Arg(("--limit",), type=int, default=50, help="how many events at most (default: 50)")
ARG_MATCH = Arg(
    ("--match",), nargs="*", metavar="path=value", help="dotted paths into the event and the values they must have"
)
ARG_NOT_BEFORE = Arg(
    ("--not-before",), metavar="TIME", help="from when on it is accepted: a time, or how long from now, such as 2h"
)
ARG_OF_CONSUMER = Arg(("--consumer",), help="only those of this consumer")
ARG_OLDER_THAN = Arg(("--older-than",), metavar="AGE", help="such as 30d, instead of the option retention")
ARG_OTHERS_EXPIRE = Arg(
    ("--others-expire",),
    metavar="TIME",
    help="until when those that there are already stay accepted: a time, or how long from now, such as 24h",
)
ARG_OPERATION = Arg(("operation",), help="its name, as `airflow webwork operations` lists it")
ARG_OUTPUT = Arg(("-o", "--output"), choices=("table", "json"), default="table", help="for people or for programs")
ARG_PLACES = Arg(
    ("places",),
    nargs="*",
    metavar="what=path",
    help="type, id, time, workspace or user with a dotted path into the JSON of deliveries, such as type=meta.kind; "
    "volatile with several, separated by commas; an empty path stands for the usual places",
)
ARG_PORT = Arg(("--port",), type=int, help="the port to listen on, instead of the option receiver_port")
ARG_PROBLEMS = Arg(("--problems",), action="store_true", help="only deliveries that could not be understood")
ARG_PROOF = Arg(
    ("proof",), help="standard, hmac, bearer, header, field; or key, if the key in the callback URL is to be enough"
)
ARG_REVOKE_AT = Arg(("--at",), metavar="TIME", help="not now, but then: a time, or how long from now, such as 24h")
ARG_RUN_KEY = Arg(("run_key",), help="dag_id/run_id/task_id/map_index, as `batches list` shows it")
ARG_SECTION = Arg(("section",), nargs="?", help="a section of WebWork's documentation, such as tasks; all if not given")
ARG_SEQ = Arg(("seq",), type=int, help="the place of the event in the log")
ARG_SETTINGS = Arg(
    ("settings",), nargs="*", metavar="setting=value", help="the settings of the proof, as `endpoints show` prints them"
)
ARG_SHOW_SECRETS = Arg(
    ("--show-secrets",),
    action="store_true",
    help="show the tokens of webhooks and our callback keys; on a terminal only",
)
ARG_SINCE = Arg(("--since",), metavar="TIME", help="a time (ISO 8601) or an age such as 2h or 7d")
ARG_START = Arg(("--start",), default="now", help="where it begins: now, beginning, a time or an age (default: now)")
ARG_TARGET_VARIABLE = Arg(
    ("--to-variable",),
    default="WEBWORK_COPY_TO",
    help="the environment variable that holds the URL of the target; a URL may hold a password, so it is no argument",
)
ARG_TO = Arg(("--to",), required=True, help="where to: now, beginning, a time, an age, or a seq")
ARG_TEST_ENDPOINT = Arg(
    ("endpoint",), nargs="?", help="the endpoint to call; without it, the URL in the variable WEBWORK_SEND_TEST_URL"
)
ARG_TEST_PROOF = Arg(
    ("--proof",), help="standard, hmac, bearer, header, field or key; if not given, what the endpoint requires"
)
ARG_TEST_SETTINGS = Arg(
    ("--set",), dest="settings", nargs="*", default=(), metavar="setting=value", help="the settings of the proof"
)
ARG_TEST_TYPE = Arg(
    ("--type",), default="webwork.test", help="the name of the event, which is stored as any other (webwork.test)"
)
ARG_TYPE = Arg(("type",), help="the name of the event, such as tracker.started")
ARG_TYPES = Arg(("--types",), help="names of events, separated by commas, exact or with a trailing *")
ARG_UNFINISHED = Arg(
    ("--unfinished",), action="store_true", help="only those whose run failed or is gone, so that nobody processes them"
)
ARG_UNTIL = Arg(("--until",), metavar="TIME", help="a time (ISO 8601) or an age")
ARG_USER = Arg(("--user",), required=True, help="the id of the user at WebWork")
ARG_VALUES = Arg(
    ("values",),
    nargs="*",
    metavar="key=value",
    help="what the event says; a value that is JSON (a number, true, null, a list) is taken as such",
)
ARG_YES = Arg(("-y", "--yes"), action="store_true", help="do not ask")


def get_webwork_cli_commands() -> list[CLICommand]:
    """Return the commands for Airflow's parser."""
    return [
        GroupCommand(
            name="webwork",
            help="Call the WebWork Time Tracker, receive and inspect its events",
            subcommands=(
                _command(
                    "doctor.doctor",
                    "Say what is wrong and what to do (exit code 1 if something is; warnings do not count)",
                    *_doctor(),
                ),
                _command("operations.call", "Call any operation of WebWork", *_call()),
                _command(
                    "operations.list_operations", "List what can be called", ARG_SECTION, ARG_OUTPUT, name="operations"
                ),
                _command("receiver.run", "Run the receiver of deliveries", ARG_HOST, ARG_PORT, name="receiver"),
                _command("send_test.send_test", "Send a delivery to try a deployment out", *_test(), name="send-test"),
                GroupCommand(name="db", help="Look after the database of the event log", subcommands=_db()),
                GroupCommand(name="endpoints", help="Manage callback endpoints", subcommands=_endpoints()),
                GroupCommand(name="events", help="Look into the event log", subcommands=_events()),
                GroupCommand(name="consumers", help="Manage who reads the event log", subcommands=_consumers()),
                GroupCommand(name="batches", help="Look after what runs were given", subcommands=_batches()),
            ),
        )
    ]


def _test() -> tuple[Arg, ...]:
    proof = (ARG_TEST_PROOF, ARG_TEST_SETTINGS, ARG_FROM_VARIABLE, ARG_FROM_FILE)
    return (ARG_TEST_ENDPOINT, *proof, ARG_TEST_TYPE, ARG_OUTPUT)


def _doctor() -> tuple[Arg, ...]:
    return ARG_FIX, ARG_JSON, ARG_CONN_ID


def _call() -> tuple[Arg, ...]:
    return ARG_OPERATION, ARG_ARGUMENTS, ARG_ALL, ARG_SHOW_SECRETS, ARG_CONN_ID, ARG_OUTPUT


def _db() -> tuple[ActionCommand, ...]:
    return (
        _command("db.upgrade", "Bring the event log to the schema of this version"),
        _command("db.current", "Print the schema revision of the event log"),
        _command("db.check", "Say by the exit code whether the event log can be read and has the right schema"),
        _command("db.copy", "Copy the event log to an empty database, such as PostgreSQL", ARG_TARGET_VARIABLE),
    )


def _endpoints() -> tuple[ActionCommand, ...]:
    made = (ARG_ENDPOINT, ARG_EVENTS, ARG_CONN_ID, ARG_OUTPUT)
    required = (ARG_ENDPOINT, ARG_PROOF, ARG_SETTINGS, ARG_OUTPUT)
    key = (ARG_ENDPOINT, ARG_OTHERS_EXPIRE, ARG_OUTPUT)
    times = (ARG_NOT_BEFORE, ARG_EXPIRES, ARG_OTHERS_EXPIRE)
    secret = (ARG_ENDPOINT, ARG_FROM_VARIABLE, ARG_FROM_FILE, *times, ARG_OUTPUT)
    revoked = (ARG_ENDPOINT, ARG_ID, ARG_REVOKE_AT, ARG_YES, ARG_OUTPUT)
    return (
        _command("endpoints.create", "Make an endpoint, and its webhook at WebWork if events are given", *made),
        _command("endpoints.expect", "Have a receiver report the silence of an endpoint", ARG_ENDPOINT, ARG_EVERY),
        _command("endpoints.list_endpoints", "List the endpoints", ARG_OUTPUT, name="list"),
        _command(
            "endpoints.show_endpoint", "Print what is known of an endpoint", ARG_ENDPOINT, ARG_OUTPUT, name="show"
        ),
        _command("endpoints.delete", "Delete an endpoint and its webhook", ARG_ENDPOINT, ARG_CONN_ID, ARG_YES),
        _command("access.require", "Refuse deliveries without a proof", *required, name="require"),
        _command("access.add_key", "Make one more callback URL", *key, name="add-key"),
        _command("access.add_secret", "Keep one more secret of the sender", *secret, name="add-secret"),
        _command("access.revoke", "Stop to accept a key or secret", *revoked, name="revoke"),
        _command("endpoints.reencrypt", "Encrypt all secrets with the first key of the option secret_key"),
        _command("endpoints.reading", "Say how deliveries are read, or print it", ARG_ENDPOINT, ARG_PLACES, ARG_OUTPUT),
    )


def _events() -> tuple[ActionCommand, ...]:
    window = (ARG_TYPES, ARG_MATCH, ARG_SINCE, ARG_UNTIL, ARG_PROBLEMS)
    return (
        _command("events.add", "Put an event into the log by hand", ARG_TYPE, ARG_VALUES),
        _command("events.list_events", "List the newest events", *window, ARG_LIMIT, ARG_OUTPUT, name="list"),
        _command("events.show_event", "Print all that the log keeps of one event", ARG_SEQ, name="show"),
        _command("events.export", "Write events to standard output as JSON Lines", *window),
        _command("events.tail", "Print events as they are stored", ARG_TYPES, ARG_MATCH, ARG_PROBLEMS, ARG_OUTPUT),
        _command("events.reparse_problems", "Parse again what could not be understood", name="reparse"),
        _command("events.prune", "Remove old events", ARG_OLDER_THAN, ARG_EVEN_UNCLAIMED, ARG_YES),
        _command("events.erase", "Empty the events of a person", ARG_USER, ARG_YES),
    )


def _consumers() -> tuple[ActionCommand, ...]:
    return (
        _command("consumers.list_consumers", "List the consumers with their lag", ARG_OUTPUT, name="list"),
        _command("consumers.create", "Make a consumer", ARG_CONSUMER, ARG_TYPES, ARG_MATCH, ARG_START, ARG_OUTPUT),
        _command("consumers.rewind", "Give events again", ARG_CONSUMER, ARG_TO, ARG_YES, ARG_OUTPUT),
        _command("consumers.skip", "Pass events over", ARG_CONSUMER, ARG_TO, ARG_YES, ARG_OUTPUT),
        _command("consumers.reset", "Forget the batches and begin anew", ARG_CONSUMER, ARG_YES, ARG_OUTPUT),
        _command("consumers.transfer", "Give a consumer to another Dag", ARG_CONSUMER, ARG_DAG_ID, ARG_OUTPUT),
        _command("consumers.delete", "Forget a consumer", ARG_CONSUMER, ARG_YES),
    )


def _batches() -> tuple[ActionCommand, ...]:
    return (
        _command("batches.list_batches", "List batches", ARG_OF_CONSUMER, ARG_UNFINISHED, ARG_OUTPUT, name="list"),
        _command("batches.release", "Give up the batch of a run", ARG_CONSUMER, ARG_RUN_KEY),
    )


def _command(function: str, summary: str, *args: Arg, name: str | None = None) -> ActionCommand:
    return ActionCommand(
        name=name or function.rpartition(".")[2],
        help=summary,
        func=lazy_load_command(f"{_ROOM}.{function}"),
        args=args,
    )
