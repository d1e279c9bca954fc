"""Claims that meet other claims, tries of their own task, and changes by hand, while they look for events."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from airflow_provider_webwork.errors import WebWorkConsumerError, WebWorkOvertakenError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.match import EventFilter
from tests.contract.readers import ALL, STARTED, STOPPED

PATIENCE = 30


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
