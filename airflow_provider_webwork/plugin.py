"""The Airflow plugin: it mounts the receiver at ``/webwork`` in the API server.

Every Airflow process imports this module, so it loads nothing until the API server asks for its applications.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.plugins_manager import AirflowPlugin

if TYPE_CHECKING:
    from fastapi import FastAPI

    from airflow_provider_webwork.config import Settings

log = logging.getLogger(__name__)

URL_PREFIX = "/webwork"


class WebWorkPlugin(AirflowPlugin):
    """Mounts the receiver, or while ``[webwork] receiver_enabled`` is off an application that hides callback keys."""

    name = "webwork"

    @cached_property
    def fastapi_apps(self) -> list[dict[str, Any]]:  # type: ignore[override] # a list in Airflow, read once
        """What the API server mounts."""
        return [{"app": _application(), "url_prefix": URL_PREFIX, "name": "WebWork receiver"}]


def _application() -> Any:
    from airflow_provider_webwork.config import settings_from_airflow
    from airflow_provider_webwork.errors import WebWorkError
    from airflow_provider_webwork.receiver.hidden import nothing_here

    try:
        settings = settings_from_airflow()
        return _receiver(settings) if settings.receiver_enabled else nothing_here
    except Exception as error:  # noqa: BLE001 - whatever it is, it would keep the whole API server from starting
        # Only our own texts are known to hold no secret: Airflow's quote what a failing `_CMD` printed.
        log.error("The receiver is not mounted: %s", error if isinstance(error, WebWorkError) else type(error).__name__)
        return nothing_here


def _receiver(settings: Settings) -> FastAPI:
    from fastapi import FastAPI

    from airflow_provider_webwork.airflow_stats import AirflowMeter
    from airflow_provider_webwork.receiver.app import Receiver

    receiver = Receiver(settings, log_url=settings.log_url, meter=AirflowMeter())

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        await receiver.start()
        try:
            yield
        finally:
            await receiver.stop()

    # Airflow runs the lifespan of a mounted application only if it is an instance of FastAPI
    # (airflow/api_fastapi/app.py, lifespan).
    app = FastAPI(title="WebWork receiver", lifespan=lifespan, openapi_url=None)
    app.mount("/", receiver)
    return app
