"""One request to WebWork, sent until it is answered or hopeless."""

from __future__ import annotations

import datetime as dt
import itertools
import logging
import random
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests
import urllib3.exceptions

from airflow_provider_webwork.api.answers import Answer, AnswerReader
from airflow_provider_webwork.api.failures import Unanswered, explain
from airflow_provider_webwork.api.retries import Answered, asked_wait, effect_unknown, wait_before_retry
from airflow_provider_webwork.api.session import NO_HOST, prepared_session
from airflow_provider_webwork.api.wire import CONTENT_TYPES, encode_body
from airflow_provider_webwork.errors import WebWorkConfigurationError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from airflow_provider_webwork.api.settings import ClientSettings
    from airflow_provider_webwork.api.wire import BodyFormat
    from airflow_provider_webwork.json_types import JSON

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Time and chance, so that tests need neither.

    :param sleep: waits for a number of seconds.
    :param now: the present time, with a zone.
    :param monotonic: seconds on a clock that never goes back.
    :param jitter: a random number in [0, 1).
    """

    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)
    monotonic: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = random.random


class Transport:
    """A ``requests`` session to one WebWork, with retries and clear errors. Redirects are not followed.

    :param settings: where WebWork is and who asks.
    :param clock: time and chance.

    ``session`` is what it sends with.
    """

    def __init__(self, settings: ClientSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._reader = AnswerReader(secrets=settings.auth.secrets, auth_remedy=settings.auth.remedy)
        self.session = prepared_session(settings)

    def close(self) -> None:
        """Close the connections to WebWork."""
        self.session.close()

    def exchange(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: Mapping[str, JSON] | None,
        body_format: BodyFormat,
    ) -> JSON:
        """Send a request, again where that is safe, and return the answer.

        :param method: HTTP method.
        :param path: path below the base URL.
        :param query: query parameters.
        :param body: body fields; ``None`` for no body.
        :param body_format: how to write the body.
        :raises WebWorkAPIError: if WebWork refuses, fails or cannot be reached.
        """
        prepared = self._prepared(method, path, query=query, body=body, body_format=body_format)
        url = prepared.url or ""
        started = self._clock.monotonic()
        doubtful = False  # once an attempt may have had its effect, no later one takes that doubt away
        for attempt in itertools.count(1):
            response = self._send(prepared)
            outcome = response if isinstance(response, Unanswered) else self._answered(response)
            doubtful = doubtful or effect_unknown(outcome, method=method)
            wait = wait_before_retry(
                outcome,
                method=method,
                attempt=attempt,
                elapsed=self._clock.monotonic() - started,
                jitter=self._clock.jitter,
                policy=self._settings.retry,
            )
            if wait is None:
                break
            why = outcome.reason if isinstance(outcome, Unanswered) else f"status {outcome.status}"
            where = self._reader.where(method, url)
            log.info("%s: %s; attempt %d follows in %.1f s", where, why, attempt + 1, wait)
            self._clock.sleep(wait)
        if isinstance(response, Unanswered):
            raise self._reader.unanswered(response, method=method, url=url, effect_unknown=doubtful)
        return self._reader.read(
            Answer(
                method=method,
                url=url,
                status=response.status_code,
                content_type=response.headers.get("Content-Type", ""),
                location=response.headers.get("Location", ""),
                retry_after=self._answered(response).retry_after,
                body=response.content,
                effect_unknown=doubtful,
            )
        )

    def _prepared(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str],
        body: Mapping[str, JSON] | None,
        body_format: BodyFormat,
    ) -> requests.PreparedRequest:
        request = requests.Request(method, f"{self._settings.base_url}/{path.lstrip('/')}", params=query)
        if body is not None:
            request.data = encode_body(body, body_format)
            request.headers["Content-Type"] = CONTENT_TYPES[body_format]
        return self.session.prepare_request(request)

    def _send(self, prepared: requests.PreparedRequest) -> requests.Response | Unanswered:
        try:
            environment = self.session.merge_environment_settings(
                prepared.url, {}, stream=False, verify=None, cert=None
            )
            return self.session.send(prepared, allow_redirects=False, **environment)
        except (requests.exceptions.InvalidURL, urllib3.exceptions.LocationValueError):
            # The second kind passes through requests as it is, when a part of the name is empty or too long.
            raise WebWorkConfigurationError(NO_HOST) from None
        except requests.RequestException as error:
            return explain(error, timeout=self._settings.timeout)
        except OSError:  # what requests raises for a CA file that is not there; its own errors were caught above
            text = (
                "The CA certificates for WebWork cannot be read: see `verify` of the connection and the variables "
                "REQUESTS_CA_BUNDLE and CURL_CA_BUNDLE."
            )
            raise WebWorkConfigurationError(text) from None

    def _answered(self, response: requests.Response) -> Answered:
        asked = asked_wait(response.headers.get("Retry-After"), now=self._clock.now())
        return Answered(status=response.status_code, retry_after=asked)
