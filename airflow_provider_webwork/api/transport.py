"""One request to WebWork, sent until it is answered or hopeless."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from airflow_provider_webwork.api.answers import Answer, AnswerReader
from airflow_provider_webwork.api.failures import Unanswered, sent
from airflow_provider_webwork.api.pacing import Pacer, ProcessBudget
from airflow_provider_webwork.api.retries import answered, effect_unknown, wait_before_retry
from airflow_provider_webwork.api.session import prepared_session
from airflow_provider_webwork.api.wire import CONTENT_TYPES, encode_body

if TYPE_CHECKING:
    from collections.abc import Mapping

    from airflow_provider_webwork.api.settings import ClientSettings
    from airflow_provider_webwork.api.waiting import Clock
    from airflow_provider_webwork.api.wire import BodyFormat
    from airflow_provider_webwork.budget import Rate
    from airflow_provider_webwork.json_types import JSON

log = logging.getLogger(__name__)


class Transport:
    """A ``requests`` session to one WebWork, with pacing, retries and clear errors. Redirects are not followed.

    :param settings: where WebWork is and who asks.
    :param clock: time and chance.

    ``session`` is what it sends with.
    """

    def __init__(self, settings: ClientSettings, *, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._pacer = None if settings.rate is None else _pacer(settings, rate=settings.rate, clock=clock)
        self.session = prepared_session(settings)

    def close(self) -> None:
        """Close the connections to WebWork."""
        self.session.close()

    @property
    def _reader(self) -> AnswerReader:
        # Made anew each time, because tokens of OAuth2 change.
        return AnswerReader(secrets=self._settings.auth.secrets, auth_remedy=self._settings.auth.remedy)

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
        response, doubtful = self._send_repeatedly(prepared, method=method)
        url = prepared.url or ""
        if isinstance(response, Unanswered):
            raise self._reader.unanswered(response, method=method, url=url, effect_unknown=doubtful)
        return self._reader.read(
            Answer(
                method=method,
                url=url,
                status=response.status_code,
                content_type=response.headers.get("Content-Type", ""),
                location=response.headers.get("Location", ""),
                retry_after=answered(response, now=self._clock.now()).retry_after,
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

    def _send_repeatedly(
        self, prepared: requests.PreparedRequest, *, method: str
    ) -> tuple[requests.Response | Unanswered, bool]:
        """Send a request until no further attempt would help; return what came, and whether its effect is unknown."""
        started, attempt = self._clock.monotonic(), 0
        doubtful = False  # once an attempt may have had its effect, no later one takes that doubt away
        while True:
            attempt += 1
            response = self._send(prepared)
            outcome = response if isinstance(response, Unanswered) else answered(response, now=self._clock.now())
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
                return response, doubtful
            why = outcome.reason if isinstance(outcome, Unanswered) else f"status {outcome.status}"
            where = self._reader.where(method, prepared.url or "")
            log.info("%s: %s; attempt %d follows in %.1f s", where, why, attempt + 1, wait)
            self._clock.sleep(wait)

    def _send(self, prepared: requests.PreparedRequest) -> requests.Response | Unanswered:
        """Send a request once, or twice if the first time its credentials are refused and can be renewed."""
        auth = self._settings.auth
        outcome = self._send_once(prepared)
        if isinstance(outcome, requests.Response) and outcome.status_code == 401 and auth.renew(prepared):
            outcome = self._send_once(auth(prepared))
        return outcome

    def _send_once(self, prepared: requests.PreparedRequest) -> requests.Response | Unanswered:
        environment = self.session.merge_environment_settings(prepared.url, {}, stream=False, verify=None, cert=None)
        if self._pacer is not None:
            self._pacer.wait()
        outcome = sent(
            lambda: self.session.send(prepared, allow_redirects=False, **environment), timeout=self._settings.timeout
        )
        if self._pacer is not None and isinstance(outcome, requests.Response):
            self._pacer.heed(answered(outcome, now=self._clock.now()), outcome.headers)
        return outcome


def _pacer(settings: ClientSettings, *, rate: Rate, clock: Clock) -> Pacer:
    budget = settings.budget or ProcessBudget(monotonic=clock.monotonic)
    account = f"{urlsplit(settings.base_url).netloc}/{settings.auth.account}"
    return Pacer(budget, account=account, rate=rate, clock=clock)
