"""A log with what reads it, and a clock that goes on when it is told to."""

from datetime import timedelta

from airflow_provider_webwork.events.audit import entries
from airflow_provider_webwork.events.batches import Batches
from airflow_provider_webwork.events.claims import Claims
from airflow_provider_webwork.events.consumers import Consumers
from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.match import EventFilter
from airflow_provider_webwork.events.retention import Retention
from tests.contract.arrivals import NOON, arrival

ALL = EventFilter()
STARTED = EventFilter.of(types=["tracker.started"])
STOPPED = EventFilter.of(types=["tracker.stopped"])


class Readers:
    """Everything around the consumer ``payroll`` of one log."""

    def __init__(self, store):
        self.store = store
        self.moment = NOON
        self.log = EventLog(store)
        self.consumers = Consumers(store, now=self.now)
        self.claims = Claims(store, now=self.now)
        self.batches = Batches(store, now=self.now)
        self.retention = Retention(store, now=self.now, sleep=lambda _: None)

    def now(self):
        self.goes_on(microseconds=1)
        return self.moment

    def goes_on(self, **time):
        self.moment += timedelta(**time)

    def append(self, *types, **fields):
        """Store an event of each type, received now; return their places."""
        arrivals = [arrival(type=type_, after=self.moment - NOON, **fields) for type_ in types]
        return [stored.seq for stored in self.log.append(arrivals)]

    def claim(self, run, *, limit=100, dag="salaries", wanted=ALL, start="beginning", **options):
        """Claim for a run and return the places of its events; ``None`` if it gets none."""
        batch = self.claims.claim(
            "payroll", f"{dag}/{run}/claim/-1", limit=limit, wanted=wanted, start=start, **options
        )
        return None if batch is None else self.places(batch)

    def release(self, run, *, dag="salaries"):
        return self.batches.release("payroll", f"{dag}/{run}/claim/-1", actor="Member 7")

    def places(self, batch):
        places = [event.seq for event in self.batches.events(batch)]
        assert (places[0], places[-1], len(places)) == (batch.start_seq, batch.end_seq, batch.count)
        return places

    def prune(self, *, older_than=timedelta(days=90), consumer_expiry=timedelta(days=30), **options):
        return self.retention.prune(older_than=older_than, consumer_expiry=consumer_expiry, **options)

    @property
    def payroll(self):
        return self.consumers.get("payroll")

    def lag(self):
        return self.claims.lag("payroll").events

    def audit(self):
        """Return what the audit says: who did what to what, and the details."""
        return [(entry.actor, entry.action, entry.subject, entry.details) for entry in entries(self.store)]
