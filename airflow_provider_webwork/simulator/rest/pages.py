"""The shapes in which WebWork pages a listing.

Its pages show ``max_rows`` for webhooks and parts of API v1, ``meta.pagination`` for workspaces, members and time
entries, a top-level ``pagination`` for contracts, a ``meta`` that says nothing of pages for projects, tasks and others
that take ``page`` all the same, and bare arrays in API v1. Any listing can be asked here for any shape, because those
pages disagree with each other from one age to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.refusals import RefusedError
from airflow_provider_webwork.simulator.rest.fields import optional_integer

PageShape = Literal["max_rows", "meta_pagination", "top_level_pagination", "meta_only", "bare_array"]
PAGE_SHAPES: tuple[PageShape, ...] = get_args(PageShape)
PastEnd = Literal["empty", "last", "refused"]
Oversize = Literal["cut", "refused"]
Numbers = Literal["int", "text"]

_MAX_ROWS_PAGE = 50


@dataclass(frozen=True, kw_only=True)
class Paging:
    """How listings are paged, and how badly.

    :param shape: the shape of every listing; ``None`` means the documented one of each.
    :param shapes: the shapes of single operations, such as ``{"getWebhooks": "meta_pagination"}``.
    :param size: rows a page, unless the call says ``per_page``; ``None`` means the documented 50, 30 or 20.
    :param largest: the largest ``per_page``; ``None`` means the documented 100, or 50 for time entries.
    :param oversize: whether a larger ``per_page`` is cut to the largest or refused; WebWork says neither.
    :param past_end: whether a page past the end is empty, the last one again, or refused; WebWork says nothing.
    :param numbers: whether the numbers of the pages are numbers or text.
    :param surplus: how many rows more than there are the totals claim; negative for less.
    """

    shape: PageShape | None = None
    shapes: Mapping[str, PageShape] = field(default_factory=dict)
    size: int | None = None
    largest: int | None = None
    oversize: Oversize = "cut"
    past_end: PastEnd = "empty"
    numbers: Numbers = "int"
    surplus: int = 0

    def __post_init__(self) -> None:
        """Check the values.

        :raises ValueError: if there is no such choice, or pages would be empty.
        """
        for name, choices in (("oversize", Oversize), ("past_end", PastEnd), ("numbers", Numbers)):
            if getattr(self, name) not in get_args(choices):
                raise ValueError(f"{name} must be one of {', '.join(get_args(choices))}; not {getattr(self, name)!r}.")
        for shape in (self.shape, *self.shapes.values()):
            if shape is not None and shape not in PAGE_SHAPES:
                raise ValueError(f"shape must be one of {', '.join(PAGE_SHAPES)}; not {shape!r}.")
        if (self.size is not None and self.size < 1) or (self.largest is not None and self.largest < 1):
            raise ValueError("size and largest must be at least 1.")


@dataclass(frozen=True, kw_only=True)
class Listing:
    """What WebWork documents of the pages of one listing.

    :param default: rows a page if the call does not say ``per_page``.
    :param largest: the largest ``per_page``.
    """

    operation_id: str
    shape: PageShape
    default: int = 20
    largest: int = 100


def page(
    rows: Sequence[Record],
    query: Mapping[str, Any],
    *,
    listing: Listing,
    paging: Paging,
    view: Callable[[Record], Any],
    meta: Mapping[str, Any],
) -> Any:
    """Return the page that a query asks for, as the JSON of its shape; no other row is looked at.

    :param meta: the ``meta`` of the answer, for the shapes that have one.
    :raises RefusedError: if ``page`` or ``per_page`` is not a positive number, or the page or its size is refused.
    """
    shape = paging.shape or paging.shapes.get(listing.operation_id) or listing.shape
    if shape == "bare_array":
        return [view(row) for row in rows]
    size = paging.size or _MAX_ROWS_PAGE if shape == "max_rows" else _size(query, listing=listing, paging=paging)
    number = _number(query, last=_last_page(len(rows), size), past_end=paging.past_end)
    data = [view(row) for row in rows[(number - 1) * size : number * size]]
    said = _Said(number=number, size=size, shown=len(data), total=max(0, len(rows) + paging.surplus))
    return _shaped(shape, data, said.as_text() if paging.numbers == "text" else said.as_numbers(), meta=meta)


@dataclass(frozen=True, kw_only=True)
class _Said:
    """What a page says of itself."""

    number: int
    size: int
    shown: int
    total: int

    def as_numbers(self) -> dict[str, Any]:
        first = (self.number - 1) * self.size + 1
        return {
            "total": self.total,
            "per_page": self.size,
            "current_page": self.number,
            "last_page": _last_page(self.total, self.size),
            "from": first if self.shown else None,
            "to": first + self.shown - 1 if self.shown else None,
        }

    def as_text(self) -> dict[str, Any]:
        return {name: None if value is None else str(value) for name, value in self.as_numbers().items()}


def _shaped(shape: PageShape, data: list[Any], said: dict[str, Any], *, meta: Mapping[str, Any]) -> Any:
    if shape == "max_rows":
        return {
            # Described as the total number of rows; the example shown beside it reads like a page size.
            "max_rows": said["total"],
            "current_page": said["current_page"],
            "total_pages": said["last_page"],
            "data": data,
        }
    if shape == "meta_pagination":
        return {"success": True, "data": data, "meta": {**meta, "pagination": said}}
    answer = {"success": True, "message": "Retrieved successfully.", "data": data, "meta": dict(meta)}
    if shape == "meta_only":
        return answer
    return {**answer, "pagination": {name: value for name, value in said.items() if name not in {"from", "to"}}}


def _number(query: Mapping[str, Any], *, last: int, past_end: PastEnd) -> int:
    number = _positive(query, "page", default=1)
    if number > last and past_end == "refused":
        raise RefusedError(404, f"There is no page {number}.")
    return min(number, last) if past_end == "last" else number


def _size(query: Mapping[str, Any], *, listing: Listing, paging: Paging) -> int:
    asked = _positive(query, "per_page", default=paging.size or listing.default)
    largest = paging.largest or listing.largest
    if asked > largest and paging.oversize == "refused":
        raise RefusedError(400, f"The per_page field must not be greater than {largest}.")
    return min(asked, largest)


def _positive(query: Mapping[str, Any], name: str, *, default: int) -> int:
    value = optional_integer(query, name)
    if value is None:
        return default
    if value < 1:
        raise RefusedError(400, f"The {name} field must be at least 1.")
    return value


def _last_page(total: int, size: int) -> int:
    return max(1, -(-total // size))
