"""A delivery that comes after its event was restored is the same event, on every database."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.restoring import Restored, Restoring
from tests.contract.arrivals import NOON, arrival
from tests.contract.processes import FRESH, together
from tests.contract.readers import Readers
from tests.contract.restoring import TOLERANCE, account, delivery, restore, shown, stored


@pytest.fixture
def restoring(store):
    return Restoring(store)


def test_a_late_delivery_is_absorbed_and_so_is_every_repetition_of_it(restoring, log):
    restore(restoring, shown(0))
    (place,) = log.append([delivery(5, key="late")])
    (synthetic,) = log.read()

    assert (place.seq, place.event_id, place.repeated) == (1, synthetic.id, True)
    assert log.append([delivery(5, key="late"), delivery(5, key="late")]) == [place, place]
    assert stored(log) == [(0, True)]


@pytest.mark.parametrize("seconds", [-90, -89, 0, 1, 90])
def test_a_delivery_within_the_tolerance_is_absorbed(restoring, log, seconds):
    restore(restoring, shown(0))
    log.append([delivery(seconds)])

    assert stored(log) == [(0, True)]


@pytest.mark.parametrize("seconds", [-91, 91, 3_600])
def test_a_delivery_outside_the_tolerance_is_an_event_of_its_own(restoring, log, seconds):
    restore(restoring, shown(0))
    log.append([delivery(seconds)])

    assert stored(log) == [(0, True), (seconds, False)]


@pytest.mark.parametrize(
    "other", [{"type": "tracker.stopped"}, {"user_id": "8"}, {"user_id": None}, {"workspace_id": "2"}]
)
def test_a_delivery_of_something_else_is_an_event_of_its_own(restoring, log, other):
    restore(restoring, shown(0))
    log.append([delivery(0, **other)])

    assert stored(log) == [(0, True), (0, False)]


def test_a_synthetic_event_absorbs_one_delivery_and_the_next_one_is_stored(restoring, log):
    restore(restoring, shown(0))
    log.append([delivery(0, key="first")])
    log.append([delivery(30, key="second")])

    assert stored(log) == [(0, True), (30, False)]


def test_of_two_late_deliveries_in_one_transaction_one_is_absorbed(restoring, log):
    restore(restoring, shown(0))
    places = log.append([delivery(10, key="first"), delivery(20, key="second")])

    assert [place.repeated for place in places] == [True, False]
    assert stored(log) == [(0, True), (20, False)]


@pytest.mark.parametrize("order", [(0, 60), (60, 0)])
def test_each_delivery_is_absorbed_by_the_nearest_in_whatever_order_they_come(restoring, log, order):
    restore(restoring, shown(0), shown(60))
    places = [log.append([delivery(seconds)])[0].seq for seconds in order]

    assert places == [1 if seconds == 0 else 2 for seconds in order]
    assert stored(log) == [(0, True), (60, True)]


def test_only_synthetic_events_absorb(restoring, log):
    log.append([delivery(0, key="real")])
    assert restore(restoring, shown(0)) == Restored(shown=1, added=0, unmatched=0)
    log.append([delivery(10, key="another")])

    assert stored(log) == [(0, False), (10, False)]


def test_an_event_put_in_by_hand_neither_absorbs_nor_is_absorbed(restoring, log):
    log.append([delivery(500, synthetic=True)])
    restore(restoring, shown(0), shown(60))
    log.append([delivery(500), delivery(0, synthetic=True), delivery(60)])

    assert stored(log) == [(500, True), (0, True), (60, True), (500, False), (0, True)]


def test_a_delivery_that_names_no_workspace_counts_as_one_of_the_workspace(restoring, log):
    restore(restoring, shown(0), shown(300))
    log.append([delivery(0, workspace_id=None)])
    assert stored(log) == [(0, True), (300, True)]
    log.append([delivery(900, workspace_id=None)])
    assert restore(restoring, shown(900)).added == 0


def test_a_delivery_that_says_no_time_counts_as_of_its_arrival(restoring, log):
    restore(restoring, shown(0), shown(300))
    log.append([delivery(None, after=timedelta(seconds=20))])
    log.append([delivery(None, after=timedelta(seconds=600))])
    assert stored(log) == [(0, True), (300, True), (600, False)]
    assert restore(restoring, shown(0), shown(300), shown(590)) == Restored(shown=3, added=0, unmatched=0)


def test_a_repetition_is_recognised_before_anything_is_absorbed(restoring, log):
    log.append([delivery(0, key="early")])
    restore(restoring, shown(0), shown(80))
    log.append([delivery(0, key="early")])
    log.append([delivery(85, key="late")])

    assert stored(log) == [(0, False), (80, True)]


def test_a_spooled_delivery_that_is_moved_a_second_time_is_absorbed_once(restoring, log):
    restore(restoring, shown(0), shown(60))
    spooled = delivery(0, key="spooled")
    first, second = log.append_once([spooled]), log.append_once([spooled])

    assert first == second
    assert stored(log) == [(0, True), (60, True)]
    log.append([delivery(55, key="of the other one")])
    assert stored(log) == [(0, True), (60, True)]


def test_consumers_are_given_what_was_restored_and_not_what_was_absorbed(store, restoring):
    readers = Readers(store)
    restore(restoring, shown(0))
    assert readers.claim("first") == [1]
    readers.log.append([delivery(3)])
    assert readers.claim("second") is None


# Restoring itself.


def test_what_lacks_is_added_in_the_order_in_which_it_happened_and_once(restoring, log):
    log.append([delivery(100)])
    account = [shown(200), shown(0), shown(100), shown(100, user_id="8")]
    assert restore(restoring, *account) == Restored(shown=4, added=3, unmatched=0)
    assert stored(log) == [(100, False), (0, True), (100, True), (200, True)]
    assert restore(restoring, *account) == Restored(shown=4, added=0, unmatched=0)
    assert log.head() == 4


def test_what_is_around_the_window_is_compared_but_not_added_and_not_counted(restoring, log):
    log.append([delivery(-10)])
    # What is stored is that of just before the window, and not the one of just after its beginning.
    outcome = restore(restoring, shown(-10), shown(20), since=0, until=60)
    assert outcome == Restored(shown=1, added=1, unmatched=0)
    assert restore(restoring, shown(-100), shown(200), since=0, until=60) == Restored(shown=0, added=0, unmatched=1)


def test_stored_events_that_nothing_shows_are_counted(restoring, log):
    log.append([delivery(0), delivery(10, user_id=None), delivery(20, type="member.invited"), delivery(9_999)])
    log.append([delivery(30, workspace_id="2"), delivery(40, problem="not understood")])

    assert restore(restoring, since=0, until=60) == Restored(shown=0, added=0, unmatched=2)


def test_more_than_a_transaction_adds_goes_in_several(restoring, log):
    account = [shown(100 * number, user_id=f"{number % 7}") for number in range(1_203)]

    assert restore(restoring, *account, until=200_000).added == 1_203
    assert [event.occurred_at for event in log.read()] == [event.occurred_at for event in account]
    assert restore(restoring, *account, until=200_000).added == 0


class Meanwhile(Restoring):
    """Stores something the moment before it would store anything itself."""

    def restore(self, account, *, tolerance, log, arrivals):
        write = self._store.write

        def late(**options):
            if arrivals:
                log.append([arrivals.pop()])
            return write(**options)

        self._store.write = late
        try:
            return super().restore(account, tolerance=tolerance)
        finally:
            del self._store.write


def test_what_arrives_between_the_comparison_and_the_commit_is_not_added(store, open_store):
    log = Readers(open_store()).log
    outcome = Meanwhile(store).restore(
        account(shown(0), shown(60)), tolerance=TOLERANCE, log=log, arrivals=[delivery(55)]
    )

    assert outcome == Restored(shown=2, added=1, unmatched=0)
    assert stored(log) == [(55, False), (0, True)]


def restore_at_once(url, barrier):
    from airflow_provider_webwork.events.store import Store

    store = Store(url)
    barrier.wait(timeout=60)
    added = restore(Restoring(store), *[shown(7 * number) for number in range(800)]).added
    store.close()
    return added


def test_several_that_restore_at_once_add_nothing_twice(store_url, log):
    log.append([delivery(7 * number) for number in range(0, 800, 2)])
    added = together(restore_at_once, [(store_url, FRESH.Barrier(4))] * 4)

    assert sum(added) == 400
    times = [event.occurred_at for event in log.read()]
    assert len(times) == len(set(times)) == 800


# Its traces.


def awaited(store):
    with store.read() as connection:
        return list(connection.scalars(sa.select(schema.awaited.c.seq).order_by(schema.awaited.c.seq)))


def test_deliveries_are_awaited_as_long_as_the_event_is_kept(store, restoring):
    readers = Readers(store)
    restore(restoring, shown(0), shown(300))
    readers.log.append([delivery(0)])
    assert awaited(store) == [2]
    readers.goes_on(days=100)
    readers.append("member.invited")
    assert readers.prune().events == 2
    assert awaited(store) == []


def test_nothing_is_awaited_of_a_person_whose_payloads_were_erased(store, restoring):
    restore(restoring, shown(0), shown(0, user_id="8"))
    assert Readers(store).retention.erase("7", actor="Member 1") == 1

    assert awaited(store) == [2]


def test_up_to_when_a_workspace_was_reconciled_is_kept_and_never_goes_back(store, restoring):
    for minutes in (5, 10, 7):
        restoring.record("1", until=NOON + timedelta(minutes=minutes))
    restoring.record("2", until=NOON)

    with store.read() as connection:
        rows = connection.execute(sa.select(schema.reconciliation).order_by(schema.reconciliation.c.workspace_id)).all()
    assert [tuple(row) for row in rows] == [("1", NOON + timedelta(minutes=10)), ("2", NOON)]


def statements(store, act):
    """Return the statements that something makes."""
    made = []

    def note(connection, cursor, statement, *_):
        made.append(statement)

    sa.event.listen(store._engine, "before_cursor_execute", note)
    act()
    sa.event.remove(store._engine, "before_cursor_execute", note)
    return made


def test_an_append_asks_for_awaited_deliveries_only_if_it_may_hold_one(store, restoring, log):
    log.append([arrival()])
    alone = statements(store, lambda: log.append([delivery(10_000)]))
    restore(restoring, shown(0))
    live = statements(store, lambda: log.append([delivery(20_000)]))
    late = statements(store, lambda: log.append([delivery(5_000), delivery(-5_000)]))

    assert len(live) == len(alone)
    assert len(late) == len(alone) + 1
