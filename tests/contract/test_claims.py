"""Every event that a consumer wants is given to exactly one live batch, and a batch never changes its mind."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from airflow_provider_webwork.errors import WebWorkConsumerError, WebWorkOvertakenError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.match import EventFilter
from tests.contract.arrivals import arrival
from tests.contract.readers import ALL, STARTED, STOPPED, Readers

PATIENCE = 30


@pytest.fixture
def readers(store):
    return Readers(store)


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


def interrupt(monkeypatch, happens):
    """Let something happen while the first claim looks for events."""
    matches, waiting = EventFilter.matches, [happens]

    def interrupted(wanted, event):
        if waiting:
            waiting.pop()()
        return matches(wanted, event)

    monkeypatch.setattr(EventFilter, "matches", interrupted)


def test_two_attempts_of_one_run_at_once_get_one_batch(readers, monkeypatch):
    readers.append(*["tracker.started"] * 4)
    other = []
    interrupt(monkeypatch, lambda: other.extend(readers.claim("r1", limit=2)))
    assert readers.claim("r1", limit=3) == other == [1, 2]
    assert readers.claim("r2") == [3, 4]


def test_the_last_events_cannot_go_to_two_runs_at_once(readers, monkeypatch):
    readers.append(*["tracker.started"] * 2)
    interrupt(monkeypatch, lambda: readers.claim("r1"))
    assert readers.claim("r2") is None


def test_a_released_batch_cannot_go_to_two_runs_at_once(readers, monkeypatch):
    readers.append(*["tracker.started"] * 4)
    readers.claim("r1", limit=4)
    readers.release("r1")
    other = []
    interrupt(monkeypatch, lambda: other.extend(readers.claim("r2", limit=2)))
    assert readers.claim("r3", limit=3) == [3, 4]
    assert other == [1, 2]


def test_a_second_attempt_that_finds_nothing_left_still_gets_the_batch_of_the_first(readers, monkeypatch):
    readers.append("tracker.started", "tracker.stopped")
    interrupt(monkeypatch, lambda: readers.claim("r1", limit=1, wanted=STARTED))
    assert readers.claim("r1", wanted=STARTED) == [1]


# A try that Airflow gave up, and that lives on. The run of a retry that found nothing has ended: it processes nothing.


def interrupt_write(monkeypatch, readers, happens):
    """Let something happen between a look into the log and the next transaction that writes."""
    write, waiting = readers.store.write, [happens]

    def interrupted(**options):
        if waiting:
            waiting.pop()()
        return write(**options)

    monkeypatch.setattr(readers.store, "write", interrupted)


def refused(readers, run, *, try_number):
    """Claim for a try that was taken for dead; another run gets what waits."""
    with pytest.raises(WebWorkOvertakenError, match=rf"Try 2 of salaries/{run}/claim/-1 .* so try {try_number}, "):
        readers.claim(run, try_number=try_number)
    return readers.claim("another")


def test_a_try_that_goes_on_after_its_retry_found_nothing_is_given_nothing(readers):
    assert readers.claim("r1", try_number=2) is None
    readers.append("tracker.started")
    assert refused(readers, "r1", try_number=1) == [1]
    assert refused(readers, "r1", try_number=1) == [1]
    assert [batch.run_key for batch in readers.batches.list()] == ["salaries/another/claim/-1"]


def test_neither_is_it_given_what_was_released(readers):
    readers.append(*["tracker.started"] * 2)
    assert readers.claim("r0") == [1, 2]
    assert readers.claim("r1", try_number=2) is None
    readers.release("r0")
    assert refused(readers, "r1", try_number=1) == [1, 2]


def test_a_try_that_is_about_to_claim_while_its_retry_finds_nothing_is_given_nothing(readers, monkeypatch):
    readers.append("tracker.started")

    def retried():
        assert readers.claim("r0") == [1]
        assert readers.claim("r1", try_number=2) is None
        readers.append("tracker.started")

    interrupt(monkeypatch, retried)
    assert refused(readers, "r1", try_number=1) == [2]


def test_a_try_that_saw_an_event_which_came_too_late_for_its_retry_is_given_nothing(readers, monkeypatch):
    readers.consumers.create("payroll", ALL, start="beginning")
    seen, ended, earlier = threading.Event(), threading.Event(), []
    interrupt(monkeypatch, lambda: seen.set() or ended.wait(PATIENCE))

    def go_on():
        readers.append("tracker.started")
        earlier.append(pool.submit(readers.claim, "r1", try_number=1))
        assert seen.wait(PATIENCE)

    with ThreadPoolExecutor() as pool:
        interrupt_write(monkeypatch, readers, go_on)
        assert readers.claim("r1", try_number=2) is None
        ended.set()
        with pytest.raises(WebWorkOvertakenError):
            earlier[0].result(PATIENCE)
    assert refused(readers, "r1", try_number=1) == [1]


def test_a_try_that_is_about_to_take_what_was_released_is_given_nothing_either(readers, monkeypatch):
    readers.append("tracker.started")
    readers.claim("r0")
    readers.release("r0")

    def retried():
        assert readers.claim("r2") == [1]
        assert readers.claim("r1", try_number=2) is None
        readers.consumers.rewind("payroll", to="beginning", actor="Member 7")

    interrupt(monkeypatch, retried)
    assert refused(readers, "r1", try_number=1) == [1]


def test_a_retry_that_finds_nothing_gets_the_batch_that_the_try_before_it_claims_at_the_last_moment(
    readers, monkeypatch
):
    assert readers.claim("r1", wanted=STARTED) is None

    def claimed():
        readers.append("tracker.started")
        assert readers.claim("r1", wanted=STARTED, try_number=1) == [1]

    interrupt_write(monkeypatch, readers, claimed)
    assert readers.claim("r1", wanted=STARTED, try_number=2) == [1]


def test_a_retry_that_finds_nothing_and_asks_again_gets_what_came_meanwhile_and_so_do_later_ones(readers):
    assert readers.claim("waits", try_number=2) is None
    assert readers.claim("cleared", try_number=2) is None
    readers.append("tracker.started", "tracker.started")
    assert readers.claim("waits", limit=1, try_number=2) == [1]
    assert readers.claim("cleared", limit=1, try_number=5) == [2]
    assert readers.claim("cleared", limit=1, try_number=1) == [2]


def test_of_two_retries_that_found_nothing_the_later_one_counts(readers, monkeypatch):
    assert readers.claim("r1") is None
    interrupt_write(monkeypatch, readers, lambda: readers.claim("r1", try_number=3))
    with pytest.raises(WebWorkOvertakenError, match="Try 3 of"):
        readers.claim("r1", try_number=2)
    readers.append("tracker.started")
    with pytest.raises(WebWorkOvertakenError, match="Try 3 of"):
        readers.claim("r1", try_number=2)
    assert readers.claim("r1", try_number=3) == [1]


def test_to_find_nothing_costs_a_row_for_a_retry_only_and_only_one(readers):
    def noted():
        with readers.store.read() as connection:
            return [tuple(row) for row in connection.execute(schema.empty_claim.select())]

    for _ in range(3):
        assert readers.claim("r1") is None
    assert (noted(), readers.payroll.claims) == ([], 0)
    for try_number in (2, 2, 2, 3, 3, 3):
        assert readers.claim("r1", try_number=try_number) is None
    assert (noted(), readers.payroll.claims) == ([("payroll", "salaries/r1/claim/-1", 3)], 2)


@pytest.mark.parametrize("verb", ["reset", "delete"])
def test_a_consumer_that_begins_anew_forgets_who_found_nothing(readers, verb):
    assert readers.claim("r1", try_number=2) is None
    getattr(readers.consumers, verb)("payroll", actor="Member 7")
    readers.append("tracker.started")
    assert readers.claim("r1", try_number=1) == [1]


@pytest.mark.parametrize("verb", ["rewind", "skip"])
def test_a_position_that_is_moved_while_a_claim_looks_is_heeded(readers, monkeypatch, verb):
    readers.append(*["tracker.started"] * 6)
    readers.claim("r1", limit=3)
    to = {"rewind": 1, "skip": 5}[verb]
    interrupt(monkeypatch, lambda: getattr(readers.consumers, verb)("payroll", to=to, actor="Member 7"))
    assert readers.claim("r2", limit=2) == list(range(to + 1, min(to + 2, 6) + 1))


def test_a_filter_that_changes_while_a_claim_looks_is_heeded(readers, monkeypatch):
    readers.append("tracker.started", "tracker.stopped")
    readers.consumers.create("payroll", STARTED, start="beginning")
    changed = {"owner": "salaries", "actor": "salaries/r1/claim/-1"}
    interrupt(monkeypatch, lambda: readers.consumers.subscribe("payroll", STOPPED, **changed))
    assert readers.claim("r2", wanted=None) == [2]


def test_of_two_dags_that_give_a_consumer_a_filter_at_once_one_is_refused(readers, monkeypatch):
    readers.append("tracker.started", "tracker.stopped")
    readers.consumers.create("payroll", ALL, start="beginning")
    other = {"owner": "bonuses", "actor": "bonuses/r1/claim/-1"}
    interrupt_write(monkeypatch, readers, lambda: readers.consumers.subscribe("payroll", STOPPED, **other))
    with pytest.raises(WebWorkConsumerError, match="belongs to Dag 'bonuses'"):
        readers.claim("r1", wanted=STARTED)
    assert readers.claim("r1", dag="bonuses", wanted=STOPPED) == [2]


def test_events_that_are_pruned_while_a_claim_looks_are_told(readers, monkeypatch):
    readers.append(*["tracker.started"] * 3)
    readers.goes_on(days=100)
    readers.append("tracker.started")
    readers.consumers.create("payroll", ALL, start="beginning")
    interrupt(monkeypatch, lambda: readers.prune(even_unclaimed=True))
    with pytest.raises(WebWorkConsumerError, match="Events 1 to 3 were pruned"):
        readers.claim("r1")


def test_what_was_released_and_is_pruned_while_a_claim_looks_is_told(readers, monkeypatch):
    readers.append(*["tracker.started"] * 3)
    readers.goes_on(days=100)
    readers.append(*["tracker.started"] * 3)
    readers.claim("r1")
    readers.release("r1")
    interrupt(monkeypatch, lambda: readers.prune(even_unclaimed=True))
    with pytest.raises(WebWorkConsumerError, match="Events 1 to 3 were pruned"):
        readers.claim("r2")
    assert readers.claim("r2") == [4, 5, 6]


@pytest.mark.parametrize("given_up", [False, True], ids=["unclaimed", "released"])
def test_of_two_runs_that_find_events_pruned_one_is_told_and_the_other_goes_on(readers, monkeypatch, given_up):
    readers.append(*["tracker.started"] * 3)
    readers.goes_on(days=100)
    readers.append(*["tracker.started"] * 2)
    readers.consumers.create("payroll", ALL, start="beginning")
    if given_up:
        readers.claim("r0")
        readers.release("r0")
    readers.prune(even_unclaimed=True)

    def told():
        with pytest.raises(WebWorkConsumerError, match="Events 1 to 3 were pruned"):
            readers.claim("r1")

    interrupt_write(monkeypatch, readers, told)
    assert readers.claim("r2") == [4, 5]


@pytest.mark.parametrize(("given_up", "left"), [(False, 2), (True, 1)], ids=["unclaimed", "released"])
def test_a_run_whose_consumer_goes_to_another_dag_while_it_looks_takes_nothing_from_it(
    readers, monkeypatch, given_up, left
):
    readers.append("tracker.started", "tracker.stopped")
    if given_up:
        readers.claim("r0", wanted=STARTED)
        readers.release("r0")

    def handed_over():
        readers.consumers.transfer("payroll", owner="bonuses", actor="Member 7")
        readers.consumers.subscribe("payroll", STOPPED, owner="bonuses", actor="bonuses/r1/claim/-1")

    interrupt(monkeypatch, handed_over)
    with pytest.raises(WebWorkConsumerError, match=r"belongs to Dag 'bonuses' .* and Dag 'salaries' claims with"):
        readers.claim("r1", wanted=STARTED)
    assert readers.claim("r1", dag="bonuses", wanted=STOPPED) == [left]


def test_of_two_dags_that_claim_first_at_once_with_different_filters_one_is_refused(readers, monkeypatch):
    readers.append("tracker.started", "tracker.stopped", "tracker.stopped")
    readers.consumers.create("payroll", STARTED, start="beginning")
    interrupt(monkeypatch, lambda: readers.claim("r1", dag="bonuses", wanted=STOPPED, limit=1))
    with pytest.raises(WebWorkConsumerError, match="belongs to Dag 'bonuses'"):
        readers.claim("r1", wanted=STARTED)
    assert readers.claim("r2", dag="bonuses", wanted=STOPPED) == [3]


def test_a_claim_that_looks_for_events_blocks_no_appends_and_they_come_next(readers, monkeypatch):
    readers.append("tracker.started")
    appended = []

    def append():
        thread = threading.Thread(target=lambda: appended.extend(readers.append("tracker.started")))
        thread.start()
        thread.join(PATIENCE)

    interrupt(monkeypatch, append)
    assert readers.claim("r1") == [1]
    assert appended == [2]
    assert readers.claim("r2") == [2]


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
