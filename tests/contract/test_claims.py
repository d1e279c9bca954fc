"""Every event that a consumer wants is given to exactly one live batch, and a batch never changes its mind."""

import json
from datetime import timedelta

import pytest

from airflow_provider_webwork.errors import WebWorkConsumerError
from airflow_provider_webwork.events.match import EventFilter
from tests.contract.arrivals import arrival
from tests.contract.readers import ALL, STARTED, STOPPED


def test_runs_get_the_events_one_after_the_other_and_none_twice(readers):
    readers.append(*["tracker.started"] * 5)
    assert readers.claim("r1", limit=2) == [1, 2]
    assert readers.claim("r2", limit=2) == [3, 4]
    assert readers.claim("r3", limit=2) == [5]
    assert readers.claim("r4", limit=2) is None


def test_a_run_that_claims_again_gets_the_same_events_whatever_came_since(readers):
    readers.append("tracker.started", "tracker.stopped", "tracker.started")
    assert readers.claim("r1", limit=2, wanted=STARTED) == [1, 3]
    readers.append(*["tracker.started"] * 3)
    assert readers.claim("r2", limit=1, wanted=STARTED) == [4]
    readers.release("r2")
    readers.claim("r3", wanted=ALL)
    assert readers.claim("r1", limit=2, wanted=STARTED) == [1, 3]
    assert readers.claim("r1", limit=100, wanted=ALL) == [1, 3]


def test_what_was_claimed_is_kept_with_its_filter_and_named_by_a_small_reference(readers):
    readers.append("tracker.stopped", "tracker.started", "tracker.stopped", "tracker.started", "tracker.stopped")
    batch = readers.claims.claim("payroll", "salaries/r1/claim/3", limit=10, wanted=STARTED, start="beginning")
    reference = {
        "consumer": "payroll",
        "run_key": "salaries/r1/claim/3",
        "start_seq": 2,
        "end_seq": 4,
        "count": 2,
    }
    assert batch.reference() == reference
    assert json.loads(json.dumps(reference)) == reference
    assert readers.batches.find("payroll", "salaries/r1/claim/3") == batch
    assert readers.batches.list() == readers.batches.list("payroll") == [batch]
    assert readers.batches.list("hours") == []


def test_with_nothing_to_do_a_run_gets_nothing_and_the_position_moves_over_what_is_not_wanted(readers):
    readers.append(*["tracker.stopped"] * 3)
    assert readers.claim("r1", wanted=STARTED) is None
    assert readers.payroll.position == 3
    assert readers.batches.list() == []


def test_a_run_that_got_nothing_gets_what_comes_later_when_it_claims_again(readers):
    assert readers.claim("r1") is None
    readers.append("tracker.started")
    assert readers.claim("r1") == [1]


def test_a_consumer_that_matches_rarely_does_not_look_at_the_same_events_again(readers, monkeypatch):
    seen = []
    matches = EventFilter.matches
    monkeypatch.setattr(EventFilter, "matches", lambda self, event: seen.append(event.seq) or matches(self, event))
    rare = EventFilter.of(match={"data.project_id": 7})
    readers.append(*["tracker.started"] * 20, payload={"project_id": 8})
    assert readers.claim("r1", wanted=rare) is None
    assert seen == list(range(1, 21))
    readers.append("tracker.started", payload={"project_id": 7})
    seen.clear()
    assert readers.claim("r2", wanted=rare) == [21]
    assert set(seen) == {21}


def test_events_with_a_problem_are_given_to_nobody(readers):
    readers.append("unknown", problem="not JSON")
    readers.append("tracker.started")
    assert readers.claim("r1") == [2]


def test_a_batch_has_no_more_bytes_than_asked_for_but_always_one_event(readers):
    readers.append(*["tracker.started"] * 4, payload={"data": {"note": "x" * 1_000}})
    size = len(json.dumps(next(readers.log.read()).as_dict()))
    assert size > 1_000
    assert readers.claim("r1", max_bytes=10) == [1]
    assert readers.claim("r2", max_bytes=2 * size) == [2, 3]
    assert readers.claim("r3", max_bytes=2 * size) == [4]


def test_a_claim_of_no_events_is_refused(readers):
    readers.append("tracker.started")
    with pytest.raises(ValueError, match="limit"):
        readers.claim("r1", limit=0)


def test_lag_counts_what_waits_up_to_a_bound(readers):
    readers.append("tracker.started", "tracker.stopped", "tracker.started", "tracker.started")
    readers.consumers.create("payroll", STARTED, start="beginning")
    assert readers.lag() == 3
    bounded = readers.claims.lag("payroll", at_most=2)
    assert (bounded.events, bounded.at_least) == (2, True)
    exact = readers.claims.lag("payroll", at_most=3)
    assert (exact.events, exact.at_least) == (3, False)


def test_a_released_batch_goes_to_exactly_one_other_run_and_is_served_first(readers):
    readers.append(*["tracker.started"] * 4)
    readers.claim("r1", limit=2)
    readers.release("r1")
    assert readers.lag() == 4
    assert readers.claim("r2") == [1, 2]
    assert readers.claim("r3") == [3, 4]
    assert readers.lag() == 0
    assert readers.claim("r4") is None


def test_a_released_batch_that_is_larger_than_a_claim_takes_is_split(readers):
    readers.append(*["tracker.started", "tracker.stopped"] * 5)
    assert readers.claim("r1", limit=5, wanted=STARTED) == [1, 3, 5, 7, 9]
    readers.release("r1")
    assert readers.claim("r2", limit=2, wanted=STARTED) == [1, 3]
    assert readers.lag() == 3
    assert readers.claim("r3", limit=2, wanted=STARTED) == [5, 7]
    assert readers.claim("r4", limit=2, wanted=STARTED) == [9]
    assert readers.claim("r5", limit=2, wanted=STARTED) is None


def test_a_released_batch_is_given_under_its_own_filter(readers):
    readers.append("tracker.started", "tracker.stopped", "tracker.started")
    assert readers.claim("r1", wanted=STARTED) == [1, 3]
    readers.release("r1")
    assert readers.claim("r2", wanted=STOPPED) == [1, 3]
    assert readers.batches.find("payroll", "salaries/r2/claim/-1").wanted == STARTED


def test_a_part_of_a_released_batch_can_be_released_again(readers):
    readers.append(*["tracker.started"] * 6)
    readers.claim("r1", limit=6)
    readers.release("r1")
    assert readers.claim("r2", limit=4) == [1, 2, 3, 4]
    readers.release("r2")
    assert readers.claim("r3", limit=3) == [1, 2, 3]
    assert readers.claim("r4", limit=3) == [4]
    assert readers.claim("r5", limit=3) == [5, 6]


def test_a_released_run_stays_released_and_its_claim_names_the_command(readers):
    readers.append("tracker.started")
    readers.claim("r1")
    assert readers.release("r1").released_at == readers.moment
    for _ in range(2):
        with pytest.raises(WebWorkConsumerError, match=r"given up at 2026-.* by `airflow webwork batches release`"):
            readers.claim("r1")
        readers.claim("r2")


def test_releasing_twice_gives_the_events_to_others_once(readers):
    readers.append("tracker.started")
    readers.claim("r1")
    once = readers.release("r1")
    assert readers.release("r1") == once
    assert readers.lag() == 1
    assert readers.claim("r2") == [1]
    readers.release("r1")
    assert readers.claim("r3") is None
    assert readers.audit() == [("Member 7", "release", "payroll salaries/r1/claim/-1", once.reference())]


def test_what_was_never_claimed_cannot_be_released(readers):
    readers.consumers.create("payroll", ALL)
    with pytest.raises(WebWorkConsumerError, match="`airflow webwork batches list`"):
        readers.release("r1")


def test_a_position_before_the_oldest_event_fails_once_naming_what_is_gone_then_goes_on(readers):
    readers.append(*["tracker.started"] * 5)
    assert readers.claim("r1", limit=1) == [1]
    readers.goes_on(days=100)
    readers.append(*["tracker.started"] * 2)
    assert readers.prune().events == 5

    with pytest.raises(WebWorkConsumerError, match=r"Events 2 to 5 were pruned before consumer 'payroll' claimed"):
        readers.claim("r2")
    assert readers.audit() == [("salaries/r2/claim/-1", "lost to pruning", "payroll", {"first": 2, "last": 5})]
    assert readers.claim("r2") == [6, 7]


def test_a_trigger_does_not_hide_that_events_were_pruned(readers):
    readers.append(*["tracker.started"] * 5)
    readers.consumers.create("payroll", STARTED, start="beginning")
    readers.goes_on(days=100)
    readers.append("tracker.stopped")
    readers.prune()
    readers.consumers.seen(readers.payroll, proven=6)
    with pytest.raises(WebWorkConsumerError, match="Events 1 to 5 were pruned"):
        readers.claim("r1", wanted=STARTED)


def test_a_released_range_that_was_pruned_fails_once_and_the_rest_of_it_is_given(readers):
    readers.append(*["tracker.started"] * 3)
    readers.goes_on(days=100)
    readers.append(*["tracker.started"] * 3)
    assert readers.claim("r1") == [1, 2, 3, 4, 5, 6]
    readers.release("r1")
    readers.prune(even_unclaimed=True)

    with pytest.raises(WebWorkConsumerError, match="Events 1 to 3 were pruned"):
        readers.claim("r2")
    assert readers.claim("r2") == [4, 5, 6]
    assert readers.claim("r3") is None


def test_of_a_released_range_that_was_pruned_no_more_is_told_to_be_gone_than_it_held(readers):
    readers.append(*["tracker.started"] * 5)
    assert readers.claim("r1", limit=3) == [1, 2, 3]
    assert readers.claim("r2") == [4, 5]
    readers.release("r1")
    readers.goes_on(days=100)
    readers.append("tracker.started")
    readers.prune(even_unclaimed=True)

    with pytest.raises(WebWorkConsumerError, match="Events 1 to 3 were pruned"):
        readers.claim("r3")
    assert readers.claim("r3") == [6]


def test_a_batch_that_was_pruned_says_so_instead_of_giving_less(readers):
    readers.append(*["tracker.started"] * 3)
    readers.claim("r1")
    readers.goes_on(days=100)
    readers.append("tracker.started")
    readers.prune()
    with pytest.raises(WebWorkConsumerError, match="holds events 1 to 3, and the log now begins at 4"):
        readers.claim("r1")


def test_a_batch_that_is_pruned_while_it_is_read_says_so_in_the_end(readers):
    readers.append(*["tracker.started"] * 3)
    readers.claim("r1")
    events = readers.batches.events(readers.batches.list()[0])
    next(events)
    readers.goes_on(days=100)
    readers.append("tracker.started")
    readers.prune()
    with pytest.raises(WebWorkConsumerError, match="they were pruned"):
        list(events)


def test_events_before_the_first_of_a_batch_may_be_pruned(readers):
    readers.append("tracker.stopped")
    readers.goes_on(days=100)
    readers.append("tracker.started", "tracker.started")
    assert readers.claim("r1", wanted=STARTED) == [2, 3]
    assert readers.prune().events == 1
    assert readers.claim("r1", wanted=STARTED) == [2, 3]


def test_a_filter_over_more_events_than_a_page_finds_them_all(readers):
    readers.log.append([arrival(user_id=str(number % 100)) for number in range(2_500)])
    wanted = EventFilter.of(match={"user_id": 7})
    claimed = [readers.claim(f"r{number}", limit=10, wanted=wanted) for number in range(4)]
    assert claimed == [
        [8 + 100 * number for number in range(10)],
        [8 + 100 * number for number in range(10, 20)],
        [8 + 100 * number for number in range(20, 25)],
        None,
    ]
    assert readers.payroll.position == 2_500


@pytest.mark.parametrize(
    "wanted",
    [
        EventFilter.of(match={"user_id": list(range(70_000))}),
        EventFilter.of(types=["tracker.*", *(f"leave.{number}.*" for number in range(1_000))]),
    ],
    ids=["users", "types"],
)
def test_a_filter_may_be_longer_than_what_databases_compare(readers, wanted):
    readers.append("member.added", user_id="x")
    readers.append("tracker.started", user_id="7")
    assert readers.claim("r1", wanted=wanted) == [2]


def test_a_consumer_was_heard_of_when_it_was_made_or_claimed_or_seen_last(readers):
    readers.consumers.create("payroll", ALL)
    made = readers.payroll.heard_at
    readers.goes_on(days=1)
    readers.append("tracker.started")
    readers.claim("r1")
    claimed = readers.payroll.heard_at
    readers.goes_on(days=1)
    readers.consumers.seen(readers.payroll, proven=1)
    assert made + timedelta(days=1) < claimed < readers.payroll.heard_at - timedelta(hours=23)


def test_a_run_gets_its_batch_again_although_the_consumer_is_anothers_by_now(readers):
    readers.append("tracker.started", "tracker.stopped", "tracker.started")
    assert readers.claim("r1", wanted=STARTED, limit=1) == [1]
    readers.consumers.transfer("payroll", owner="bonuses", actor="Member 7")
    assert readers.claim("r1", dag="bonuses", wanted=STOPPED) == [2]

    assert readers.claim("r1", wanted=STARTED, limit=1) == [1]
    assert readers.payroll.wanted == STOPPED


def test_a_run_of_an_older_dag_that_is_cleared_leaves_the_filter_as_it_is(readers):
    readers.append("tracker.started")
    assert readers.claim("r1", wanted=STARTED) == [1]
    assert readers.claim("r2", wanted=ALL) is None
    assert readers.claim("r1", wanted=STARTED, try_number=2) == [1]
    readers.append("tracker.stopped")
    assert readers.claim("r3", wanted=ALL) == [2]


def test_a_consumer_whose_claims_find_nothing_is_heard_of(readers):
    readers.consumers.create("payroll", STARTED, start="beginning")
    for week in range(6):
        readers.goes_on(days=7)
        if week % 2:
            readers.append("tracker.stopped")
        assert readers.claim(f"r{week}", wanted=STARTED) is None
        assert readers.now() - readers.payroll.heard_at < timedelta(seconds=1)
    assert readers.payroll.claims == 0


def test_many_claims_that_find_nothing_are_written_down_once_a_minute(readers):
    readers.goes_on(minutes=2)
    assert readers.claim("r0") is None
    heard_at = readers.payroll.heard_at
    for number in range(50):
        readers.goes_on(seconds=1)
        assert readers.claim(f"r{number}") is None
    assert readers.payroll.heard_at == heard_at
    readers.goes_on(seconds=10)
    assert readers.claim("r99") is None
    assert readers.payroll.heard_at > heard_at


def test_those_batches_are_live_that_were_neither_released_nor_pruned(readers):
    readers.append(*["tracker.started"] * 3)
    for run in ("r1", "r2", "r3"):
        readers.claim(run, limit=1)
    readers.release("r2")
    assert [batch.run_key for batch in readers.batches.list("payroll", live=True)] == [
        f"salaries/{run}/claim/-1" for run in ("r3", "r1")
    ]

    readers.goes_on(days=100)
    readers.prune(even_unclaimed=True)
    assert [batch.start_seq for batch in readers.batches.list(live=True)] == [3]
    assert len(readers.batches.list()) == 3
