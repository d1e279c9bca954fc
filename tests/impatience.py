"""A client that gives up waiting for answers which do not come, and for no others, however slow the machine is."""

from __future__ import annotations

import itertools
import time
from collections.abc import Container, Iterator
from contextlib import contextmanager

import requests

from airflow_provider_webwork.api.client import Client
from airflow_provider_webwork.simulator import Simulator

MOMENT = 0.1
"""Seconds that the client waits for an answer which does not come."""
PATIENCE = 60
NEVER = 3_600.0
"""Seconds that an answer which does not come would take; the simulator stops long before, and lets go of it then."""


@contextmanager
def giving_up(client: Client, simulator: Simulator, *, on: Container[int]) -> Iterator[None]:
    """Let a client wait but a moment for the answers to some of its requests, counted from 0.

    It goes on only when the simulator has had such a request: nothing that comes later overtakes it.
    """
    session, numbers = client.session, itertools.count()
    send = session.send

    def sending(request: requests.PreparedRequest, **options: object) -> requests.Response:
        if next(numbers) not in on:
            return send(request, **options)
        before = len(simulator.requests)
        try:
            return send(request, **options, timeout=MOMENT)
        except requests.ReadTimeout:
            wait_until(lambda: len(simulator.requests) > before)
            raise

    session.send = sending
    try:
        yield
    finally:
        session.send = send


def wait_until(holds) -> None:
    """Wait for something that other threads do."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)
