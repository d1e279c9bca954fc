"""`airflow webwork receiver`"""

from __future__ import annotations

from argparse import Namespace

from airflow_provider_webwork.cli.run import command
from airflow_provider_webwork.config import settings_from_airflow


@command
def run(args: Namespace) -> None:
    """Run the receiver until it is told to stop."""
    from airflow_provider_webwork.receiver.server import serve

    settings = settings_from_airflow()
    raise SystemExit(serve(settings, log_url=settings.log_url, host=args.host, port=args.port))
