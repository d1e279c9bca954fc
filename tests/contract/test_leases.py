"""Work that one process of many does at a time: who has the lease, until when, and what clocks may do."""

from datetime import timedelta

import pytest

from airflow_provider_webwork.events.leases import Leases
from airflow_provider_webwork.events.store import Store
from tests.contract.arrivals import NOON
from tests.contract.processes import together

HOUR = timedelta(hours=1)


@pytest.fixture
def take(store):
    def take(holder, *, name="prune", **later):
        return Leases(store, now=lambda: NOON + timedelta(**later)).take(name, holder, length=HOUR)

    return take


def test_one_has_it_until_it_ends(take):
    assert take("one")
    assert not take("two")
    assert not take("two", minutes=59)
    assert take("two", minutes=60)
    assert not take("one", minutes=61)


def test_who_has_it_keeps_it_by_taking_it_again(take):
    assert take("one")
    assert take("one", minutes=50)
    assert not take("two", minutes=61)
    assert take("two", minutes=110)


def test_leases_of_other_work_are_others(take):
    assert take("one")
    assert take("two", name="reconcile")


def test_a_clock_that_is_behind_by_less_than_the_lease_takes_nothing_away(take):
    assert take("ahead", minutes=55)
    assert not take("behind")


def test_a_clock_that_was_years_ahead_blocks_nobody_for_years(take):
    assert take("broken", days=3_000)
    assert take("sound")
    assert not take("other")


def take_in_a_process(url, holder):
    store = Store(url)
    taken = Leases(store, now=lambda: NOON).take("prune", holder, length=HOUR)
    store.close()
    return taken


def test_of_processes_that_want_it_at_once_one_gets_it(store, store_url):
    store.upgrade()
    assert sorted(together(take_in_a_process, [(store_url, str(number)) for number in range(6)])) == [False] * 5 + [
        True
    ]
