"""The receiver's metrics for Prometheus, on a port of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias, cast

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, start_http_server

from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.receiver.metrics import METRICS, Metric

_Series: TypeAlias = Counter | Gauge | Histogram


class PrometheusMeter:
    """Keeps what is measured for Prometheus to fetch, with the memory and the processor time of the process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        self._metrics = {metric: _made(metric, self.registry) for metric in METRICS}
        self._series: dict[tuple[Metric, tuple[str, ...]], _Series] = {}

    def add(self, metric: Metric, amount: float, /, *labels: str) -> None:
        """Add to a counter."""
        cast(Counter, self._one(metric, labels)).inc(amount)

    def set(self, metric: Metric, value: float, /, *labels: str) -> None:
        """Set a gauge."""
        cast(Gauge, self._one(metric, labels)).set(value)

    def observe(self, metric: Metric, value: float, /, *labels: str) -> None:
        """Observe a value of a histogram."""
        cast(Histogram, self._one(metric, labels)).observe(value)

    @contextmanager
    def served(self, host: str, port: int) -> Iterator[int]:
        """Answer ``GET /metrics`` on a port while the context is open, and return which port it is.

        :raises WebWorkConfigurationError: if nobody can listen there.
        """
        try:
            server, thread = start_http_server(port, host, registry=self.registry)
        except OSError as error:
            msg = (
                f"The metrics cannot be served on {host} port {port}: {error.strerror}. Set [webwork] metrics_host and "
                "metrics_port."
            )
            raise WebWorkConfigurationError(msg) from None
        try:
            yield server.server_port
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def _one(self, metric: Metric, labels: tuple[str, ...]) -> _Series:
        # To look a series up by its labels takes the library longer than to add to it.
        series = self._series.get((metric, labels))
        if series is None:
            made = self._metrics[metric]
            series = self._series[metric, labels] = made.labels(*labels) if labels else made
        return series


def _made(metric: Metric, registry: CollectorRegistry) -> _Series:
    name = metric.prometheus_name
    match metric.kind:
        case "counter":
            return Counter(name, metric.description, metric.labels, registry=registry)
        case "gauge":
            return Gauge(name, metric.description, metric.labels, registry=registry)
        case "histogram":
            return Histogram(name, metric.description, metric.labels, registry=registry, buckets=metric.buckets)
