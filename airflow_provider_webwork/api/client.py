"""The client: the operations of the catalogue by name, listings record by record."""

from __future__ import annotations

import datetime as dt
import logging
import random
import time
from itertools import chain
from typing import TYPE_CHECKING

from airflow_provider_webwork.api.arguments import bind
from airflow_provider_webwork.api.operations import FIXED_PAGE_SIZE, operation
from airflow_provider_webwork.api.paging import iterate_pages
from airflow_provider_webwork.api.settings import ClientSettings
from airflow_provider_webwork.api.transport import Transport
from airflow_provider_webwork.api.waiting import Clock
from airflow_provider_webwork.api.wire import plain_text
from airflow_provider_webwork.clock import utc_now

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import TracebackType
    from typing import Self

    import requests

    from airflow_provider_webwork.api.arguments import BoundOperation
    from airflow_provider_webwork.api.operations import Confidence, Operation
    from airflow_provider_webwork.json_types import JSON, Scalar

__all__ = ["Client", "ClientSettings"]

log = logging.getLogger(__name__)

_DOUBTS: dict[Confidence, str] = {
    "named_only": "WebWork's documentation only names this operation, its method and path are guesses",
    "code_only": "WebWork does not document this operation, it is known from public code",
}


class Client:
    """Calls WebWork. Not shared between threads: make one for each.

    .. code-block:: python

        settings = ClientSettings(auth=BearerAuth(token), workspace_id=42)
        with Client(settings) as webwork:
            for member in webwork.iterate("getMembers", status="active"):
                print(member["email"])

    :param settings: where WebWork is and who asks.
    :param sleep: waits for a number of seconds; that of an ``Interruption`` can be ended.
    :param now: the present time, with a zone.
    :param monotonic: seconds on a clock that never goes back.
    :param jitter: a random number in [0, 1), to spread retries.
    """

    def __init__(
        self,
        settings: ClientSettings,
        *,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], dt.datetime] = utc_now,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.settings = settings
        self._transport = Transport(settings, clock=Clock(sleep=sleep, now=now, monotonic=monotonic, jitter=jitter))

    def __repr__(self) -> str:
        return f"Client({self.settings!r})"

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc_value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def session(self) -> requests.Session:
        """The ``requests`` session behind it, see :func:`~airflow_provider_webwork.api.session.prepared_session`."""
        return self._transport.session

    def close(self) -> None:
        """Close the connections to WebWork."""
        self._transport.close()

    def call(self, operation_name: str, /, **arguments: object) -> JSON:
        """Call an operation of the catalogue once and return its whole answer.

        :param operation_name: its name in the catalogue, such as ``getMembers``.
        :param arguments: its arguments in snake_case.
        :raises TypeError: for an unknown, missing or wrongly typed argument.
        :raises ValueError: for an unknown operation or a value that cannot be sent.
        :raises WebWorkAPIError: if WebWork refuses, fails or cannot be reached.
        """
        return self._call(self._bound(operation(self.settings.api_version, operation_name), arguments))

    def iterate(self, operation_name: str, /, **arguments: object) -> Iterator[dict[str, JSON]]:
        """Call a listing of the catalogue and yield its records, page by page as they are wanted.

        Arguments are checked at once; the first request is sent for the first record. The largest documented page
        is asked for unless ``per_page`` says otherwise.

        :param operation_name: its name in the catalogue, such as ``getMembers``.
        :param arguments: its arguments in snake_case, without ``page``.
        :raises TypeError: for an unknown, missing or wrongly typed argument.
        :raises ValueError: for an unknown operation, one without records, or a value that cannot be sent.
        :raises WebWorkAPIError: while iterating, if WebWork refuses, fails or cannot be reached.
        """
        return chain.from_iterable(self.iterate_pages(operation_name, **arguments))

    def iterate_pages(self, operation_name: str, /, **arguments: object) -> Iterator[list[dict[str, JSON]]]:
        """Call a listing of the catalogue and yield its records as :meth:`iterate` does, a page at a time.

        A page is as long as WebWork made it, and can be empty.

        :param operation_name: its name in the catalogue, such as ``getMembers``.
        :param arguments: its arguments in snake_case, without ``page``.
        :raises TypeError: for an unknown, missing or wrongly typed argument.
        :raises ValueError: for an unknown operation, one without records, or a value that cannot be sent.
        :raises WebWorkAPIError: while iterating, if WebWork refuses, fails or cannot be reached.
        """
        found = operation(self.settings.api_version, operation_name)
        if found.records_at is None:
            raise ValueError(f"{operation_name} lists no records: use call()")
        if "page" in arguments:
            raise TypeError(f"{operation_name}: iterate() reads every page; call() reads one by its page number")
        per_page = found.parameter("per_page")
        if per_page is not None and arguments.get("per_page") is None and per_page.maximum is not None:
            arguments["per_page"] = per_page.maximum
        bound = self._bound(found, arguments)
        return iterate_pages(
            lambda page: self._call(bound, page=page),
            listing=operation_name,
            records_at=found.records_at,
            lone_record=found.lone_record,
            page_size=_smallest_full_page(bound),
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Scalar] | None = None,
        json: JSON = None,
    ) -> JSON:
        """Send any request to WebWork, for what the catalogue lacks. Only the credentials are added to it.

        :param method: HTTP method.
        :param path: path below the base URL.
        :param params: query parameters; ``None`` values are left out. No secrets: proxies log URLs.
        :param json: the body, an object; ``None`` for no body.
        :raises ValueError: for a URL in place of a path, because the token goes to no other host.
        :raises TypeError: for a body that is not an object.
        :raises WebWorkAPIError: if WebWork refuses, fails or cannot be reached.
        """
        if "://" in path or path.startswith("//"):
            raise ValueError("path must be a path below the base URL of the connection, not a URL")
        if json is not None and not isinstance(json, dict):
            raise TypeError(f"json must be an object, not a {type(json).__name__}")
        query = {name: plain_text(value) for name, value in (params or {}).items() if value is not None}
        return self._transport.exchange(method.upper(), path, query=query, body=json, body_format="json")

    def _bound(self, found: Operation, arguments: Mapping[str, object]) -> BoundOperation:
        if found.confidence in _DOUBTS:
            log.warning("%s: %s (%s)", found.name, _DOUBTS[found.confidence], found.sources[0])
        return bind(found, arguments, self.settings.workspace_id)

    def _call(self, bound: BoundOperation, *, page: int = 1) -> JSON:
        formats, wanted = bound.operation.body_formats, self.settings.body_format
        return self._transport.exchange(
            bound.operation.method,
            bound.path,
            # The first page is the default, and not every listing documents a page number.
            query={**bound.query, "page": str(page)} if page > 1 else bound.query,
            body=bound.body,
            body_format=wanted if wanted in formats else formats[0],
        )


def _smallest_full_page(bound: BoundOperation) -> int | None:
    """Say from how many records on a page without paging information may be followed by another.

    WebWork does not document what it makes of a ``per_page`` above its maximum. So the documented default counts
    if it is smaller: that costs one request where the answer was complete, and never loses a record.
    """
    if bound.operation.parameter("page") is None:
        return None
    per_page = bound.operation.parameter("per_page")
    if per_page is None:
        return FIXED_PAGE_SIZE
    sizes = [bound.query.get("per_page"), per_page.default]
    return min((int(size) for size in sizes if size is not None), default=FIXED_PAGE_SIZE)
