"""Requests that got no answer: what happened in plain words, and whether WebWork may have acted on them."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import requests
import urllib3.exceptions

from airflow_provider_webwork.api.heads import ANSWER_SHARE, SlowAnswerError
from airflow_provider_webwork.errors import WebWorkConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_Answer = TypeVar("_Answer")

NO_HOST = (
    "The base URL of the WebWork connection, or the proxy that HTTPS_PROXY or HTTP_PROXY names, has a host name that "
    "no host can have: correct it."
)
_NO_SOCKS = (
    "HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names a SOCKS proxy, for which the package PySocks is missing, so that "
    "nothing was sent: install it, or name a proxy that begins with http://."
)
_NO_CERTIFICATES = (
    "The CA certificates for WebWork cannot be read: see `verify` of the connection and the variables "
    "REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE."
)


@dataclass(frozen=True, kw_only=True)
class Unanswered:
    """A request without a usable answer.

    :param reason: what happened, in words that quote neither headers nor URLs.
    :param may_have_arrived: whether WebWork may have received the request.
    :param lasting: whether asking again at once is bound to fail in the same way.
    """

    reason: str
    may_have_arrived: bool
    lasting: bool = False


def sent(send: Callable[[], _Answer], *, timeout: tuple[float, float]) -> _Answer | Unanswered:
    """Send a request, and return the answer or why there is none.

    :param send: sends it through ``requests``.
    :param timeout: the connect and read timeouts in force, in seconds.
    :raises WebWorkConfigurationError: for a host name, a proxy or a CA file that cannot be used.
    """
    try:
        return send()
    except requests.exceptions.InvalidSchema:
        # Nothing else can be wrong with a scheme: that of the base URL was checked.
        raise WebWorkConfigurationError(_NO_SOCKS) from None
    except (requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError):
        # The second kind passes through requests as it is, when a part of the name is empty or too long.
        raise WebWorkConfigurationError(NO_HOST) from None
    except requests.RequestException as error:
        return explain(error, timeout=timeout)
    except OSError:  # what requests raises for a CA file that is not there; its own errors were caught above
        raise WebWorkConfigurationError(_NO_CERTIFICATES) from None


def explain(error: requests.RequestException, *, timeout: tuple[float, float]) -> Unanswered:
    """Turn an exception of ``requests`` into what it means for the caller.

    The texts of these exceptions are not used: they quote URLs.

    :param error: what ``requests`` raised.
    :param timeout: the connect and read timeouts in force, in seconds.
    """
    connect_seconds, read_seconds = timeout
    causes = list(_causes(error))
    return _before_sending(error, causes, connect_seconds) or _after_sending(error, causes, read_seconds)


def _before_sending(
    error: requests.RequestException, causes: list[BaseException], connect_seconds: float
) -> Unanswered | None:
    if isinstance(error, requests.exceptions.ProxyError) and any(map(_kept_from_sending, causes)):
        reason = "the proxy does not let the request through; see HTTPS_PROXY and NO_PROXY"
        return Unanswered(reason=reason, may_have_arrived=False)
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in causes):
        reason = "TLS: its certificate is not trusted; if your company has its own CA, name its file in `verify`"
        return Unanswered(reason=reason, may_have_arrived=False, lasting=True)
    if isinstance(error, requests.ConnectTimeout):
        return Unanswered(reason=f"no connection within {connect_seconds:g} seconds", may_have_arrived=False)
    if any(isinstance(each, urllib3.exceptions.NewConnectionError) for each in causes):
        return Unanswered(reason=_unconnected(causes), may_have_arrived=False)
    return None


def _after_sending(error: requests.RequestException, causes: list[BaseException], read_seconds: float) -> Unanswered:
    timeouts = (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError)
    damaged = (requests.exceptions.ChunkedEncodingError, requests.exceptions.ContentDecodingError)
    if isinstance(error, requests.exceptions.SSLError):
        # A handshake that fails is not told apart from a connection that breaks later; the safe reading is the latter.
        reason = "TLS: no secure connection could be agreed on"
    elif any(isinstance(each, SlowAnswerError) for each in causes):
        reason = f"its answer did not end within {ANSWER_SHARE * read_seconds:g} seconds"
    elif any(isinstance(each, timeouts) for each in causes):
        reason = f"no answer within {read_seconds:g} seconds"
    elif isinstance(error, damaged):
        reason = "the answer broke off or is damaged"
    else:
        reason = "the connection was closed without an answer"
    return Unanswered(reason=reason, may_have_arrived=True)


def _kept_from_sending(cause: BaseException) -> bool:
    """Whether a proxy was not reached, or refused to open a tunnel.

    urllib3 blames the proxy for an answer that was lost as well: a connection that the other side closes forgets that
    it ever had one (``close`` and ``has_connected_to_proxy`` in ``urllib3/connection.py``).
    """
    if isinstance(cause, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError):
        return True
    # So http.client words the answer of a proxy to CONNECT; there is no class for it.
    return isinstance(cause, OSError) and str(cause).startswith("Tunnel connection failed")


def _unconnected(causes: list[BaseException]) -> str:
    name_unknown = (urllib3.exceptions.NameResolutionError, socket.gaierror)
    if any(isinstance(each, name_unknown) for each in causes):
        return "DNS does not know this host name"
    if any(isinstance(each, ConnectionRefusedError) for each in causes):
        return "connection refused"
    return "the network has no way there"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Walk through all that led to an error: requests and urllib3 wrap each other in arguments and ``reason``.

    Not ``__context__``: it also holds what a caller was handling before this request began.
    """
    waiting, seen = [error], set[int]()
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        related = (*each.args, getattr(each, "reason", None), each.__cause__)
        waiting += [other for other in related if isinstance(other, BaseException)]
