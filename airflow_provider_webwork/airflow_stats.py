"""The receiver's metrics as part of Airflow's own: StatsD, Datadog or OpenTelemetry, whatever ``[metrics]`` says."""

from __future__ import annotations

from airflow.observability.stats import Stats

from airflow_provider_webwork.receiver.metrics import Metric


class AirflowMeter:
    """Hands what is measured to the metrics of the process; labels become tags.

    In the API server these work from Airflow 3.3 on: before, it does not set them up (airflow/api_fastapi/app.py).
    """

    def add(self, metric: Metric, amount: float, /, *labels: str) -> None:
        """Add to a counter."""
        Stats.incr(metric.airflow_name, int(amount), tags=_tags(metric, labels))

    def set(self, metric: Metric, value: float, /, *labels: str) -> None:
        """Set a gauge."""
        Stats.gauge(metric.airflow_name, value, tags=_tags(metric, labels))

    def observe(self, metric: Metric, value: float, /, *labels: str) -> None:
        """Observe a duration as a timing, and any other value as a gauge: Airflow has no histogram for those."""
        tags = _tags(metric, labels)
        if metric.name.endswith("_seconds"):
            Stats.timing(metric.airflow_name, value * 1000, tags=tags)
        else:
            Stats.gauge(metric.airflow_name, value, tags=tags)


def _tags(metric: Metric, labels: tuple[str, ...]) -> dict[str, str]:
    return dict(zip(metric.labels, labels, strict=True))
