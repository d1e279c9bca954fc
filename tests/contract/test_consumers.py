"""Consumers have a place of their own in the log, and whatever changes it by hand is on record."""

from datetime import timedelta

import pytest

from airflow_provider_webwork.errors import WebWorkConsumerError
from tests.contract.arrivals import NOON
from tests.contract.processes import together
from tests.contract.readers import ALL, STARTED, STOPPED, Readers


@pytest.mark.parametrize(
    ("start", "first"), [("now", 4), ("beginning", 1), (NOON + timedelta(hours=1), 2), (NOON + timedelta(hours=2.5), 4)]
)
def test_a_consumer_starts_now_or_at_the_beginning_or_at_a_time(readers, start, first):
    for _ in range(3):
        readers.append("tracker.started")
        readers.goes_on(hours=1)
    readers.consumers.create("payroll", ALL, start=start)
    readers.append("tracker.started")

    assert readers.claim("r1") == list(range(first, 5))


def test_a_start_applies_to_a_new_consumer_only(readers):
    readers.append("tracker.started", "tracker.started")
    assert readers.claim("r1", start="now") is None
    assert readers.claim("r1", start="beginning") is None


def test_the_beginning_of_a_pruned_log_is_its_oldest_event(readers):
    readers.append(*["tracker.started"] * 3)
    readers.goes_on(days=100)
    readers.append("tracker.started")
    readers.prune()
    assert readers.claim("r1") == [4]


@pytest.mark.parametrize("name", ["payroll", "team-a.hours_2", "p" * 63])
def test_a_name_is_small_letters_digits_and_a_few_signs(readers, name):
    assert readers.consumers.create(name, ALL).name == name


@pytest.mark.parametrize("name", ["", "Payroll", "1st", "pay roll", "p" * 64, "payroll\n", "löhne", None, 7])
def test_any_other_name_is_refused_with_an_example(readers, name):
    with pytest.raises(ValueError, match="'payroll'"):
        readers.consumers.create(name, ALL)
    assert readers.consumers.list() == []


def test_a_claim_by_the_name_of_no_consumer_says_how_to_make_one(readers):
    with pytest.raises(WebWorkConsumerError, match="`airflow webwork consumers create nobody`"):
        readers.claims.claim("nobody", "salaries/r1/claim/-1", limit=1)


def test_the_dag_that_claims_first_owns_a_consumer_that_was_made_by_hand(readers):
    readers.consumers.create("payroll", ALL)
    assert readers.payroll.owner is None
    readers.append("tracker.started")
    readers.claims.claim("payroll", "salaries/r1/claim/-1", limit=1)
    readers.append("tracker.started")
    readers.claims.claim("payroll", "hours/r1/claim/-1", limit=1)
    assert readers.payroll.owner == "salaries"


def test_a_filter_changed_by_its_own_dag_goes_on_at_the_position_and_says_so(readers, caplog):
    readers.append("tracker.started", "tracker.stopped", "tracker.started", "tracker.stopped")
    assert readers.claim("r1", limit=1, wanted=STARTED) == [1]
    assert caplog.records == []

    assert readers.claim("r2", wanted=STOPPED) == [2, 4]
    [record] = caplog.records
    assert "payroll has a new filter" in record.getMessage()
    assert "tracker.stopped" in record.getMessage()
    assert "position 1" in record.getMessage()
    assert readers.audit() == [
        ("salaries/r2/claim/-1", "filter", "payroll", {"from": STARTED.to_json(), "to": STOPPED.to_json()})
    ]


def test_batches_from_before_a_change_of_the_filter_keep_theirs(readers):
    readers.append("tracker.started", "tracker.stopped", "tracker.started")
    assert readers.claim("r1", limit=2, wanted=STARTED) == [1, 3]
    readers.claim("r2", wanted=ALL)
    assert readers.claim("r1", wanted=ALL) == [1, 3]
    assert readers.claim("r1", wanted=STARTED) == [1, 3]


def test_another_dag_with_another_filter_is_refused_and_loses_nothing_and_a_transfer_mends_it(readers):
    readers.append("tracker.started", "tracker.stopped", "tracker.started", "tracker.stopped")
    assert readers.claim("r1", limit=1, wanted=STARTED) == [1]

    with pytest.raises(WebWorkConsumerError) as refused:
        readers.claim("r1", dag="hours", wanted=STOPPED)
    for told in ("'salaries'", "'hours'", "tracker.started", "tracker.stopped", "consumers transfer payroll hours"):
        assert told in str(refused.value)
    assert readers.lag() == 1
    clash = ("hours/r1/claim/-1", "clash", "payroll", {"dag_id": "hours", "filter": STOPPED.to_json()})
    assert readers.audit()[-1] == clash, "the doctor tells of it"

    readers.consumers.transfer("payroll", owner="hours", actor="Member 7")
    assert readers.claim("r1", dag="hours", wanted=STOPPED) == [2, 4]
    assert ("Member 7", "transfer", "payroll", {"from": "salaries", "to": "hours"}) in readers.audit()
    with pytest.raises(WebWorkConsumerError, match="belongs to Dag 'hours'"):
        readers.claim("r2", wanted=STARTED)


def test_of_a_dag_that_is_refused_again_and_again_the_audit_keeps_the_last_time(readers):
    readers.claim("r0", wanted=STARTED)
    for number in range(20):
        for dag, wanted in (("hours", STOPPED), ("bonuses", STOPPED), ("bonuses", ALL)):
            with pytest.raises(WebWorkConsumerError):
                readers.claim(f"r{number}", dag=dag, wanted=wanted)

    assert readers.audit() == [
        (f"{dag}/r19/claim/-1", "clash", "payroll", {"dag_id": dag, "filter": wanted.to_json()})
        for dag, wanted in (("hours", STOPPED), ("bonuses", STOPPED), ("bonuses", ALL))
    ]


def test_two_dags_with_the_same_filter_share_the_work(readers):
    readers.append(*["tracker.started"] * 4)
    assert readers.claim("r1", limit=2, dag="salaries") == [1, 2]
    assert readers.claim("r1", limit=2, dag="hours") == [3, 4]


def test_rewinding_gives_events_again_in_new_batches_and_is_on_record(readers):
    readers.append(*["tracker.started"] * 4)
    assert readers.claim("r1") == [1, 2, 3, 4]
    assert readers.consumers.rewind("payroll", to=2, actor="Member 7").position == 2
    assert readers.claim("r2") == [3, 4]
    assert readers.claim("r1") == [1, 2, 3, 4]
    assert readers.audit() == [("Member 7", "rewind", "payroll", {"from": 4, "to": 2})]


def test_skipping_leaves_events_out_and_is_on_record(readers):
    readers.append(*["tracker.started"] * 4)
    assert readers.claim("r1", limit=1) == [1]
    readers.consumers.skip("payroll", to="now", actor="Member 7")
    assert readers.claim("r2") is None
    assert readers.audit() == [("Member 7", "skip", "payroll", {"from": 1, "to": 4})]


def test_rewinding_goes_back_only_and_skipping_on_only_and_neither_leaves_the_log(readers):
    readers.append(*["tracker.started"] * 3)
    readers.goes_on(days=100)
    readers.append(*["tracker.started"] * 3)
    readers.prune()
    readers.claim("r1", limit=2)
    assert readers.payroll.position == 5

    for move, to in [("rewind", 6), ("rewind", 2), ("rewind", "now"), ("skip", 4), ("skip", 7), ("skip", "beginning")]:
        with pytest.raises(WebWorkConsumerError, match="is at position 5"):
            getattr(readers.consumers, move)("payroll", to=to, actor="Member 7")
    assert readers.payroll.position == 5
    assert readers.audit() == []
    assert readers.consumers.rewind("payroll", to="beginning", actor="Member 7").position == 3


def test_a_reset_forgets_batches_and_released_ranges_and_begins_at_the_oldest_event(readers):
    readers.append(*["tracker.started"] * 4)
    readers.claim("r1", limit=2)
    readers.claim("r2", limit=2)
    readers.release("r1")
    readers.consumers.reset("payroll", actor="Member 7")
    assert readers.lag() == 4
    assert readers.claim("r1") == [1, 2, 3, 4]
    assert readers.audit()[-1] == ("Member 7", "reset", "payroll", {"from": 4, "to": 0})


def test_a_deleted_consumer_is_gone_with_its_batches_and_its_events_stay(readers):
    readers.append(*["tracker.started"] * 2)
    readers.claim("r1")
    readers.release("r1")
    readers.consumers.delete("payroll", actor="Member 7")
    assert readers.consumers.list() == []
    assert readers.batches.list() == []
    assert readers.log.head() == 2
    assert readers.audit()[-1][:3] == ("Member 7", "delete", "payroll")
    assert readers.claim("r1") == [1, 2]


@pytest.mark.parametrize("verb", ["rewind", "skip", "reset", "transfer", "delete"])
def test_what_there_is_not_cannot_be_changed(readers, verb):
    arguments = {"rewind": {"to": 0}, "skip": {"to": 0}, "transfer": {"owner": "hours"}}.get(verb, {})
    with pytest.raises(WebWorkConsumerError, match="There is no consumer 'nobody'"):
        getattr(readers.consumers, verb)("nobody", actor="Member 7", **arguments)


def test_a_trigger_that_waits_moves_the_position_over_what_is_not_wanted(readers):
    before = readers.consumers.create("payroll", STOPPED)
    readers.append(*["tracker.started"] * 5)
    readers.goes_on(minutes=1)
    readers.consumers.seen(before, proven=5)
    assert readers.payroll.position == 5
    assert readers.payroll.seen_at == readers.moment


def test_what_a_trigger_proved_does_not_count_once_the_consumer_changed(readers):
    readers.append("tracker.started", "tracker.stopped")
    before = readers.consumers.create("payroll", STOPPED, start="beginning", owner="salaries")
    assert readers.claim("r1", limit=1, wanted=STARTED) == [1]  # a new filter
    readers.append("tracker.started")
    readers.consumers.seen(before, proven=3)
    assert readers.claim("r2", wanted=STARTED) == [3]

    before = readers.payroll
    readers.consumers.rewind("payroll", to=0, actor="Member 7")
    readers.consumers.seen(before, proven=3)
    assert readers.payroll.position == 0

    readers.consumers.delete("payroll", actor="Member 7")
    before = readers.consumers.create("payroll", STOPPED, start="beginning")
    readers.consumers.delete("payroll", actor="Member 7")
    readers.consumers.create("payroll", STARTED, start="beginning")
    readers.consumers.seen(before, proven=3)
    assert readers.payroll.position == 0


def test_what_a_trigger_proved_never_moves_a_position_back(readers):
    readers.append(*["tracker.started"] * 5)
    before = readers.consumers.create("payroll", STOPPED, start="beginning")
    readers.consumers.seen(before, proven=4)
    readers.consumers.seen(before, proven=2)
    assert readers.payroll.position == 4


def create_in_a_process(url):
    from airflow_provider_webwork.events.store import Store

    store = Store(url)
    consumer = Readers(store).consumers.create("payroll", ALL, start="beginning", owner="salaries")
    store.close()
    return consumer.position


def test_processes_that_make_one_consumer_at_once_all_get_it(store, store_url, readers):
    readers.append("tracker.started")
    assert together(create_in_a_process, [(store_url,)] * 6) == [0] * 6
    assert [consumer.name for consumer in readers.consumers.list()] == ["payroll"]


def test_where_consumers_stand_is_told_for_those_that_there_are_with_what_was_given_up(readers):
    readers.consumers.create("hours", STOPPED)
    readers.append(*["tracker.started"] * 5)
    for run in ("r1", "r2", "r3"):
        readers.claim(run, limit=1)
    readers.release("r1")
    readers.release("r2")

    standings = readers.consumers.standings({"payroll", "hours", "nobody"})

    assert {name: standing.released for name, standing in standings.items()} == {"payroll": 2, "hours": 0}
    assert standings["payroll"].consumer == readers.payroll
    assert readers.consumers.standings([]) == {}


def test_what_a_trigger_saw_in_a_log_that_was_put_back_since_moves_nobody_past_its_end(readers):
    readers.consumers.create("payroll", STARTED, start="beginning")
    readers.append("tracker.stopped", "tracker.stopped")
    readers.consumers.seen(readers.payroll, proven=30)
    assert readers.payroll.position == 2
    assert readers.append("tracker.started") == [3]
    assert readers.claim("r1", wanted=STARTED) == [3]


def test_a_consumer_does_not_begin_at_a_time_that_has_not_come(readers):
    ahead = readers.moment + timedelta(hours=1)
    with pytest.raises(WebWorkConsumerError, match=r"cannot begin at 2026-11-22T13:00:00.000000Z: that time has not"):
        readers.claim("r1", start=ahead)
    readers.goes_on(hours=1)
    readers.append("tracker.started")
    assert readers.claim("r1", start=ahead) == [1]
