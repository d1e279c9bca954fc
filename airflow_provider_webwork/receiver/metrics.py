"""What the receiver measures: one list, whoever is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

NOBODY = "-"
"""The label of what has no endpoint, such as a delivery with an unknown key, or no proof."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Something that is measured.

    No label holds what a sender chose, so their number is bounded by that of the endpoints.

    :param kind: a ``counter`` is added to, a ``gauge`` is set, and of a ``histogram`` single values are observed.
    :param buckets: the upper bounds that the values of a histogram are counted by.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    description: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()

    @property
    def prometheus_name(self) -> str:
        """The name that Prometheus shows."""
        return f"webwork_receiver_{self.name}{'_total' if self.kind == 'counter' else ''}"

    @property
    def airflow_name(self) -> str:
        """The name in Airflow's metrics, below the prefix of ``[metrics]``."""
        return f"webwork.receiver.{self.name}"


DELIVERIES = Metric(
    name="deliveries",
    kind="counter",
    description="Deliveries that were answered: for which endpoint, with which reason code, authenticated how.",
    labels=("endpoint", "outcome", "proof"),
)
DELIVERY_SECONDS = Metric(
    name="delivery_seconds",
    kind="histogram",
    description="Seconds from the headers of a delivery to its answer.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
BATCH_SIZE = Metric(
    name="batch_size",
    kind="histogram",
    description="Deliveries that one transaction stored; `into` is `log` or `spool`.",
    labels=("into",),
    buckets=(1, 2, 5, 10, 20, 50, 100, 200, 500),
)
QUEUE_LENGTH = Metric(
    name="queue_length", kind="gauge", description="Deliveries that wait for the thread that stores them."
)
LOG_AVAILABLE = Metric(
    name="log_available", kind="gauge", description="1 if the event log could be read and written a moment ago, else 0."
)
LAST_DELIVERY = Metric(
    name="last_delivery_timestamp_seconds",
    kind="gauge",
    description="When the endpoint last had a delivery, at any receiver, in seconds since 1970.",
    labels=("endpoint",),
)
SILENT = Metric(
    name="endpoint_silent",
    kind="gauge",
    description="1 while the endpoint has had no delivery for longer than it expects to, else 0.",
    labels=("endpoint",),
)
SPOOL_WAITING = Metric(
    name="spool_waiting", kind="gauge", description="Deliveries in the spool that wait to be moved to the event log."
)
SPOOL_SET_ASIDE = Metric(
    name="spool_set_aside", kind="gauge", description="Deliveries in the spool that the event log refuses."
)
SPOOL_BYTES = Metric(name="spool_bytes", kind="gauge", description="Bytes of the spool's file that are in use.")
MOVED = Metric(
    name="spool_moved", kind="counter", description="Deliveries that were moved from the spool to the event log."
)

METRICS = (
    DELIVERIES,
    DELIVERY_SECONDS,
    BATCH_SIZE,
    QUEUE_LENGTH,
    LOG_AVAILABLE,
    LAST_DELIVERY,
    SILENT,
    SPOOL_WAITING,
    SPOOL_SET_ASIDE,
    SPOOL_BYTES,
    MOVED,
)


class Meter(Protocol):
    """Is told what is measured, in any thread; the values of labels are in the order of the metric's labels."""

    def add(self, metric: Metric, amount: float, /, *labels: str) -> None:
        """Add to a counter."""

    def set(self, metric: Metric, value: float, /, *labels: str) -> None:
        """Set a gauge."""

    def observe(self, metric: Metric, value: float, /, *labels: str) -> None:
        """Observe a value of a histogram."""


class NoMeter:
    """Tells nobody."""

    def add(self, metric: Metric, amount: float, /, *labels: str) -> None:
        """Add nothing."""

    def set(self, metric: Metric, value: float, /, *labels: str) -> None:
        """Set nothing."""

    def observe(self, metric: Metric, value: float, /, *labels: str) -> None:
        """Observe nothing."""
