"""Which commands there are. Every `airflow` command imports this file, so it loads nothing of ours."""

from __future__ import annotations

from airflow.cli.cli_config import ActionCommand, Arg, CLICommand, GroupCommand, lazy_load_command

_ROOM = "airflow_provider_webwork.cli"

ARG_CONN_ID = Arg(("--conn-id",), default="webwork_default", help="the connection of type `webwork`")
ARG_ENDPOINT = Arg(("endpoint",), help="the name of the endpoint")
ARG_EVENTS = Arg(
    ("--events",),
    help="register a webhook at WebWork for these events, separated by commas; "
    "without it only the callback URL is made and printed",
)
ARG_HOST = Arg(("--host",), help="the address to listen on, instead of the option receiver_host")
ARG_OUTPUT = Arg(("-o", "--output"), choices=("table", "json"), default="table", help="for people or for programs")
ARG_PORT = Arg(("--port",), type=int, help="the port to listen on, instead of the option receiver_port")
ARG_TYPE = Arg(("type",), help="the name of the event, such as tracker.started")
ARG_VALUES = Arg(
    ("values",),
    nargs="*",
    metavar="key=value",
    help="what the event says; a value that is JSON (a number, true, null, a list) is taken as such",
)


def get_webwork_cli_commands() -> list[CLICommand]:
    """Return the commands for Airflow's parser."""
    return [
        GroupCommand(
            name="webwork",
            help="Receive and inspect events of the WebWork Time Tracker",
            subcommands=(
                ActionCommand(
                    name="receiver",
                    help="Run the receiver of deliveries",
                    func=lazy_load_command(f"{_ROOM}.receiver.run"),
                    args=(ARG_HOST, ARG_PORT),
                ),
                GroupCommand(name="db", help="Look after the database of the event log", subcommands=_db()),
                GroupCommand(name="endpoints", help="Manage callback endpoints", subcommands=_endpoints()),
                GroupCommand(name="events", help="Look into the event log", subcommands=_events()),
            ),
        )
    ]


def _db() -> tuple[ActionCommand, ...]:
    return (
        ActionCommand(
            name="upgrade",
            help="Bring the event log to the schema of this version",
            func=lazy_load_command(f"{_ROOM}.db.upgrade"),
            args=(),
        ),
        ActionCommand(
            name="current",
            help="Print the schema revision of the event log",
            func=lazy_load_command(f"{_ROOM}.db.current"),
            args=(),
        ),
    )


def _endpoints() -> tuple[ActionCommand, ...]:
    return (
        ActionCommand(
            name="create",
            help="Make an endpoint, and its webhook at WebWork if events are given",
            func=lazy_load_command(f"{_ROOM}.endpoints.create"),
            args=(ARG_ENDPOINT, ARG_EVENTS, ARG_CONN_ID, ARG_OUTPUT),
        ),
        ActionCommand(
            name="list",
            help="List the endpoints",
            func=lazy_load_command(f"{_ROOM}.endpoints.list_endpoints"),
            args=(ARG_OUTPUT,),
        ),
    )


def _events() -> tuple[ActionCommand, ...]:
    return (
        ActionCommand(
            name="add",
            help="Put an event into the log by hand",
            func=lazy_load_command(f"{_ROOM}.events.add"),
            args=(ARG_TYPE, ARG_VALUES),
        ),
    )
