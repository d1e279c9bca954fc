"""The budget of requests in the event log: the same as that of one process, for processes on any machine."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from airflow_provider_webwork.budget import Rate
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.budgets import BELIEVED, Budgets
from airflow_provider_webwork.events.store import Store
from tests.contract.arrivals import NOON
from tests.contract.processes import together

THREE = Rate(requests=3)


class Clocked:
    """The budgets of a log, at a time that only the test moves."""

    def __init__(self, store) -> None:
        self.seconds = 0.0
        self.store = store
        self.budgets = Budgets(store, now=lambda _: NOON + timedelta(seconds=self.seconds))

    def book(self, account="account"):
        booking = self.budgets.book(account, THREE)
        return (round(booking.wait, 3), booking.left)

    def rows(self):
        with self.store.read() as connection:
            return connection.scalar(sa.select(sa.func.count()).select_from(schema.budget))


@pytest.fixture
def here(store):
    return Clocked(store)


def test_so_many_go_at_once_and_the_next_ones_in_turn(here):
    assert [here.book() for _ in range(7)] == [(0, 2), (0, 1), (0, 0), (62, 0), (62, 0), (62, 0), (124, 0)]


def test_what_went_a_window_ago_no_longer_counts(here):
    for _ in range(3):
        here.book()
    here.seconds = 62.001

    assert here.book() == (0, 2)


def test_accounts_have_budgets_of_their_own(here):
    for _ in range(3):
        here.book()

    assert here.book("another") == (0, 2)


def test_what_an_answer_says_holds_for_everybody(here):
    here.book()
    here.budgets.lower("account", THREE, left=1)
    assert [here.book(), here.book()] == [(0, 0), (62, 0)]

    here.seconds = 1_000
    here.budgets.pause("account", THREE, seconds=7)
    assert here.book() == (7, 0)
    here.budgets.lower("another", THREE, left=3)
    assert here.book("another") == (0, 2)


def test_a_clock_that_was_once_years_ahead_keeps_nobody_waiting(here):
    here.seconds = BELIEVED.total_seconds() * 10_000
    for _ in range(9):
        here.book()
    here.seconds = 0

    assert here.book() == (0, 2)


def test_the_table_keeps_no_more_than_the_last_window(here):
    for minute in range(50):
        here.seconds = 63.0 * minute
        here.book()
        here.book(f"account {minute}")
    assert here.rows() <= 70

    here.seconds += BELIEVED.total_seconds()
    here.book()
    assert here.rows() <= 3


def test_without_a_clock_of_the_test_that_of_the_database_counts(store):
    budgets = Budgets(store)
    bookings = [budgets.book("account", THREE) for _ in range(4)]

    assert [booking.wait for booking in bookings[:3]] == [0, 0, 0]
    assert 55 < bookings[3].wait <= 62


def book_in_a_process(url, times):
    store = Store(url)
    budgets = Budgets(store)
    waits = [budgets.book("account", Rate(requests=20)).wait for _ in range(times)]
    store.close()
    return waits


def test_of_requests_that_processes_book_at_once_no_more_than_the_rate_go(store, store_url):
    store.upgrade()
    waits = sorted(wait for each in together(book_in_a_process, [(store_url, 10)] * 4) for wait in each)

    assert waits[:20] == [0] * 20
    assert all(wait > 40 for wait in waits[20:])
