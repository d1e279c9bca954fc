"""Answers of WebWork -> JSON, or the error that says what happened, where and what to do.

v2 documents ``{"success", "data", "meta"}`` and ``{"success": false, "message", "error", "meta"}``
(https://api-docs.webwork-tracker.com/v2/api/webhooks/createwebhook.md). v1 answers failures with 200 and
``{"success": false, "message": ["...", ...]}``, as public integrations show.
"""

from __future__ import annotations

import html
import json
import re
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import parse_qsl, urlsplit

from airflow_provider_webwork.api.retries import READS
from airflow_provider_webwork.errors import (
    WebWorkAPIError,
    WebWorkAuthError,
    WebWorkNotFoundError,
    WebWorkPermissionError,
    WebWorkRateLimitError,
    WebWorkRequestError,
    WebWorkResponseError,
    WebWorkServerError,
)
from airflow_provider_webwork.secrets import MASK, redact_text

if TYPE_CHECKING:
    from airflow_provider_webwork.api.failures import Unanswered
    from airflow_provider_webwork.json_types import JSON

_LONGEST_QUOTE = 300
_DOUBT = " It may have taken effect all the same: look before you send it again."
_ASK_AN_OWNER = (
    "Use the token of an account with the rights for this call; most writes and reports are for workspace owners and "
    "executive managers."
)
_UNREACHED = "Check the base URL, the network and the proxy settings, or try again later."
_RIGHT_PLACE = "Is the base URL of the connection right?"
_CHECK_IDS = "Check the ids, the workspace_id and the base URL of the connection."
_HARMLESS = re.compile(r"[0-9][0-9-]{0,18}")


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back for one request.

    :param method: the method of the request.
    :param url: its URL.
    :param status: HTTP status.
    :param content_type: the ``Content-Type`` header; empty if there is none.
    :param location: the ``Location`` header of a redirect; empty if there is none.
    :param retry_after: seconds that WebWork asked to wait; ``None`` if it did not ask.
    :param body: the whole body.
    :param effect_unknown: whether this or an earlier attempt may have had its effect although it failed.
    """

    method: str
    url: str = field(repr=False)
    status: int
    content_type: str
    location: str
    retry_after: float | None
    body: bytes = field(repr=False)
    effect_unknown: bool


@dataclass(frozen=True, kw_only=True)
class AnswerReader:
    """Tells good answers from bad ones and words the errors, which never show a secret.

    :param secrets: what no error text may hold, such as the token of the connection.
    :param auth_remedy: what to do when WebWork does not accept the credentials.
    """

    secrets: tuple[str, ...] = field(repr=False)
    auth_remedy: str

    def read(self, answer: Answer) -> JSON:
        """Return what an answer says; ``None`` for 204 No Content.

        :raises WebWorkAPIError: if it is an error, or nothing that the API documents.
        """
        if not 200 <= answer.status < 300:
            raise self._error(answer)
        if answer.status == 204:
            return None
        document = _parsed(answer.body)
        if not isinstance(document, dict | list):
            raise self._not_documented(answer)
        if isinstance(document, dict) and document.get("success") is False:
            raise WebWorkRequestError(
                self._text("WebWork refuses the request", answer, "Fix the arguments of the call."),
                status=answer.status,
                effect_unknown=answer.effect_unknown,
            )
        return document

    def unanswered(
        self, failure: Unanswered, *, method: str, url: str, effect_unknown: bool, remedy: str = _UNREACHED
    ) -> WebWorkServerError:
        """Word the error for a request without an answer.

        :param failure: what happened.
        :param method: the method of the request.
        :param url: its URL.
        :param effect_unknown: whether an attempt may have had its effect.
        :param remedy: what to do.
        """
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
        what = "no answer from" if failure.may_have_arrived else "cannot reach"
        return WebWorkServerError(
            f"{self.where(method, url)}: {what} {parts.hostname}:{port}: {failure.reason}. {remedy}"
            f"{_DOUBT if effect_unknown else ''}",
            effect_unknown=effect_unknown,
        )

    def where(self, method: str, url: str) -> str:
        """Name a request in logs and errors: method and URL, with everything in the URL hidden that may be secret."""
        parts = urlsplit(url)
        shown = [
            f"{redact_text(name, self.secrets)}={value if _HARMLESS.fullmatch(value) else MASK}"
            for name, value in parse_qsl(parts.query, keep_blank_values=True)
        ]
        query = f"?{'&'.join(shown)}" if shown else ""
        host = parts.netloc.rpartition("@")[2]
        return f"{method} {redact_text(f'{parts.scheme}://{host}{parts.path}', self.secrets)}{query}"

    def quoted(self, said: str) -> str:
        """Return what WebWork says to stand behind the rest of a sentence: short, and without secrets."""
        text = redact_text(" ".join(said.split()), self.secrets).rstrip(". ")
        if len(text) > _LONGEST_QUOTE:
            text = f"{text[:_LONGEST_QUOTE]}..."
        return f": {text}" if text else ""

    def _error(self, answer: Answer) -> WebWorkAPIError:
        status = answer.status
        if 300 <= status < 400:
            return self._redirected(answer)
        kind, what, remedy = self._kind(answer)
        text = self._text(what, answer, remedy)
        if status == 429:
            return WebWorkRateLimitError(
                text, status=status, effect_unknown=answer.effect_unknown, retry_after=answer.retry_after
            )
        if status == 404:
            in_json = isinstance(_parsed(answer.body), dict | list)
            return WebWorkNotFoundError(text, status=status, effect_unknown=answer.effect_unknown, in_json=in_json)
        return kind(text, status=status, effect_unknown=answer.effect_unknown)

    def _kind(self, answer: Answer) -> tuple[type[WebWorkAPIError], str, str]:
        """Choose the class of an error, what happened and what to do."""
        if answer.status >= 500:
            return WebWorkServerError, "WebWork failed", "Try again later."
        match answer.status:
            case 401:
                return WebWorkAuthError, "WebWork does not accept the credentials", self.auth_remedy
            case 403:
                return WebWorkPermissionError, "WebWork forbids this", _ASK_AN_OWNER
            case 404:
                return WebWorkNotFoundError, "WebWork does not know this", _CHECK_IDS
            case 429:
                wait = "later" if answer.retry_after is None else f"in {answer.retry_after:.0f} seconds"
                return (
                    WebWorkRateLimitError,
                    "Too many requests",
                    f"Try again {wait}: WebWork allows 60 requests a minute and user.",
                )
            case _:
                return WebWorkRequestError, "WebWork refuses the request", "Fix the arguments of the call."

    def _text(self, what: str, answer: Answer, remedy: str) -> str:
        said = self.quoted(_message(_parsed(answer.body)) or _page_title(answer))
        doubt = _DOUBT if answer.effect_unknown else ""
        return f"{what}: {self._came(answer)}{said}. {remedy}{doubt}"

    def _came(self, answer: Answer) -> str:
        return f"{self.where(answer.method, answer.url)} answered {status_text(answer.status)}"

    def _not_documented(self, answer: Answer) -> WebWorkResponseError:
        kind = f"{answer.content_type or 'no content type'}, {len(answer.body)} bytes"
        if "json" in answer.content_type or answer.body.lstrip()[:1] in {b"{", b"["}:
            # A broken answer is not quoted: it may hold webhook tokens.
            fault = "that is damaged or no JSON object or list"
        else:
            fault = "that is no JSON"
        said = self.quoted(_page_title(answer))
        unsure = answer.effect_unknown or answer.method not in READS
        return WebWorkResponseError(
            f"{self._came(answer)} with a body ({kind}) {fault}{said}. {_RIGHT_PLACE}{_DOUBT if unsure else ''}",
            status=answer.status,
            effect_unknown=unsure,
        )

    def _redirected(self, answer: Answer) -> WebWorkResponseError:
        try:
            target = urlsplit(answer.location)
            where = f"{target.scheme}://{target.hostname}" if target.hostname else "another path"
        except ValueError:
            where = "what is no URL"
        return WebWorkResponseError(
            f"{self._came(answer)} and points to {where}. Redirects are not followed, so that no token goes astray. "
            f"{_RIGHT_PLACE}",
            status=answer.status,
        )


def status_text(status: int) -> str:
    """Write a status with its usual phrase, such as ``404 Not Found``."""
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _parsed(body: bytes) -> JSON:
    """Read a JSON body whatever its content type says; ``None`` if it is none."""
    try:
        document: JSON = json.loads(body, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _message(document: JSON) -> str:
    """Find what WebWork says about an error: text in v2, a list of texts in v1."""
    if not isinstance(document, dict):
        return ""
    said: list[str] = []
    for key in ("message", "error"):
        value = document.get(key)
        texts = value if isinstance(value, list) else [value]
        said += [text for text in texts if isinstance(text, str) and text.strip() and text not in said]
    return "; ".join(said)


def _page_title(answer: Answer) -> str:
    """Find the title of an HTML page, which is all that is ever quoted of an answer that is no JSON."""
    if "html" not in answer.content_type:
        return ""
    found = re.search(rb"<title[^>]*>([^<]+)<", answer.body[:65_536], re.IGNORECASE)
    return (
        f"a web page titled {html.unescape(found[1].decode('utf-8', 'replace')).strip()!r}" if found else "a web page"
    )
