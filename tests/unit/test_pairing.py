"""What two accounts of the same time tell of the same thing is paired as a careful person would."""

from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_webwork.events.pairing import Occurrence, unpaired

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
TOLERANCE = timedelta(seconds=90)


def at(seconds, *, name="tracker.started", user_id="7"):
    return Occurrence(name, user_id, NOON + timedelta(seconds=seconds))


SECONDS = st.integers(min_value=0, max_value=600)
FEW = st.lists(SECONDS, max_size=5)
OCCURRENCES = st.lists(
    st.builds(at, SECONDS, name=st.sampled_from(["tracker.started", "tracker.stopped"]), user_id=st.sampled_from("78")),
    max_size=12,
)


def left(ours, theirs, tolerance=TOLERANCE):
    """Return the occurrences of each account that have no counterpart."""
    mine, others = unpaired(ours, theirs, tolerance=tolerance)
    return [ours[place] for place in mine], [theirs[place] for place in others]


@pytest.mark.parametrize(
    ("ours", "theirs", "left_of_ours", "left_of_theirs"),
    [
        ([], [], [], []),
        ([0], [], [0], []),
        ([0], [90], [], []),
        ([0], [91], [0], [91]),
        ([0, 60], [60], [0], []),  # in the order of time the first would take what is the second's
        ([0, 60], [50], [0], []),
        ([0, 80], [70, 160], [], []),  # the nearest one would leave two without a counterpart
        ([0, 1, 2], [2, 1], [0], []),
        ([0, 0], [0], [0], []),
        ([0, 1_000, 2_000], [1_010, 1_990], [0], []),
    ],
)
def test_the_nearest_are_paired_as_long_as_that_leaves_nothing_out(ours, theirs, left_of_ours, left_of_theirs):
    assert left([*map(at, ours)], [*map(at, theirs)]) == ([*map(at, left_of_ours)], [*map(at, left_of_theirs)])


@pytest.mark.parametrize("other", [{"name": "tracker.stopped"}, {"user_id": "8"}, {"user_id": None}])
def test_what_is_another_type_or_of_another_user_is_no_counterpart(other):
    assert left([at(0)], [at(0, **other)]) == ([at(0)], [at(0, **other)])


def ways(ours, theirs):
    """Every way to pair two short accounts one to one: what it leaves of ours, and how far apart the pairs are."""
    blanks = [None] * len(ours)
    for chosen in set(permutations([*theirs, *blanks], len(ours))):
        distances = [abs(mine - other) for mine, other in zip(ours, chosen, strict=True) if other is not None]
        if all(distance <= TOLERANCE.total_seconds() for distance in distances):
            yield len(distances), sum(distances), sorted(m for m, o in zip(ours, chosen, strict=True) if o is None)


@given(FEW.map(lambda some: some[:4]), FEW.map(lambda some: some[:4]))
def test_as_many_are_paired_as_can_be_and_those_as_near_as_can_be(ours, theirs):
    mine, _ = left([*map(at, ours)], [*map(at, theirs)])
    most = max(pairs for pairs, _, _ in ways(ours, theirs))
    nearest = min(distance for pairs, distance, _ in ways(ours, theirs) if pairs == most)
    best = [rest for pairs, distance, rest in ways(ours, theirs) if (pairs, distance) == (most, nearest)]
    assert sorted(int((each.at - NOON).total_seconds()) for each in mine) in best


@given(OCCURRENCES, OCCURRENCES)
def test_what_was_added_for_its_lack_has_a_counterpart_ever_after(ours, theirs):
    missing, extra = left(ours, theirs)
    assert left(ours, [*theirs, *missing]) == ([], extra)


@given(OCCURRENCES, OCCURRENCES, st.integers(min_value=1, max_value=5))
def test_adding_what_lacks_in_portions_adds_no_more_than_at_once(ours, theirs, size):
    lacking = len(left(ours, theirs)[0])
    added = 0
    while missing := left(ours, theirs)[0]:
        theirs, added = [*theirs, *missing[:size]], added + len(missing[:size])
    assert added == lacking


@given(OCCURRENCES, OCCURRENCES)
def test_both_accounts_have_as_many_counterparts(ours, theirs):
    mine, others = left(ours, theirs)
    assert len(ours) - len(mine) == len(theirs) - len(others)
