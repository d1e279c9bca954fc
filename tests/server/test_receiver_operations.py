"""What operators see of a real receiver process: metrics, logs, health, exit codes, systemd."""

import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import requests
from prometheus_client.parser import text_string_to_metric_families

from airflow_provider_webwork.config import settings_from_environment
from airflow_provider_webwork.receiver import server

STARTED = {"event": "tracker.started", "event_id": "e1", "data": {"user_id": 7}}


def url(site, process, key=None):
    return f"http://127.0.0.1:{process.port}/hooks/{key or site.key}"


def scraped(process):
    text = requests.get(f"http://127.0.0.1:{process.metrics_port}/metrics", timeout=10).text
    return text, {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_prometheus_scrapes_what_was_delivered_and_no_key(site, tmp_path):
    process = site.run(metrics_port=0, spool_path=tmp_path / "spool.db")
    for _ in range(2):
        assert requests.post(url(site, process), json=STARTED, timeout=10).status_code == 200
    for number in range(20):
        assert requests.post(url(site, process, f"canary-{number}"), json=STARTED, timeout=10).status_code == 404
    text, samples = scraped(process)
    assert samples["webwork_receiver_deliveries_total", "key", "payroll", "stored"] == 1
    assert samples["webwork_receiver_deliveries_total", "key", "payroll", "repeated"] == 1
    assert samples["webwork_receiver_deliveries_total", "-", "-", "unknown_key"] == 20
    assert samples["webwork_receiver_delivery_seconds_count",] == 22
    assert samples["webwork_receiver_batch_size_sum", "log"] == 2
    assert samples["webwork_receiver_log_available",] == 1
    assert samples["webwork_receiver_spool_waiting",] == 0
    assert samples["process_resident_memory_bytes",] > 0
    assert site.key not in text
    assert "canary" not in text
    process.terminate()
    assert process.wait() == 0


def test_without_the_option_there_is_no_port_for_metrics(site):
    assert "metrics" not in site.run().output


def test_a_port_for_metrics_that_is_taken_ends_it_with_one_sentence(site):
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        process = site.start(metrics_port=taken.getsockname()[1])
        assert process.wait() == 2
    assert "metrics_port" in process.output
    assert "Traceback" not in process.output


def test_json_lines_tell_what_was_refused_and_hold_no_key(site):
    process = site.run("--log-format", "json", "--access-log", receiver_max_body=10)
    assert requests.post(url(site, process), json=STARTED, timeout=10).status_code == 413
    assert requests.post(url(site, process, "canary-of-a-key"), json=STARTED, timeout=10).status_code in {404, 413}
    process.terminate()
    assert process.wait() == 0
    lines = [json.loads(line) for line in process.output.splitlines()]
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    assert {(line.get("reason"), line.get("status")) for line in lines} >= {("too_large", 413)}
    assert any(line["logger"] == "uvicorn.access" for line in lines)
    assert site.key not in process.output
    assert "canary" not in process.output


def test_a_configuration_error_is_a_json_line_too(site):
    process = site.start("--log-format", "json", receiver_port="many")
    assert process.wait() == 2
    [line] = [json.loads(line) for line in process.output.splitlines()]
    assert line["message"].startswith("The receiver does not start. [webwork] receiver_port")


def test_a_flood_of_wrong_keys_writes_a_few_lines_only(site):
    process = site.run()
    with ThreadPoolExecutor(20) as senders:
        urls = [url(site, process, f"wrong-{number}") for number in range(200)]
        told = list(senders.map(lambda each: requests.post(each, json=STARTED, timeout=30).status_code, urls))
    assert told == [404] * 200
    process.terminate()
    assert process.wait() == 0
    assert process.output.count("unknown_key, endpoint -") == 10


def test_systemd_is_told_when_it_takes_deliveries_that_it_turns_and_when_it_stops(site, tmp_path):
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.settimeout(20)
        site.environment |= {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        process = site.run()
        heard = [manager.recv(100) for _ in range(4)]
        assert heard == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1", b"WATCHDOG=1"]
        assert requests.post(url(site, process), json=STARTED, timeout=10).status_code == 200
        process.terminate()
        while (state := manager.recv(100)) == b"WATCHDOG=1":
            pass
        assert state == b"STOPPING=1"
        assert process.wait() == 0


def test_a_receiver_that_cannot_start_for_a_reason_nobody_expected_ends_with_1(monkeypatch, tmp_path):
    async def application(scope, receive, send):
        raise SystemError

    monkeypatch.setattr(server, "Receiver", lambda *_, **__: application)
    monkeypatch.setattr(sys, "setswitchinterval", lambda _: None)
    said = []
    settings = settings_from_environment({})
    assert server.serve(settings, log_url=f"sqlite:///{tmp_path / 'events.db'}", port=0, say=said.append) == 1
    assert said[-1] == "The receiver could not start."
