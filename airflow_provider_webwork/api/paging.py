"""Reading a listing page by page: one lazy iterator for every shape of page, no I/O of its own.

The next page is asked for by its number on the same path. Links in an answer are never followed: they could lead
the token to another host.
"""

from __future__ import annotations

import itertools
import logging
import marshal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from airflow_provider_webwork.api.pages import read_page
from airflow_provider_webwork.errors import WebWorkNotFoundError, WebWorkResponseError, WebWorkServerError

if TYPE_CHECKING:
    from airflow_provider_webwork.api.pages import Page
    from airflow_provider_webwork.json_types import JSON

log = logging.getLogger(__name__)

MOST_PAGES = 100_000
"""Where a listing is taken to have no end: at WebWork's 60 requests a minute this is a day of reading."""


def iterate_pages(
    fetch: Callable[[int], JSON],
    *,
    listing: str,
    records_at: str = "data",
    lone_record: bool = False,
    page_size: int | None = None,
    most_pages: int = MOST_PAGES,
) -> Iterator[list[dict[str, JSON]]]:
    """Yield the records of a listing page by page, each record once and in order, holding one page in memory.

    A page is asked for when it is wanted. The listing ends with the page that calls itself the last, with a page that
    is empty, or with one that WebWork does not know and announced nowhere; where WebWork sends records without paging
    information, with a page of fewer than ``page_size`` records.

    WebWork documents no snapshot of a listing, so records can move to another page while it is read. One that moves
    to the next page is not yielded again, provided that it has an ``id`` and did not change; one that moves to a page
    already read is missed.

    :param fetch: asks for one page by number, from 1, and returns the whole answer.
    :param listing: what is read, for error texts, such as the name of the operation.
    :param records_at: the key of the records; ``"$"`` if the answer itself is the list.
    :param lone_record: whether a single object may come in place of the list.
    :param page_size: the smallest full page to expect where the answer has no paging information; ``None`` for a
        listing that is not documented to be paged, which then ends with its first page.
    :param most_pages: how many pages to read before the listing is taken to have no end.
    :raises WebWorkResponseError: for an answer that is no page, a page that comes twice, or too many pages.
    :raises WebWorkServerError: if a page that was announced is not there.
    """
    progress = _Progress(listing)
    announced = 0
    for number in itertools.count(1):
        if number > most_pages:
            raise WebWorkResponseError(
                f"{listing} has no end: stopped after {most_pages} pages. Narrow the call with its filters."
            )
        try:
            answer = fetch(number)
        except WebWorkNotFoundError as error:
            if number == 1:
                raise
            _check_end(error, number=number, announced=announced, listing=listing)
            return
        page = read_page(answer, listing=listing, records_at=records_at, lone_record=lone_record)
        fresh = progress.fresh(page, number=number)
        if fresh is None:
            return
        _check_number(page, wanted=number, listing=listing)
        announced = announced if page.last is None else page.last
        ends = _is_last(page, number=number, page_size=page_size, listing=listing)
        yield fresh
        if ends:
            return
        del answer, page, fresh  # or the next page would come while this one is still held


class _Progress:
    """What has to be known of earlier pages to notice records that move, and pages that come again.

    :param listing: what is read, for error texts.
    """

    def __init__(self, listing: str) -> None:
        self._listing = listing
        self._pages: set[int] = set()
        self._page_before: int | None = None
        self._marks_before: frozenset[int] = frozenset()
        self._stalled = False

    def fresh(self, page: Page, *, number: int) -> list[dict[str, JSON]] | None:
        """Return the records of a page that the page before did not have; ``None`` if the listing ended before it.

        :raises WebWorkResponseError: for a page that comes again.
        """
        # marshal writes JSON three times as fast as repr; version 2 has no references, by which equal values differ.
        marks = [hash(marshal.dumps(row, 2)) for row in page.rows]
        mark = hash(tuple(marks))
        fresh = [row for row, each in zip(page.rows, marks, strict=True) if each not in self._marks_before]
        if page.rows and mark in self._pages:
            if mark == self._page_before and not page.enveloped:
                log.debug("%s: page %d is page %d again, so that was the last", self._listing, number, number - 1)
                return None
            self._allow_once(page, fresh=fresh, number=number)
        else:
            self._stalled = False
        if len(fresh) < len(page.rows):
            moved = len(page.rows) - len(fresh)
            log.warning("%s: %d records moved to page %d while it was read", self._listing, moved, number)
        self._pages.add(mark)
        self._page_before = mark
        self._marks_before = frozenset(each for row, each in zip(page.rows, marks, strict=True) if row.get("id"))
        return fresh

    def _allow_once(self, page: Page, *, fresh: list[dict[str, JSON]], number: int) -> None:
        """Let a page come again if all of its records may have moved; the same page a third time is no accident."""
        if fresh or self._stalled or page.number not in {None, number}:
            raise WebWorkResponseError(
                f"{self._listing}: page {number} repeats the records of an earlier page, so WebWork does not page "
                "through this listing as documented. Nothing after the repeated page was read."
            )
        self._stalled = True


def _is_last(page: Page, *, number: int, page_size: int | None, listing: str) -> bool:
    if page.last is not None:
        if not page.rows and number < page.last:
            log.warning("%s: page %d of %d is empty; taken as the end", listing, number, page.last)
        return not page.rows or number >= page.last
    if page.lone and page_size is not None:
        log.warning("%s: one object came without paging information, so only its first page was read", listing)
        return True
    full = page.size or page_size
    return not page.rows or (full is None and not page.enveloped) or (full is not None and len(page.rows) < full)


def _check_end(error: WebWorkNotFoundError, *, number: int, announced: int, listing: str) -> None:
    """Refuse to take a page that is not there for the end, or a listing would be cut short without a word.

    What WebWork makes of a page past the end is not documented.
    """
    if number > announced and error.in_json:
        log.info("%s: there is no page %d; taken as the end", listing, number)
        return
    why = f"although {announced} were announced" if number <= announced else "and the answer is not one of WebWork"
    raise WebWorkServerError(
        f"{listing}: there is no page {number}, {why}. Nothing after page {number - 1} was read; try again later.",
        status=error.status,
    ) from error


def _check_number(page: Page, *, wanted: int, listing: str) -> None:
    # The first page of an empty listing may call itself 0, and nobody needs the number of the only page.
    if wanted > 1 and page.rows and page.number not in {None, wanted}:
        raise WebWorkResponseError(
            f"{listing}: asked for page {wanted}, got page {page.number}, so WebWork does not page through this "
            "listing as documented."
        )
