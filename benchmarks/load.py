"""Deliveries, written and signed before the clock runs, and wrk, which sends them from a core of its own."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from airflow_provider_webwork.json_types import JSON

SECRET = "a-secret-that-both-sides-know"  # noqa: S105 - of servers that live for a minute
SIGNATURE = "X-Signature"

SERVER_CORE, CLIENT_CORE = "0", "1"

_SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """Where deliveries go, and what they look like there.

    :param headers: besides those that every request has.
    :param wrap: makes a delivery's body what this server takes.
    """

    port: int
    path: str
    headers: Mapping[str, str] = field(default_factory=dict)
    wrap: Callable[[dict[str, JSON]], dict[str, JSON]] = lambda delivery: delivery


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What a server made of the deliveries.

    :param stored: how many of them it may have stored: those that it said yes to.
    :param failed: how many were refused, cut off or not answered within two seconds.
    :param p50: milliseconds that the answer to half of them took at most.
    """

    stored: int
    failed: int
    rate: float
    p50: float
    p99: float


def delivery(number: int) -> dict[str, JSON]:
    """Return a delivery of about 600 bytes with an id of its own; all have the same size."""
    return {
        "event": "tracker.started",
        "event_id": f"evt_{number:012}",
        "workspace_id": 12,
        "timestamp": "2026-11-22T08:15:30.123456Z",
        "data": {
            "user": {"id": 1_000 + number % 9_000, "email": "member7@example.com", "timezone": "Europe/Vienna"},
            "project": {"id": 100 + number % 97, "name": "Quarterly figures", "billable": True},
            "task": {"id": 5150, "name": "Reconcile the ledger with the bank's statements", "labels": ["books", "q4"]},
            "tracker": {"version": "3.14.1", "platform": "linux", "screenshots": False, "activity": 87},
            "note": "Started from the desktop application, after the weekly meeting of the whole team, by hand.",
        },
    }


def write_requests(path: Path, target: Target, *, count: int) -> int:
    """Write requests to a file, and return the size of each."""
    texts = [_request(target, number) for number in range(count)]
    path.write_bytes(b"".join(texts))
    [size] = {len(text) for text in texts}
    return size


def send(path: Path, target: Target, *, size: int, connections: int, seconds: int, first: int = 0) -> Load:
    """Send the requests of a file for some seconds, and return what became of them.

    :param first: where in the file to begin.
    """
    program = shutil.which("wrk")
    if program is None:
        raise SystemExit("The load comes from wrk: install it (on Debian and Ubuntu the package wrk).")
    command = ["taskset", "-c", CLIENT_CORE, program, "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(_SCRIPT)]
    finished = subprocess.run(
        [*command, f"http://127.0.0.1:{target.port}", "--", str(path), str(size), str(first)],
        check=True,
        capture_output=True,
        text=True,
    )
    said = json.loads(finished.stdout.splitlines()[-1])
    stored = said["answers"] - said["refused"]
    return Load(
        stored=stored,
        failed=said["refused"] + said["broken"] + said["late"],
        rate=stored / (said["microseconds"] / 1e6),
        p50=said["p50"] / 1000,
        p99=said["p99"] / 1000,
    )


def signature(body: bytes) -> str:
    """Return what the header of a delivery's signature holds."""
    return f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"


def _request(target: Target, number: int) -> bytes:
    body = json.dumps(target.wrap(delivery(number)), separators=(",", ":")).encode()
    headers = {
        "Host": f"127.0.0.1:{target.port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        SIGNATURE: signature(body),
        **target.headers,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"POST {target.path} HTTP/1.1\r\n{lines}\r\n".encode() + body
