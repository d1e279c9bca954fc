"""When requests may go: never too many in any minute, however it is counted, and nearly as many as are allowed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.api.pacing import ProcessBudget
from airflow_provider_webwork.budget import Rate
from airflow_provider_webwork.simulator.rate_limit import Meter, RateLimit

MINUTE = Rate()


class Virtual:
    """A budget, and a time that only the test moves."""

    def __init__(self) -> None:
        self.time = 0.0
        self.budget = ProcessBudget(monotonic=lambda: self.time)

    def book(self, rate=MINUTE) -> float:
        """Book a request and return the moment at which it goes."""
        return self.time + self.budget.book("account", rate).wait

    def free(self) -> int:
        """Return how many requests could go at once, by letting them go."""
        count = 0
        while self.budget.book("account", MINUTE).wait <= 0:
            count += 1
        return count


@given(
    rate=st.builds(Rate, requests=st.integers(1, 20), seconds=st.floats(0.5, 120)),
    gaps=st.lists(st.floats(0, 30), min_size=1, max_size=120),
)
def test_no_window_of_any_alignment_holds_more_than_the_rate(rate, gaps):
    here, moments = Virtual(), []
    for gap in gaps:
        here.time += gap
        moments.append(here.book(rate))

    assert moments == pytest.approx(sorted(moments))
    too_early = [
        later - first
        for first, later in zip(moments, moments[rate.requests :], strict=False)
        if later - first < rate.seconds
    ]
    assert too_early == []


@pytest.mark.parametrize("window", ["fixed", "sliding"])
@given(delays=st.lists(st.floats(0, 1.9), min_size=301, max_size=301), workers=st.integers(1, 8))
def test_a_long_pull_meets_no_refusal_and_uses_95_percent_though_requests_travel_unequally_fast(
    window, delays, workers
):
    here, meter = Virtual(), Meter(RateLimit(window=window))
    start = datetime(2026, 11, 22, tzinfo=UTC)
    sent, free = [], [0.0] * workers
    for delay in delays:
        worker = free.index(min(free))
        here.time = max(here.time, free[worker])
        sent.append(here.book())
        free[worker] = sent[-1] + delay
    arrivals = sorted(moment + delay for moment, delay in zip(sent, delays, strict=True))

    verdicts = [meter.count(7, at=start + timedelta(seconds=at), version="v2").allowed for at in arrivals]

    assert verdicts == [True] * 301
    # One or two who wait up to 1.9 s for each answer may not be able to send 60 requests a minute at all.
    assert workers < 3 or 300 / (sent[-1] - sent[0]) >= 0.95


def test_a_short_pull_waits_for_nothing():
    assert Virtual().free() == 60


def test_who_comes_first_goes_first_and_each_learns_when():
    here = Virtual()
    for second in range(60):
        here.time = float(second)
        here.book()

    assert [here.book() for _ in range(3)] == pytest.approx([62, 63, 64])


def test_an_answer_that_leaves_less_than_we_know_of_lowers_the_budget_by_what_others_sent():
    here = Virtual()
    for _ in range(10):
        here.book()
    here.budget.lower("account", MINUTE, left=5)

    assert here.free() == 5


def test_an_answer_that_leaves_more_than_we_know_of_changes_nothing():
    here = Virtual()
    for _ in range(10):
        here.book()
    here.budget.lower("account", MINUTE, left=55)

    assert here.free() == 50


@given(used=st.integers(0, 70), age=st.floats(0, 62), seconds=st.floats(0.1, 60))
def test_a_pause_holds_for_as_long_as_it_says_whatever_went_before(used, age, seconds):
    here = Virtual()
    for _ in range(used):
        here.book()
    here.time = age
    here.budget.pause("account", MINUTE, seconds=seconds)

    assert here.book() >= age + seconds - 1e-6


def test_a_pause_ends():
    here = Virtual()
    here.budget.pause("account", MINUTE, seconds=7)

    assert here.book() == pytest.approx(7)
    here.time = 7.1
    assert here.free() == 59


def test_accounts_have_budgets_of_their_own():
    here = Virtual()
    here.budget.pause("another", MINUTE, seconds=60)

    assert here.free() == 60


@pytest.mark.parametrize("wrong", [{"requests": 0}, {"seconds": 0.0}])
def test_a_rate_that_lets_nothing_go_is_refused(wrong):
    with pytest.raises(ValueError, match="must be"):
        Rate(**wrong)
