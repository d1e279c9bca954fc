"""``python -m airflow_provider_webwork.receiver``: the receiver in a process that has no Airflow."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from airflow_provider_webwork.config import settings_from_environment
from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.receiver.logs import write_logs
from airflow_provider_webwork.receiver.server import BAD_CONFIGURATION, serve, to_standard_error

log = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the receiver with options from ``AIRFLOW__WEBWORK__*`` and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_webwork.receiver",
        description="Store WebWork's deliveries in the event log. Options come from AIRFLOW__WEBWORK__* variables.",
    )
    parser.add_argument("--host", help="the address to listen on, instead of [webwork] receiver_host")
    parser.add_argument("--port", type=int, help="the port to listen on, instead of [webwork] receiver_port")
    parser.add_argument("--access-log", action="store_true", help="log every request, without its key")
    parser.add_argument(
        "--log-format", choices=("text", "json"), default="text", help="lines for people, or JSON for programs"
    )
    given = parser.parse_args(arguments)
    as_json = given.log_format == "json"
    write_logs(as_json=as_json)
    say = log.info if as_json else to_standard_error
    try:
        settings = settings_from_environment()
        if settings.event_store_url is None:
            msg = (
                "Set AIRFLOW__WEBWORK__EVENT_STORE_URL to the event log that the Dags read, such as "
                "sqlite:////var/lib/webwork/events.db."
            )
            raise WebWorkConfigurationError(msg)
    except WebWorkConfigurationError as error:
        say(f"The receiver does not start. {error}")
        return BAD_CONFIGURATION
    return serve(
        settings,
        log_url=settings.event_store_url,
        host=given.host,
        port=given.port,
        access_log=given.access_log,
        say=say,
    )


if __name__ == "__main__":
    sys.exit(main())
