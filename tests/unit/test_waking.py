"""When somebody is woken: at once when events begin to wait or some are left, else less and less often."""

from __future__ import annotations

from itertools import pairwise

from airflow_provider_webwork.triggers.waking import FIRST_PAUSE, LONGEST_PAUSE, Waking

HOUR = 3_600


def wakes(waking, *, claims=0, seconds=range(1), behind=True):
    """The seconds at which it wakes."""
    return [second for second in seconds if waking.is_due(behind=behind, mark=claims, now=second)]


def test_nobody_is_woken_while_nothing_waits():
    assert wakes(Waking(), seconds=range(HOUR), behind=False) == []


def test_somebody_is_woken_as_soon_as_something_waits_and_less_and_less_often_while_nobody_claims():
    woken = wakes(Waking(), seconds=range(2 * HOUR))
    pauses = [later - earlier for earlier, later in pairwise(woken)]

    assert woken[0] == 0
    assert pauses[:5] == [FIRST_PAUSE, 120, 240, 480, LONGEST_PAUSE]
    assert set(pauses[5:]) == {LONGEST_PAUSE}


def test_a_claim_that_leaves_some_wakes_at_once_and_once():
    waking = Waking()
    wakes(waking, claims=1, seconds=range(200))

    assert wakes(waking, claims=2, seconds=range(200, 230)) == [200]
    assert waking.unheard == 1
    assert wakes(waking, claims=2, seconds=range(230, 300)) == [260]


def test_after_everything_was_claimed_the_next_event_wakes_at_once():
    waking = Waking()
    wakes(waking, claims=1, seconds=range(10))
    wakes(waking, claims=2, seconds=range(10, 20), behind=False)

    assert wakes(waking, claims=2, seconds=range(20, 30)) == [20]


def test_it_counts_how_often_nobody_heard():
    waking = Waking()
    wakes(waking, seconds=range(200))
    assert waking.unheard == 3

    wakes(waking, claims=1, seconds=range(200, 201))
    assert waking.unheard == 1
