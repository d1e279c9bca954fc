"""Who does not come in time is told late, each at their own time; who comes is not."""

import pytest

from airflow_provider_webwork.receiver.patience import Patience


class Clock:
    """An event loop whose time passes when a test says so."""

    def __init__(self):
        self.now = 0.0
        self._timers = []

    def time(self):
        return self.now

    def call_later(self, seconds, call, *arguments):
        self._timers.append((self.now + seconds, call, arguments))
        return object()

    def pass_until(self, moment):
        while due := [timer for timer in self._timers if timer[0] <= moment]:
            first = min(due, key=lambda timer: timer[0])
            self._timers.remove(first)
            self.now, call, arguments = first
            call(*arguments)
        self.now = moment

    @property
    def timers(self):
        return len(self._timers)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def late():
    return []


@pytest.fixture
def patience(clock, late):
    return Patience(10, late=lambda who: late.append((who, clock.now)))


def test_each_is_late_at_their_own_time(clock, patience, late):
    for moment, who in enumerate("abc"):
        clock.pass_until(moment)
        patience.begin(who, clock)
    clock.pass_until(30)

    assert late == [("a", 10), ("b", 11), ("c", 12)]


def test_who_comes_is_not_late(clock, patience, late):
    for who in "abc":
        patience.begin(who, clock)
    patience.end("a")
    patience.end("b")
    assert patience.longest == "c"
    clock.pass_until(30)

    assert late == [("c", 10)]
    assert patience.longest is None


def test_who_begins_again_is_not_waited_for_any_longer(clock, patience, late):
    patience.begin("a", clock)
    clock.pass_until(9)
    patience.begin("a", clock)
    clock.pass_until(30)

    assert late == [("a", 10)]


def test_who_comes_back_later_is_waited_for_anew(clock, patience, late):
    patience.begin("a", clock)
    patience.end("a")
    clock.pass_until(9)
    patience.begin("a", clock)
    clock.pass_until(30)

    assert late == [("a", 19)]


def test_a_thousand_that_come_in_time_need_one_timer(clock, patience, late):
    for number in range(1_000):
        patience.begin(number, clock)
        patience.end(number)
        assert clock.timers == 1
    clock.pass_until(30)

    assert (late, clock.timers) == ([], 0)
