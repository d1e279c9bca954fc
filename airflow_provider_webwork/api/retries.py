"""Whether to send a request again, and when. Pure decisions; who sends, sleeps.

===============================  =====================  ==========================
what happened                    GET, PUT, DELETE       POST
===============================  =====================  ==========================
it surely did not reach WebWork  again                  again
429 Too Many Requests            again                  again
502, 503, 504                    again                  give up, effect unknown
no answer to what was sent       again                  give up, effect unknown
any other answer                 take it                take it
===============================  =====================  ==========================
"""

from __future__ import annotations

import datetime as dt
import email.utils
from dataclasses import dataclass
from typing import TYPE_CHECKING

from airflow_provider_webwork.api.failures import Unanswered

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

_REPEATABLE = frozenset({"GET", "HEAD", "PUT", "DELETE"})
READS = frozenset({"GET", "HEAD"})
_OVERLOADED = frozenset({502, 503, 504})


@dataclass(frozen=True, kw_only=True)
class Answered:
    """What matters of an answer here.

    :param status: HTTP status.
    :param retry_after: seconds that WebWork asked to wait; ``None`` if it did not ask.
    """

    status: int
    retry_after: float | None = None


@dataclass(frozen=True, kw_only=True)
class RetryPolicy:
    """How long to keep trying.

    :param attempts: how often a request is sent at most.
    :param first_wait: seconds before the second attempt; doubled for each one after it.
    :param longest_wait: the most seconds between two attempts. Where WebWork asks for more, we give up and say so.
    :param deadline: seconds after which no further attempt begins.
    """

    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 90.0
    deadline: float = 240.0


def wait_before_retry(
    outcome: Answered | Unanswered,
    *,
    method: str,
    attempt: int,
    elapsed: float,
    jitter: Callable[[], float],
    policy: RetryPolicy,
) -> float | None:
    """Return the seconds to wait before sending the request again, or ``None`` to give up.

    Waits grow exponentially and are spread by chance, so that tasks which failed together do not return together.
    A ``Retry-After`` is waited for in full, plus up to a second of spread.

    :param outcome: what the last attempt came to.
    :param method: the HTTP method.
    :param attempt: how many attempts were made, from 1.
    :param elapsed: seconds since the first one began.
    :param jitter: a random number in [0, 1).
    :param policy: how long to keep trying.
    """
    if attempt >= policy.attempts or not _may_repeat(outcome, method=method):
        return None
    asked = outcome.retry_after if isinstance(outcome, Answered) else None
    if asked is None:
        # The exponent is bounded because a float is.
        grown = min(policy.longest_wait, policy.first_wait * 2.0 ** min(attempt - 1, 30))
        wait = grown * (0.5 + jitter() / 2)
    elif asked > policy.longest_wait:
        return None
    else:
        wait = asked + jitter()
    return wait if elapsed + wait <= policy.deadline else None


def effect_unknown(outcome: Answered | Unanswered, *, method: str) -> bool:
    """Whether a write may have happened at WebWork although it did not succeed.

    :param outcome: what an attempt came to.
    :param method: the HTTP method; reads have no effect.
    """
    if method in READS:
        return False
    return outcome.may_have_arrived if isinstance(outcome, Unanswered) else outcome.status >= 500


def answered(response: requests.Response, *, now: dt.datetime) -> Answered:
    """Return what matters of an answer here.

    :param now: the present time, with a zone, which a ``Retry-After`` with a date is compared with.
    """
    asked = asked_wait(response.headers.get("Retry-After"), now=now)
    return Answered(status=response.status_code, retry_after=asked)


def asked_wait(header: str | None, *, now: dt.datetime) -> float | None:
    """Read a ``Retry-After`` header: seconds, or an HTTP date.

    :param header: its value; ``None`` if the answer has none.
    :param now: the present time, with a zone.
    :returns: seconds from now, never negative; ``None`` if there is nothing to go by.
    """
    text = (header or "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:12])
    try:
        moment = email.utils.parsedate_to_datetime(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return max(0.0, (moment - now).total_seconds())
    except (ValueError, OverflowError):
        return None


def _may_repeat(outcome: Answered | Unanswered, *, method: str) -> bool:
    if isinstance(outcome, Unanswered):
        return not outcome.lasting and (not outcome.may_have_arrived or method in _REPEATABLE)
    return outcome.status == 429 or (outcome.status in _OVERLOADED and method in _REPEATABLE)
