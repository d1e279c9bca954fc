"""How connections are made: certificates, and a time limit for every step of a request and for its whole answer."""

from __future__ import annotations

import functools
import io
import math
import time
from http.client import HTTPResponse
from typing import TYPE_CHECKING, TypeAlias

import requests
import urllib3.exceptions
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import ConnectionPool, HTTPConnectionPool

from airflow_provider_webwork.api.heads import ANSWER_SHARE, SlowAnswerError, TimedHead

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_PORTION = 65_536
_Timeout: TypeAlias = float | tuple[float, float] | tuple[float, None] | None


class LimitedAdapter(HTTPAdapter):
    """Connections with time limits for every request, whoever sends it.

    :param timeout: seconds to wait for a connection, and for the next bytes of an answer. A whole answer may take
        ``ANSWER_SHARE`` times the latter; where the caller of ``requests`` streams it, only its head.
    :param verify: whether to check TLS certificates, or the file of the CA to check them with.
    :param monotonic: seconds on a clock that never goes back.
    """

    def __init__(
        self,
        *,
        timeout: tuple[float, float],
        verify: bool | str,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._timeout = timeout
        self._verify = verify
        self._monotonic = monotonic

    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,  # noqa: FBT001 - the signature is that of requests
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> ConnectionPool:
        """Return the connections to a host, which read the head of each answer in time."""
        pool = super().get_connection_with_tls_context(request, verify, proxies, cert)
        if isinstance(pool, HTTPConnectionPool):
            kind = pool.ConnectionCls
            if issubclass(kind, HTTPConnection) and kind.response_class is HTTPResponse:
                head = staticmethod(functools.partial(TimedHead, monotonic=self._monotonic))
                pool.ConnectionCls = type(kind.__name__, (kind,), {"response_class": head})
        return pool

    def send(  # noqa: PLR0917 - the signature is that of requests
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: FBT001, FBT002
        timeout: _Timeout = None,
        verify: bool | str = True,  # noqa: FBT001, FBT002
        cert: bytes | str | tuple[bytes | str, bytes | str] | None = None,
        proxies: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request; what ``requests`` found in the environment yields to an explicit ``verify``."""
        timeout = self._timeout if timeout is None else timeout
        began = self._monotonic()
        response = super().send(
            request,
            stream=stream,
            timeout=timeout,
            # On the session, REQUESTS_CA_BUNDLE would win over the file that it names.
            verify=verify if self._verify is True else self._verify,
            cert=cert,
            proxies=proxies,
        )
        if not stream:
            read = timeout[1] if isinstance(timeout, tuple) else timeout
            deadline = began + ANSWER_SHARE * read if isinstance(read, int | float) else math.inf
            response.raw = io.BytesIO(self._body(response, deadline=deadline))
        return response

    def _body(self, response: requests.Response, *, deadline: float) -> bytes:
        """Read what comes, as it comes: asking for a size would wait for that many bytes."""
        portions: list[bytes] = []
        try:
            while portion := response.raw.read1(_PORTION, decode_content=True):
                portions.append(portion)
                if self._monotonic() > deadline:
                    response.close()
                    raise SlowAnswerError
        # What requests makes of them when it reads a body itself.
        except urllib3.exceptions.ReadTimeoutError as error:
            raise requests.ReadTimeout(error) from error
        except urllib3.exceptions.DecodeError as error:
            raise requests.exceptions.ContentDecodingError(error) from error
        except urllib3.exceptions.HTTPError as error:
            raise requests.exceptions.ChunkedEncodingError(error) from error
        return b"".join(portions)
