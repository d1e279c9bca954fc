"""The log knows which receivers serve it."""

from datetime import timedelta

from airflow_provider_webwork.events.receivers import Receiver, Receivers
from airflow_provider_webwork.events.store import Store
from tests.unit.receiver.conftest import NOON


def test_each_receiver_is_listed_once_the_last_seen_first_and_forgotten_after_a_day(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'events.db'}")
    receivers = Receivers(store)

    def beat(name, **later):
        receivers.beat(Receiver(name=name, version="1", seen_at=NOON + timedelta(**later)))

    beat("long gone")
    beat("one", hours=23)
    beat("two", hours=23, seconds=1)
    beat("one", hours=23, seconds=2)
    assert [receiver.name for receiver in receivers.list()] == ["one", "two", "long gone"]
    beat("three", hours=25)
    assert [receiver.name for receiver in receivers.list()] == ["three", "one", "two"]
    assert receivers.list()[1].seen_at == NOON + timedelta(hours=23, seconds=2)
    store.close()
