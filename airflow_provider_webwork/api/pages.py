"""One page of a listing, recognised by what came back: WebWork has four shapes for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_webwork.errors import WebWorkResponseError

if TYPE_CHECKING:
    from airflow_provider_webwork.json_types import JSON


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page of a listing, whatever shape it came in.

    :param rows: its records.
    :param number: what the page calls itself; ``None`` if it does not say.
    :param last: the number of the last page; ``None`` if the answer does not say.
    :param size: rows on a full page; ``None`` if the answer does not say.
    :param enveloped: whether the answer carried paging information at all.
    :param lone: whether there was a single object in place of a list, and no paging information.
    """

    rows: list[dict[str, JSON]]
    number: int | None = None
    last: int | None = None
    size: int | None = None
    enveloped: bool = False
    lone: bool = False


def read_page(answer: JSON, *, listing: str, records_at: str = "data", lone_record: bool = False) -> Page:
    """Recognise a page by what came back.

    :param answer: the whole answer.
    :param listing: what is read, for error texts.
    :param records_at: the key of the records; ``"$"`` if the answer itself is the list.
    :param lone_record: whether a single object may come in place of the list.
    :raises WebWorkResponseError: if there are no records where they are documented.
    """
    found = _records(answer, listing=listing, records_at=records_at, lone_record=lone_record)
    rows = _rows(found, listing=listing, lone_record=lone_record)
    if not isinstance(answer, dict):
        return _bare_list(rows)
    meta = answer.get("meta")
    if isinstance(meta, dict) and isinstance(meta.get("pagination"), dict):
        return _pagination(rows, meta["pagination"])
    if isinstance(answer.get("pagination"), dict):
        return _pagination(rows, answer["pagination"])
    if "total_pages" in answer or "max_rows" in answer:
        return _max_rows(rows, answer)
    return Page(rows=rows, lone=isinstance(found, dict))


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


def _rows(found: JSON, *, listing: str, lone_record: bool) -> list[dict[str, JSON]]:
    if lone_record and isinstance(found, dict):
        return [found]
    if not isinstance(found, list):
        raise WebWorkResponseError(f"{listing} answered no list of records but {_kind(found)}.")
    rows = [row for row in found if isinstance(row, dict)]
    if len(rows) < len(found):
        raise WebWorkResponseError(f"{listing} answered a list that holds something else than records.")
    return rows


def _records(answer: JSON, *, listing: str, records_at: str, lone_record: bool) -> JSON:
    if not isinstance(answer, dict):
        return answer
    key = "data" if records_at == "$" else records_at
    if key in answer:
        return answer[key] if answer[key] is not None else []
    if records_at == "$" and lone_record:
        return answer
    raise WebWorkResponseError(
        f"{listing} answered without the records under {key!r} that its documentation promises; "
        f"it has {_names(answer)}."
    )


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
