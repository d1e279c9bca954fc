"""What is measured, for whom, and under which names."""

import re
import urllib.request
from pathlib import Path

import pytest

from airflow_provider_webwork.errors import WebWorkConfigurationError
from airflow_provider_webwork.receiver.metrics import (
    BATCH_SIZE,
    DELIVERIES,
    DELIVERY_SECONDS,
    METRICS,
    QUEUE_LENGTH,
    NoMeter,
)
from airflow_provider_webwork.receiver.prometheus import PrometheusMeter
from tests.unit.receiver.conftest import ask

PAGE = Path(__file__).parents[3] / "docs" / "receiver-operations.md"
STARTED = {"event": "tracker.started", "event_id": "e1"}


class Ledger(NoMeter):
    """Keeps what it was told of counters and histograms."""

    def __init__(self):
        self.deliveries = []
        self.seconds = []

    def add(self, metric, amount, /, *labels):
        if metric is DELIVERIES:
            self.deliveries.append(labels)

    def observe(self, metric, value, /, *labels):
        if metric is DELIVERY_SECONDS:
            self.seconds.append(value)


def fetched(port):
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as answer:
        return answer.read().decode()


def test_the_page_and_the_code_name_the_same_metrics():
    rows = re.findall(
        r"^\| `(webwork_\w+)` \| `([\w.]+)` \| (\w+) \| (.*?) \| (.*?) \|$", PAGE.read_text(), re.MULTILINE
    )
    assert rows == [
        (
            metric.prometheus_name,
            metric.airflow_name,
            metric.kind,
            ", ".join(f"`{label}`" for label in metric.labels),
            metric.description,
        )
        for metric in METRICS
    ]


def test_prometheus_sees_every_metric_that_was_told():
    meter = PrometheusMeter()
    for metric in METRICS:
        tell = {"counter": meter.add, "gauge": meter.set, "histogram": meter.observe}[metric.kind]
        tell(metric, 3, *(f"a-{label}" for label in metric.labels))
    with meter.served("127.0.0.1", 0) as port:
        text = fetched(port)
    for metric in METRICS:
        assert f"# TYPE {metric.prometheus_name} {metric.kind}" in text
        labels = ",".join(f'{label}="a-{label}"' for label in metric.labels)
        suffix = "_sum" if metric.kind == "histogram" else ""
        assert f"{metric.prometheus_name}{suffix}{{{labels}}} 3.0".replace("{}", "") in text
    assert "process_resident_memory_bytes" in text


def test_values_add_up_are_set_and_are_observed():
    meter = PrometheusMeter()
    for _ in range(2):
        meter.add(DELIVERIES, 1, "payroll", "stored", "key")
        meter.set(QUEUE_LENGTH, 7)
        meter.observe(BATCH_SIZE, 3, "log")
    value = meter.registry.get_sample_value
    assert value("webwork_receiver_deliveries_total", {"endpoint": "payroll", "outcome": "stored", "proof": "key"}) == 2
    assert value("webwork_receiver_queue_length") == 7
    assert value("webwork_receiver_batch_size_bucket", {"into": "log", "le": "2.0"}) == 0
    assert value("webwork_receiver_batch_size_bucket", {"into": "log", "le": "5.0"}) == 2


def test_a_port_that_is_taken_is_said_with_the_name_of_the_option():
    meter = PrometheusMeter()
    wrong = pytest.raises(WebWorkConfigurationError, match=r"\[webwork\] metrics_host and metrics_port")
    with meter.served("127.0.0.1", 0) as port, wrong, meter.served("127.0.0.1", port):
        pass
    with pytest.raises(OSError, match="refused"):
        fetched(port)


async def test_deliveries_are_counted_by_endpoint_outcome_and_proof_and_nothing_else_is(running):
    ledger = Ledger()
    async with running(meter=ledger, receiver_max_body=100) as place:
        await place.deliver(STARTED)
        await place.deliver(STARTED)
        await place.deliver(b"no json")
        await place.deliver(b"x" * 101)
        for number in range(3):
            await ask(place.receiver, "POST", f"/hooks/wrong-{number}")
        await ask(place.receiver, "GET", place.path)
        await ask(place.receiver, "GET", "/health/ready")
        await ask(place.receiver, "POST", "/elsewhere")
    assert ledger.deliveries == [
        ("payroll", "stored", "key"),
        ("payroll", "repeated", "key"),
        ("payroll", "problem", "key"),
        ("payroll", "too_large", "-"),
        *[("-", "unknown_key", "-")] * 3,
    ]
    assert len(ledger.seconds) == 7
