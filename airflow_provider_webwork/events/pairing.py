"""Which of two accounts of the same time tell of the same thing: one to one, by what, whose and when."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

_NONE = (0, timedelta(0))


class Occurrence(NamedTuple):
    """Something that happened to a user, as one account tells it."""

    type: str
    user_id: str | None
    at: datetime


def unpaired(
    ours: Sequence[Occurrence], theirs: Sequence[Occurrence], *, tolerance: timedelta
) -> tuple[list[int], list[int]]:
    """Return which occurrences of each account have no counterpart in the other one, by their places in it.

    Counterparts have the same type and user and lie no further apart than the tolerance, and each has one at most. As
    many are paired as can be, and of all ways to do that the one that has the least distance in sum.
    """
    groups: defaultdict[tuple[str, str | None], tuple[list[int], list[int]]] = defaultdict(lambda: ([], []))
    for side, account in enumerate((ours, theirs)):
        for index, each in enumerate(account):
            groups[each.type, each.user_id][side].append(index)
    left: tuple[set[int], set[int]] = (set(range(len(ours))), set(range(len(theirs))))
    for mine, others in groups.values():
        for i, j in _pairs([ours[i].at for i in mine], [theirs[j].at for j in others], tolerance):
            left[0].remove(mine[i])
            left[1].remove(others[j])
    return sorted(left[0]), sorted(left[1])


def _pairs(ours: Sequence[datetime], theirs: Sequence[datetime], tolerance: timedelta) -> Iterator[tuple[int, int]]:
    for mine, others in _clusters(ours, theirs, tolerance):
        for i, j in _best([ours[i] for i in mine], [theirs[j] for j in others], tolerance):
            yield mine[i], others[j]


def _clusters(
    ours: Sequence[datetime], theirs: Sequence[datetime], tolerance: timedelta
) -> Iterator[tuple[list[int], list[int]]]:
    """Cut time where it is empty for longer than the tolerance: nothing is paired across."""
    places = sorted(
        (at, side, index) for side, account in enumerate((ours, theirs)) for index, at in enumerate(account)
    )
    cluster: tuple[list[int], list[int]] = ([], [])
    before = None
    for at, side, index in places:
        if before is not None and at - before > tolerance:
            yield cluster
            cluster = ([], [])
        cluster[side].append(index)
        before = at
    yield cluster


def _best(ours: Sequence[datetime], theirs: Sequence[datetime], tolerance: timedelta) -> Iterator[tuple[int, int]]:
    """Yield the best pairs of two ordered accounts.

    Of two pairs that cross, uncrossed ones are as near in sum, and none of them is further apart than the farther of
    the two was. So pairs in order are enough, and what is best for the rest of both accounts does not depend on what
    came before.
    """
    rest = [[_NONE] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i in reversed(range(len(ours))):
        for j in reversed(range(len(theirs))):
            rest[i][j] = min(rest[i + 1][j], rest[i][j + 1], _paired(rest, i, j, abs(ours[i] - theirs[j]), tolerance))
    i = j = 0
    while rest[i][j] != _NONE:
        if rest[i][j] == rest[i + 1][j]:
            i += 1
        elif rest[i][j] == rest[i][j + 1]:
            j += 1
        else:
            yield i, j
            i, j = i + 1, j + 1


def _paired(
    rest: list[list[tuple[int, timedelta]]], i: int, j: int, distance: timedelta, tolerance: timedelta
) -> tuple[int, timedelta]:
    """Return what it comes to if these two are paired: the number of pairs, negated, and their distance in sum."""
    if distance > tolerance:
        return _NONE
    pairs, total = rest[i + 1][j + 1]
    return pairs - 1, total + distance
