"""`airflow webwork receiver`"""

from __future__ import annotations

import sys
from argparse import Namespace

from airflow_provider_webwork.cli.run import command
from airflow_provider_webwork.config import settings_from_airflow
from airflow_provider_webwork.errors import WebWorkConfigurationError


@command
def run(args: Namespace) -> None:
    """Run the receiver until it is told to stop."""
    from airflow_provider_webwork.receiver.server import BAD_CONFIGURATION, serve

    try:
        settings = settings_from_airflow()
        log_url = settings.log_url
    except WebWorkConfigurationError as error:
        print(f"The receiver does not start. {error}", file=sys.stderr)
        raise SystemExit(BAD_CONFIGURATION) from None
    raise SystemExit(serve(settings, log_url=log_url, host=args.host, port=args.port))
