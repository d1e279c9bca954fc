"""The four shapes in which WebWork pages a listing.

Its pages show ``max_rows`` for webhooks, ``meta.pagination`` for workspaces and members, a top-level ``pagination``
for contracts, and bare arrays in parts of API v1. Any listing can be asked here for any shape, because those pages
disagree with each other from one age to the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from airflow_provider_webwork.simulator.calls import RefusedError, optional_integer

PageShape = Literal["max_rows", "meta_pagination", "top_level_pagination", "bare_array"]
PAGE_SHAPES: tuple[PageShape, ...] = get_args(PageShape)

_MAX_PER_PAGE = 100


@dataclass(frozen=True, kw_only=True)
class Paging:
    """How listings are paged.

    :param shape: the shape of every listing; ``None`` means the documented one of each.
    :param size: rows a page, unless the call says ``per_page``; ``None`` means the documented 50 or 20.
    """

    shape: PageShape | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        """Check the values.

        :raises ValueError: if there is no such shape, or pages would be empty.
        """
        if self.shape is not None and self.shape not in PAGE_SHAPES:
            raise ValueError(f"page_shape must be one of {', '.join(PAGE_SHAPES)}; not {self.shape!r}.")
        if self.size is not None and self.size < 1:
            raise ValueError("page_size must be at least 1.")

    def page(
        self,
        rows: Sequence[Mapping[str, Any]],
        query: Mapping[str, Any],
        *,
        documented: PageShape,
        meta: Mapping[str, Any],
    ) -> Any:
        """Return the page that a query asks for, as the JSON of its shape.

        A page past the end is empty and a ``per_page`` over the maximum of 100 is cut to it; WebWork says neither.

        :param documented: the shape that the vendor's page shows for this listing.
        :param meta: the ``meta`` of the answer, for the shapes that have one.
        :raises RefusedError: if ``page`` or ``per_page`` is not a positive number.
        """
        shape = self.shape or documented
        if shape == "bare_array":
            return list(rows)
        number = _positive(query, "page", default=1)
        if shape == "max_rows":
            size = self.size or 50
            return {
                # Described as the total number of rows; the example shown beside it reads like a page size.
                "max_rows": len(rows),
                "current_page": number,
                "total_pages": _last_page(len(rows), size),
                "data": list(_cut(rows, number, size)),
            }
        size = min(_positive(query, "per_page", default=self.size or 20), _MAX_PER_PAGE)
        data = list(_cut(rows, number, size))
        pagination: dict[str, Any] = {
            "total": len(rows),
            "per_page": size,
            "current_page": number,
            "last_page": _last_page(len(rows), size),
        }
        if shape == "top_level_pagination":
            return {
                "success": True,
                "message": "Retrieved successfully.",
                "data": data,
                "meta": dict(meta),
                "pagination": pagination,
            }
        first = (number - 1) * size + 1
        span = {"from": first if data else None, "to": first + len(data) - 1 if data else None}
        return {"success": True, "data": data, "meta": {**meta, "pagination": {**pagination, **span}}}


def _positive(query: Mapping[str, Any], name: str, *, default: int) -> int:
    value = optional_integer(query, name)
    if value is None:
        return default
    if value < 1:
        raise RefusedError(400, f"The {name} field must be at least 1.")
    return value


def _last_page(total: int, size: int) -> int:
    return max(1, -(-total // size))


def _cut(rows: Sequence[Mapping[str, Any]], number: int, size: int) -> Sequence[Mapping[str, Any]]:
    return rows[(number - 1) * size : number * size]
