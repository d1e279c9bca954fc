"""Success is told for what is on disk, and only for that; one caller's trouble is not another's."""

import threading
import traceback
from datetime import datetime

import pytest
import sqlalchemy as sa

from airflow_provider_webwork.errors import WebWorkLogError, WebWorkLogUnavailableError
from airflow_provider_webwork.events import append
from airflow_provider_webwork.events.append import ENOUGH, LARGEST_BATCH, Appender, RefusedError
from airflow_provider_webwork.events.log import EventLog, Stored
from tests.contract.appending import PATIENCE, Gate, outcomes, submit_behind, writing
from tests.contract.arrivals import arrival


@pytest.fixture
def gate(log):
    return Gate(log.append)


@pytest.fixture
def appender(gate):
    appender = Appender(gate, capacity=1_000)
    yield appender
    gate.open()
    appender.close()


def submit_until_closed(appender, futures):
    """Submit, adding to the futures, until that is refused for another reason than too many; return the refusal."""
    while True:
        try:
            futures.append(appender.submit(arrival()))
        except WebWorkLogUnavailableError as refusal:
            if "Too many" not in str(refusal):
                return refusal


# Together.


def test_all_that_wait_share_a_transaction_and_learn_their_own_places(gate, appender, log):
    arrivals = [arrival() for _ in range(40)]
    futures = submit_behind(gate, appender, arrivals)
    assert not any(future.done() for future in futures)
    gate.open()

    assert [place.event_id for place in outcomes(futures)[1:]] == [each.event.id for each in arrivals]
    assert gate.sizes == [1, 40]
    assert [event.seq for event in log.read()] == list(range(1, 42))


def test_a_transaction_serves_only_so_many(gate, appender):
    futures = submit_behind(gate, appender, [arrival() for _ in range(LARGEST_BATCH + 1)][:998])
    gate.open()

    assert len(outcomes(futures)) == LARGEST_BATCH + 2
    assert gate.sizes == [1, LARGEST_BATCH, 1]


def test_arrivals_that_belong_together_share_a_transaction_whatever_its_size(gate, appender, log):
    units = [[arrival() for _ in range(size)] for size in (LARGEST_BATCH - 1, 700, 2)]
    first = appender.submit(arrival())
    assert gate.reached.wait(PATIENCE)
    futures = [appender.submit(*unit) for unit in units]
    gate.open()

    assert [[place.event_id for place in future.result(PATIENCE)] for future in futures] == [
        [each.event.id for each in unit] for unit in units
    ]
    assert gate.sizes == [1, LARGEST_BATCH - 1 + 700, 2]
    assert [place.repeated for place in first.result()] == [False]


def test_who_hears_of_success_finds_the_event_with_any_other_connection(log, open_store):
    elsewhere = EventLog(open_store())
    elsewhere.head()
    found: list[bool] = []

    def look(future):
        # Runs at the very moment in which success is told.
        found.append(future.result()[0].event_id in {event.id for event in elsewhere.read()})

    with writing(log.append) as appender:
        for _ in range(50):
            appender.submit(arrival()).add_done_callback(look)

    assert found == [True] * 50


def test_many_threads_lose_nothing(log):
    told: list[Stored] = []

    def deliver(appender):
        told.extend(place for _ in range(50) for place in appender.submit(arrival()).result(PATIENCE))

    with writing(log.append, capacity=8) as appender:
        threads = [threading.Thread(target=deliver, args=(appender,)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert sorted(place.seq for place in told) == list(range(1, 401))
    assert {place.event_id for place in told} == {event.id for event in log.read()}


# Pauses.


@pytest.fixture
def endless_pauses(monkeypatch):
    """Let nobody be answered in time whom the writer lets wait for others; closing ends its pause."""
    monkeypatch.setattr(append, "PAUSE", 10 * PATIENCE)


def test_who_comes_alone_waits_for_nobody(endless_pauses, log):
    with writing(log.append) as appender:
        told = [outcomes([appender.submit(arrival())]) for _ in range(3)]

    assert [place.seq for [place] in told] == [1, 2, 3]


def test_who_comes_while_others_do_shares_their_transaction(endless_pauses, gate, appender, log):
    first, *together = submit_behind(gate, appender, [arrival(), arrival()])
    gate.open()
    first.result(PATIENCE)
    assert not any(future.done() for future in together)
    together += [appender.submit(arrival()) for _ in range(3)]
    assert not any(future.done() for future in together)
    appender.close()

    assert [place.seq for place in outcomes(together)] == [2, 3, 4, 5, 6]
    assert gate.sizes == [1, 5]


def test_callers_who_are_enough_for_a_transaction_wait_for_no_more(endless_pauses, gate, appender):
    futures = submit_behind(gate, appender, [arrival() for _ in range(ENOUGH)])
    gate.open()

    assert [place.seq for place in outcomes(futures)] == list(range(1, ENOUGH + 2))
    assert gate.sizes == [1, ENOUGH]


def test_callers_who_come_together_are_served_although_nobody_follows(gate, appender):
    futures = submit_behind(gate, appender, [arrival(), arrival()])
    gate.open()

    assert [place.seq for place in outcomes(futures)] == [1, 2, 3]
    assert gate.sizes == [1, 2]


# Room.


def test_a_full_queue_refuses_at_once_and_has_room_again_as_soon_as_somebody_is_answered(gate, log):
    with writing(gate, capacity=3) as appender:
        futures = submit_behind(gate, appender, [arrival(), arrival()])
        for _ in range(2):
            with pytest.raises(WebWorkLogUnavailableError, match="Too many deliveries wait"):
                appender.submit(arrival())
        gate.open()
        assert len({place.seq for place in outcomes(futures)}) == 3

        for _ in range(20):
            assert all(isinstance(each, Stored) for each in outcomes([appender.submit(arrival()) for _ in range(3)]))

    assert log.head() == 63


def test_room_is_given_back_by_those_who_are_refused_too(log):
    def refuse(arrivals):
        raise (WebWorkLogUnavailableError if arrivals[0].event.type == "away" else ValueError)("no")

    with writing(refuse, capacity=2) as appender:
        for kind in ["away", "poison"] * 5:
            refused = outcomes([appender.submit(arrival(type=kind)) for _ in range(2)])
            assert [isinstance(each, WebWorkLogError) for each in refused] == [True, True]


def test_a_future_cannot_be_cancelled_once_its_event_was_taken(gate, appender):
    future = appender.submit(arrival())

    assert not future.cancel()
    gate.open()
    assert outcomes([future])[0].seq == 1


def test_a_callback_that_fails_harms_nobody(gate, appender, caplog):
    first, second = submit_behind(gate, appender, [arrival()])
    first.add_done_callback(lambda _: 1 / 0)
    gate.open()

    assert [place.seq for place in outcomes([first, second])] == [1, 2]


# Poison.


def nested(depth):
    value = 7
    for _ in range(depth):
        value = [value]
    return value


POISONOUS = {
    "an id that is taken": {"id": "taken"},
    "no JSON": {"payload": {"n": float("nan")}},
    "no JSON either": {"payload": {"n": {1, 2}}},
    "a number too large": {"reparsed_from": 2**63},
    "no JSON that a database knows": {"payload": {"n": float("inf")}},
    "nesting without end": {"payload": {"n": nested(1_000_000)}},
    "a lone surrogate": {"type": "\ud800"},
    "a lone surrogate in a name": {"user_id": "7\udfff"},
    "NUL": {"type": "tracker.\0"},
    "NUL in a name": {"endpoint": "a\0b"},
    "no time zone": {"received_at": datetime(2026, 11, 22)},  # noqa: DTZ001
    "no text": {"user_id": {"id": 7}},
    "nothing where something must be": {"type": None},
}


@pytest.mark.parametrize("poison", POISONOUS)
def test_poisonous_arrivals_are_refused_and_the_others_are_stored(gate, log, caplog, poison):
    log.append([arrival(id="taken")])
    arrivals = [arrival() for _ in range(10)]
    for place in (0, 3, 4, 9):
        arrivals[place] = arrival(f"poison {place}", **POISONOUS[poison])
    with writing(gate) as appender:
        futures = submit_behind(gate, appender, arrivals)[1:]
        gate.open()

    told = outcomes(futures)
    assert {number: str(each) for number, each in enumerate(told) if not isinstance(each, Stored)} == dict.fromkeys(
        (0, 3, 4, 9), "The event log refuses this event."
    )
    assert [event.id for event in log.read()][2:] == [each.event_id for each in told if isinstance(each, Stored)]
    assert [event.seq for event in log.read()] == list(range(1, 9))
    assert arrivals[9].event.id in caplog.text


@pytest.mark.parametrize("place", [0, 2, 4])
def test_of_arrivals_that_belong_together_none_is_stored_if_one_is_poisonous(gate, appender, log, place):
    unit = [arrival() for _ in range(5)]
    unit[place] = arrival(type=None)
    others = [arrival() for _ in range(6)]
    futures = submit_behind(gate, appender, others[:3])
    futures += [appender.submit(*unit), *map(appender.submit, others[3:])]
    gate.open()

    told = outcomes(futures)
    assert [number for number, each in enumerate(told) if not isinstance(each, Stored)] == [4]
    assert [event.id for event in log.read()][1:] == [each.event.id for each in others]


def test_a_batch_of_nothing_but_poison_is_refused_one_by_one(gate, appender, log):
    futures = submit_behind(gate, appender, [arrival(reparsed_from=2**63) for _ in range(5)])
    gate.open()

    assert [type(each) for each in outcomes(futures)] == [Stored] + [RefusedError] * 5
    assert log.head() == 1


@pytest.mark.parametrize("poison", [{"id": "taken"}, {"type": None}], ids=["taken", "incomplete"])
def test_neither_logs_nor_errors_show_what_an_event_says(gate, appender, log, caplog, poison):
    log.append([arrival(id="taken")])
    said = {"payload": {"name": "Member 7"}, "user_id": "id-of-member-7"}
    with pytest.raises(sa.exc.IntegrityError) as refused:
        log.append([arrival("key", **poison, **said)])
    futures = submit_behind(gate, appender, [arrival("key", **poison, **said)])
    gate.open()

    shown = ["".join(traceback.format_exception(refused.value)), repr(outcomes(futures)[1]), caplog.text]
    assert all(shown)
    assert not any("ember 7" in text or "id-of" in text for text in shown)


# Closing.


def test_closing_stores_what_waits_and_refuses_what_comes_later(gate, appender, log):
    futures = submit_behind(gate, appender, [arrival() for _ in range(7)])
    closing = threading.Thread(target=appender.close)
    closing.start()
    refusal = submit_until_closed(appender, futures)
    gate.open()
    closing.join(PATIENCE)

    assert "closed" in str(refusal)
    assert {place.event_id for place in outcomes(futures)} == {event.id for event in log.read()}
    assert log.head() == len(futures) >= 8
    appender.close()


def test_closing_while_others_submit_leaves_no_caller_without_an_answer(log):
    for _ in range(20):
        appender = Appender(log.append, capacity=100)
        futures = []
        threads = [threading.Thread(target=submit_until_closed, args=(appender, futures)) for _ in range(3)]
        for thread in threads:
            thread.start()
        appender.close()
        for thread in threads:
            thread.join()

        assert all(future.done() for future in futures)
