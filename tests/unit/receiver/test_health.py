"""Whether deliveries are welcome, and what is wrong, in words that anybody may read."""

import pytest

from airflow_provider_webwork.receiver.health import Condition, SpoolCondition, readiness


def condition(*, log_works=True, endpoints=1, spool=None, **spool_is):
    if spool_is:
        spool = SpoolCondition(**{"waiting": 0, "set_aside": 0, "works": True, **spool_is})
    return Condition(runs=True, log_works=log_works, endpoints=endpoints, queue=0, spool=spool)


AWAY = "The event log cannot be read or written."


@pytest.mark.parametrize(
    ("found", "is_ready", "problems"),
    [
        (condition(), True, []),
        (condition(endpoints=0), True, []),
        (condition(waiting=5), True, []),
        (condition(works=False), True, []),
        (condition(set_aside=2), True, ["The event log refuses 2 deliveries in the spool."]),
        (condition(log_works=False), False, [f"{AWAY} Deliveries get 503."]),
        (condition(log_works=False, waiting=5), True, [f"{AWAY} Deliveries are spooled."]),
        (
            condition(log_works=False, endpoints=0, waiting=0),
            False,
            [f"{AWAY} No endpoint is known. Deliveries get 503."],
        ),
        (
            condition(log_works=False, works=False),
            False,
            [f"{AWAY} The spool is full or cannot be written. Deliveries get 503."],
        ),
    ],
)
def test_it_is_ready_as_long_as_a_delivery_would_be_kept(found, is_ready, problems):
    assert (found.ready, found.problems) == (is_ready, problems)
    assert readiness(found).status == (200 if is_ready else 503)
