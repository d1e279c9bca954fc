"""The error tree, named by what to do next.

Every error of this package derives from :class:`WebWorkError`. Its ``permanent`` says whether trying again can
help: the Airflow side fails a task for good on a permanent error and leaves the rest to the task's retries.
"""

from __future__ import annotations


class WebWorkError(Exception):
    """Something this package does went wrong; the text says what, where, and what to do next."""

    permanent: bool = True
    """Whether the same call, made again later, is bound to fail in the same way."""


class WebWorkConfigurationError(WebWorkError):
    """A connection, an option or an installation needs a change; the text names it."""


class WebWorkCancelledError(WebWorkError):
    """The task was cancelled while it waited; nothing was sent meanwhile."""

    permanent = False


# What the WebWork API answers.


class WebWorkAPIError(WebWorkError):
    """A call of the WebWork API failed.

    :param message: what happened, where (method, redacted URL, status) and what to do.
    :param status: the HTTP status of the answer; ``None`` if there was no answer.
    :param effect_unknown: whether a write may have happened at WebWork although the call failed.
    """

    def __init__(self, message: str, *, status: int | None = None, effect_unknown: bool = False) -> None:
        super().__init__(message)
        self.status = status
        self.effect_unknown = effect_unknown


class WebWorkAuthError(WebWorkAPIError):
    """WebWork does not accept the token or password (401): renew it in the connection."""


class WebWorkPermissionError(WebWorkAPIError):
    """WebWork knows who asks and says no (403): use an account with the rights the call needs."""


class WebWorkNotFoundError(WebWorkAPIError):
    """What was asked for does not exist (404): check the id, or the base URL of the connection.

    :param in_json: whether the answer was JSON, as WebWork's are; if not, it may be that of something before WebWork.
    """

    def __init__(
        self, message: str, *, status: int | None = None, effect_unknown: bool = False, in_json: bool = True
    ) -> None:
        super().__init__(message, status=status, effect_unknown=effect_unknown)
        self.in_json = in_json


class WebWorkRequestError(WebWorkAPIError):
    """WebWork refuses the request (another 4xx, or ``success: false``): fix the call."""


class WebWorkRateLimitError(WebWorkAPIError):
    """Too many requests (429), also after waiting as WebWork asked: try later.

    :param retry_after: seconds that WebWork asked to wait; ``None`` if it did not say.
    """

    permanent = False

    def __init__(
        self,
        message: str,
        *,
        status: int | None = 429,
        effect_unknown: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, status=status, effect_unknown=effect_unknown)
        self.retry_after = retry_after


class WebWorkServerError(WebWorkAPIError):
    """WebWork failed (5xx) or could not be reached: try later."""

    permanent = False


class WebWorkResponseError(WebWorkAPIError):
    """WebWork answered something that its API does not document: look at the answer, then at the base URL."""


# What the event log and its endpoints say.


class WebWorkLogError(WebWorkError):
    """The event log refuses an operation; the text says which and why."""


class WebWorkConsumerError(WebWorkLogError):
    """A claim cannot be served as it is; the text names the consumer and the command that helps."""


class WebWorkOvertakenError(WebWorkLogError):
    """A later try of the same task was answered before this one, and that answer stands: try again."""

    permanent = False


class WebWorkLogUnavailableError(WebWorkLogError):
    """The event log cannot be reached or written right now: try later, nothing was stored."""

    permanent = False


class WebWorkSecretError(WebWorkError):
    """A stored secret cannot be written or read with the keys at hand; the text names the option to set."""


# What keeping webhooks says.


class WebWorkBusyError(WebWorkError):
    """Another task is at work on the same endpoint or webhook: try later."""

    permanent = False


class WebWorkUnprovenError(WebWorkError):
    """A new webhook was not seen to work, so the old one stays: make the receiver reachable, then try again."""

    permanent = False
