"""Processes that pull at once with one token: none is refused, and together they use up what WebWork allows."""

from __future__ import annotations

import sys
import time

import pytest

from airflow_provider_webwork.api.auth import BearerAuth
from airflow_provider_webwork.api.client import Client, ClientSettings
from airflow_provider_webwork.api.retries import RetryPolicy
from airflow_provider_webwork.budget import Rate
from airflow_provider_webwork.events.budgets import Budgets
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.simulator import RateLimit, Simulator
from tests.contract.processes import together

PROCESSES = 4


def pull(log_url, base_url, token, seconds, requests):
    """Call until a number of requests is made by all, and return when each was answered."""
    store = Store(log_url)
    settings = ClientSettings(
        auth=BearerAuth(token),
        base_url=base_url,
        rate=Rate(seconds=seconds),
        budget=Budgets(store),
        retry=RetryPolicy(attempts=1),  # a refusal would be an error
    )
    answered = []
    with Client(settings) as client:
        for _ in range(requests):
            client.call("getWorkspaces")
            answered.append(time.monotonic())
    store.close()
    return answered


def pull_together(store_url, *, window, headers, seconds, minutes):
    """Pull for some simulated minutes, and return the answers' times and statuses."""
    limit = RateLimit(seconds=seconds, window=window, headers=headers)
    with Simulator(rate_limit=limit) as simulator:
        # One request over the last full window shows when the next one may begin.
        arguments = [
            (store_url, simulator.base_url_v2, simulator.token, seconds, 60 * minutes // PROCESSES + (number == 0))
            for number in range(PROCESSES)
        ]
        answered = sorted(moment for each in together(pull, arguments) for moment in each)
        statuses = {request.status for request in simulator.requests}
    return answered, statuses


def share_of_the_budget(answered, *, seconds):
    """Return how much was used of what was allowed between the first and the last answer."""
    return (len(answered) - 1) / (answered[-1] - answered[0]) * seconds / 60


@pytest.mark.parametrize(
    ("store_url", "window", "headers"),
    [("sqlite", "fixed", True), ("postgresql", "sliding", False)],
    indirect=["store_url"],
    ids=["fixed window", "sliding window and no headers"],
)
def test_processes_that_share_a_log_are_never_refused_and_use_95_percent(window, headers, store, store_url, capsys):
    store.upgrade()
    seconds = 10
    for _ in range(3):  # a machine that is too busy for a moment wastes what was booked for it
        answered, statuses = pull_together(store_url, window=window, headers=headers, seconds=seconds, minutes=2)
        assert statuses == {200}
        share = share_of_the_budget(answered, seconds=seconds)
        if share >= 0.95:
            break
    with capsys.disabled():
        sys.stdout.write(f"\n{PROCESSES} processes, 60 requests in {seconds} s, {window} window: {share:.1%} used\n")
    assert share >= 0.95


@pytest.mark.heavy
@pytest.mark.timeout(900)
@pytest.mark.parametrize("window", ["fixed", "sliding"])
def test_the_same_holds_for_real_minutes(window, store, store_url, capsys):
    store.upgrade()
    answered, statuses = pull_together(store_url, window=window, headers=False, seconds=60, minutes=5)

    share = share_of_the_budget(answered, seconds=60)
    with capsys.disabled():
        sys.stdout.write(f"\n{PROCESSES} processes, 60 requests a minute, {window} window: {share:.1%} used\n")
    assert statuses == {200}
    assert share >= 0.95
