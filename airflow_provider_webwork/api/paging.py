"""Reading a listing page by page: four page shapes, one lazy iterator, no I/O of its own.

The next page is asked for by its number on the same path. Links in an answer are never followed: they could lead
the token to another host.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_webwork.errors import WebWorkResponseError

if TYPE_CHECKING:
    from airflow_provider_webwork.json_types import JSON

log = logging.getLogger(__name__)

MOST_PAGES = 100_000
"""Where a listing is taken to have no end: at WebWork's 60 requests a minute this is a day of reading."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a listing, whatever shape it came in.

    :param rows: its records.
    :param number: what the page calls itself; ``None`` if it does not say.
    :param last: the number of the last page; ``None`` if the answer does not say.
    :param size: rows on a full page; ``None`` if the answer does not say.
    :param enveloped: whether the answer carried paging information at all.
    """

    rows: list[dict[str, JSON]]
    number: int | None = None
    last: int | None = None
    size: int | None = None
    enveloped: bool = False


def iterate_rows(
    fetch: Callable[[int], JSON],
    *,
    listing: str,
    items_at: str = "data",
    page_size: int | None = None,
    most_pages: int = MOST_PAGES,
) -> Iterator[dict[str, JSON]]:
    """Yield each record of a listing once, in order, holding one page in memory.

    A page is asked for when its first record is wanted. The listing ends with the page that calls itself the
    last, or with an empty page; where WebWork sends records without paging information, with a page
    of fewer than ``page_size`` records.

    :param fetch: asks for one page by number, from 1, and returns the whole answer.
    :param listing: what is read, for error texts, such as the name of the operation.
    :param items_at: the key of the records; ``"$"`` if the answer itself is the list.
    :param page_size: the smallest full page to expect where the answer has no paging information; ``None`` for a
        listing that is not documented to be paged, which then ends with its first page.
    :param most_pages: how many pages to read before the listing is taken to have no end.
    :raises WebWorkResponseError: for an answer that is no page, a page that comes twice, or too many pages.
    """
    seen: set[bytes] = set()
    for number in itertools.count(1):
        if number > most_pages:
            raise WebWorkResponseError(
                f"{listing} has no end: stopped after {most_pages} pages. Narrow the call with its filters."
            )
        page = read_page(fetch(number), listing=listing, items_at=items_at)
        digest = _digest(page.rows)
        if page.rows and digest in seen:
            if not page.enveloped and number == 2:
                log.debug("%s ignores the page number: its first page is all there is", listing)
                return
            raise WebWorkResponseError(
                f"{listing}: page {number} repeats the records of an earlier page, so WebWork does not page through "
                "this listing as documented. Nothing after the repeated page was read."
            )
        seen.add(digest)
        _check_number(page, wanted=number, listing=listing)
        ends = _is_last(page, number=number, page_size=page_size, listing=listing)
        yield from page.rows
        if ends:
            return
        del page  # or the next page would come while this one is still held


def read_page(answer: JSON, *, listing: str, items_at: str = "data") -> Page:
    """Recognise a page by what came back.

    :param answer: the whole answer.
    :param listing: what is read, for error texts.
    :param items_at: the key of the records; ``"$"`` if the answer itself is the list.
    :raises WebWorkResponseError: if there are no records where they are documented.
    """
    rows = _rows(answer, listing=listing, items_at=items_at)
    if not isinstance(answer, dict):
        return _bare_list(rows)
    meta = answer.get("meta")
    if isinstance(meta, dict) and isinstance(meta.get("pagination"), dict):
        return _pagination(rows, meta["pagination"])
    if isinstance(answer.get("pagination"), dict):
        return _pagination(rows, answer["pagination"])
    if "total_pages" in answer or "max_rows" in answer:
        return _max_rows(rows, answer)
    return Page(rows=rows)


def _pagination(rows: list[dict[str, JSON]], pagination: JSON) -> Page:
    """Read the paging of most v2 listings, in ``meta`` or, for contracts, beside it.

    ``{"data": [...], "meta": {"pagination": {"total": 45, "per_page": 20, "current_page": 1, "last_page": 3}}}``
    (https://api-docs.webwork-tracker.com/api/members/getmembers.md)
    """
    values = pagination if isinstance(pagination, dict) else {}
    size, total, last = (_integer(values.get(key)) for key in ("per_page", "total", "last_page"))
    if last is None and size and total is not None:
        last = -(-total // size)
    return Page(rows=rows, number=_integer(values.get("current_page")), last=last, size=size, enveloped=True)


def _max_rows(rows: list[dict[str, JSON]], answer: dict[str, JSON]) -> Page:
    """Read the paging of webhooks and of most v1 listings.

    ``{"max_rows": 50, "current_page": 1, "total_pages": 3, "data": [...]}``
    (https://www.webwork-tracker.com/rest-api/doc/webhooks)

    ``max_rows`` is documented as the number of all records, yet the example has 50 of them on three pages of 50:
    only ``total_pages`` is believed.
    """
    number, last = _integer(answer.get("current_page")), _integer(answer.get("total_pages"))
    return Page(rows=rows, number=number, last=last, enveloped=True)


def _bare_list(rows: list[dict[str, JSON]]) -> Page:
    """Read a v1 listing that is not paged: ``[{...}, {...}]``."""
    return Page(rows=rows, number=1, last=1, enveloped=True)


def _rows(answer: JSON, *, listing: str, items_at: str) -> list[dict[str, JSON]]:
    found: JSON = answer
    if isinstance(answer, dict):
        key = "data" if items_at == "$" else items_at
        if key not in answer:
            raise WebWorkResponseError(
                f"{listing} answered without the records under {key!r} that its documentation promises; "
                f"it has {_names(answer)}."
            )
        found = answer[key] if answer[key] is not None else []
    if not isinstance(found, list):
        raise WebWorkResponseError(f"{listing} answered no list of records but {_kind(found)}.")
    rows = [row for row in found if isinstance(row, dict)]
    if len(rows) < len(found):
        raise WebWorkResponseError(f"{listing} answered a list that holds something else than records.")
    return rows


def _is_last(page: Page, *, number: int, page_size: int | None, listing: str) -> bool:
    if page.last is not None:
        if not page.rows and number < page.last:
            log.warning("%s: page %d of %d is empty; taken as the end", listing, number, page.last)
        return not page.rows or number >= page.last
    full = page.size or page_size
    return not page.rows or (full is None and not page.enveloped) or (full is not None and len(page.rows) < full)


def _check_number(page: Page, *, wanted: int, listing: str) -> None:
    # The first page of an empty listing may call itself 0, and nobody needs the number of the only page.
    if wanted > 1 and page.rows and page.number not in {None, wanted}:
        raise WebWorkResponseError(
            f"{listing}: asked for page {wanted}, got page {page.number}, so WebWork does not page through this "
            "listing as documented."
        )


def _digest(rows: list[dict[str, JSON]]) -> bytes:
    return hashlib.blake2b(json.dumps(rows, sort_keys=True).encode(), digest_size=16).digest()


def _integer(value: JSON) -> int | None:
    """Read a number that may come as text; anything else counts as not said."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str) and value.strip().isdecimal() and len(value) < 19:
        return int(value)
    if isinstance(value, float):
        return int(value) if value.is_integer() else None
    return value if isinstance(value, int) else None


def _names(answer: dict[str, JSON]) -> str:
    return ", ".join(sorted(answer)[:8]) or "nothing"


def _kind(value: JSON) -> str:
    return "an object" if isinstance(value, dict) else f"a {type(value).__name__}"
