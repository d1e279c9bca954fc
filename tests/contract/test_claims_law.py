"""The law of claims: every event that is wanted is in exactly one live batch or still to come, never in two."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from airflow_provider_webwork.errors import WebWorkOvertakenError
from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.match import EventFilter
from tests.contract.arrivals import arrival
from tests.contract.readers import ALL, STARTED, STOPPED, Readers

SEVENTH = EventFilter.of(types=["tracker.*"], match={"user_id": [7]})
FILTERS = st.sampled_from([ALL, STARTED, STOPPED, SEVENTH])
EVENTS = st.tuples(st.sampled_from(["tracker.started", "tracker.stopped", "member.added"]), st.sampled_from("78"))


class Law(RuleBasedStateMachine):
    """A log with one consumer, beside what plain sets say that it has to do."""

    store = None

    def __init__(self):
        super().__init__()
        with self.store.write() as connection:
            for table in schema.metadata.sorted_tables:
                connection.execute(table.delete())
        self.readers = Readers(self.store)
        self.readers.consumers.create("payroll", ALL, start="beginning", owner="salaries")
        self.wanted = ALL
        self.events = {}
        self.owed = set()
        self.batches = {}
        self.released = set()
        self.empty = {}
        self.runs = 0

    @rule(events=st.lists(EVENTS, min_size=1, max_size=6), days=st.integers(0, 40))
    def append(self, events, days):
        self.readers.goes_on(days=days)
        now = self.readers.now() - arrival().event.received_at
        arrivals = [arrival(type=type_, user_id=user, after=now) for type_, user in events]
        for each, stored in zip(arrivals, self.readers.log.append(arrivals), strict=True):
            self.events[stored.seq] = each.event
            if self.wanted.matches(each.event):
                self.owed.add(stored.seq)

    @rule(limit=st.integers(1, 5), try_number=st.integers(1, 3))
    def claim(self, limit, try_number=1):
        self.runs += 1
        given = self.readers.claim(f"r{self.runs}", limit=limit, wanted=self.wanted, try_number=try_number)
        if given is None:
            assert self.owed == set()
            self.empty[f"r{self.runs}"] = try_number
            return
        # What was released comes first, and a released range may be smaller than what is asked for.
        assert 1 <= len(given) <= limit
        assert given == sorted(set(given))
        assert set(given) <= self.owed
        self.owed -= set(given)
        self.batches[f"r{self.runs}"] = given

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def claim_again(self, data):
        run = data.draw(st.sampled_from(sorted(self.batches)))
        batch = self.readers.claims.claim("payroll", f"salaries/{run}/claim/-1", limit=1)
        given = self.batches[run]
        assert (batch.start_seq, batch.end_seq, batch.count) == (given[0], given[-1], len(given))
        if given[0] >= self.readers.log.horizon():
            assert self.readers.places(batch) == given

    @precondition(lambda self: any(try_number > 1 for try_number in self.empty.values()))
    @rule(data=st.data())
    def go_on_after_a_retry_found_nothing(self, data):
        run = data.draw(st.sampled_from([run for run, try_number in self.empty.items() if try_number > 1]))
        with pytest.raises(WebWorkOvertakenError):
            self.readers.claim(run, wanted=self.wanted, try_number=self.empty[run] - 1)

    @precondition(lambda self: self.batches)
    @rule(data=st.data())
    def release(self, data):
        oldest = self.readers.log.horizon()
        whole = sorted(run for run, given in self.batches.items() if given[0] >= oldest)
        if whole:
            run = data.draw(st.sampled_from(whole))
            self.readers.release(run)
            given = set(self.batches.pop(run))
            self.owed |= given
            self.released |= given

    @rule(days=st.integers(1, 100))
    def prune(self, days):
        before = self.owed
        pruned = self.readers.prune(older_than=timedelta(days=days), consumer_expiry=timedelta(days=100_000))
        assert before <= set(range(pruned.oldest, self.readers.log.head() + 1))
        assert self.readers.log.horizon() == pruned.oldest

    @rule(wanted=FILTERS)
    def change_the_filter(self, wanted):
        """The new filter holds from the position on; what was released keeps its own."""
        position, unserved = self.readers.payroll.position, self.owed & self.released
        self.readers.consumers.subscribe("payroll", wanted, owner="salaries", actor="salaries/r/claim/-1")
        if wanted != self.wanted:
            self.wanted = wanted
            ahead = {seq for seq, event in self.events.items() if seq > position and wanted.matches(event)}
            self.owed = ahead | unserved

    @invariant()
    def nothing_is_passed_over_or_given_twice(self):
        position = self.readers.payroll.position
        assert {seq for seq in self.owed if seq <= position} <= self.released
        assert self.readers.lag() == len(self.owed)
        given = [seq for batch in self.batches.values() for seq in batch]
        assert len(given) == len(set(given))
        assert not self.owed & set(given)

    def teardown(self):
        while self.owed:
            self.claim(limit=3)
        self.claim(limit=3)


def test_every_wanted_event_is_in_exactly_one_live_batch_or_still_to_come(store):
    machine = type("LawHere", (Law,), {"store": store})
    run_state_machine_as_test(
        machine,
        settings=settings(max_examples=25, stateful_step_count=25, suppress_health_check=list(HealthCheck)),
    )
