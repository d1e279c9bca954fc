"""Endpoints that have had no delivery for longer than they expect to."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime

from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.receiver.metrics import LAST_DELIVERY, SILENT, Meter

log = logging.getLogger(__name__)


class Silence:
    """Tells of an endpoint's silence once when it begins and once when it is over.

    :param meter: told when each endpoint last had a delivery, and whether it is silent.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._heard: dict[str, datetime] = {}
        self._silent: dict[str, datetime] = {}

    def heard(self, endpoint: str, *, at: datetime) -> None:
        """Take note of a delivery."""
        self._heard[endpoint] = at

    def look(self, endpoints: Iterable[Endpoint], *, now: datetime) -> None:
        """Compare what was heard with what is expected.

        :param endpoints: all of them, as the event log has them at this moment: what other receivers heard is there.
        """
        listed = {endpoint.name: endpoint for endpoint in endpoints}
        for endpoint in listed.values():
            last = self._last(endpoint)
            if last is not None:
                self._meter.set(LAST_DELIVERY, last.timestamp(), endpoint.name)
            if endpoint.expect_every is not None:
                since = last or endpoint.created_at
                self._judge(endpoint, since, is_silent=now - since >= endpoint.expect_every)
        for name in [name for name in self._silent if name not in listed or listed[name].expect_every is None]:
            del self._silent[name]
            self._meter.set(SILENT, 0, name)

    def _last(self, endpoint: Endpoint) -> datetime | None:
        known = [at for at in (endpoint.last_delivery_at, self._heard.get(endpoint.name)) if at is not None]
        return max(known, default=None)

    def _judge(self, endpoint: Endpoint, since: datetime, *, is_silent: bool) -> None:
        name = endpoint.name
        self._meter.set(SILENT, int(is_silent), name)
        if is_silent and name not in self._silent:
            self._silent[name] = since
            log.warning(
                "Endpoint %s is silent: nothing has come since %s, and something is expected every %s. Is its webhook "
                "still registered, and does WebWork reach the receiver?",
                name,
                since.isoformat(timespec="seconds"),
                endpoint.expect_every,
                extra={"endpoint": name, "reason": "silent"},
            )
        elif not is_silent and name in self._silent:
            length = since - self._silent.pop(name)
            log.info("Endpoint %s is no longer silent; it was for %s.", name, length, extra={"endpoint": name})
