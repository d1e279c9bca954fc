"""What clients share: with an explicit event log across tasks and machines, otherwise within one process."""

from __future__ import annotations

import logging
from functools import cache
from typing import TYPE_CHECKING

from airflow_provider_webwork.errors import WebWorkConfigurationError, WebWorkLogError

if TYPE_CHECKING:
    from collections.abc import Callable

    from airflow_provider_webwork.api.pacing import ProcessBudget
    from airflow_provider_webwork.api.tokens import CredentialStore, ProcessCredentials
    from airflow_provider_webwork.budget import Booking, Budget, Rate
    from airflow_provider_webwork.config import Settings
    from airflow_provider_webwork.events.store import Store

log = logging.getLogger(__name__)


def shared_budget() -> Budget:
    """Return the budget of requests: that in an explicit event log, otherwise that of this process."""
    from airflow_provider_webwork.config import settings_from_airflow
    from airflow_provider_webwork.events.budgets import Budgets

    settings = settings_from_airflow()
    own = _process_budget()
    return own if settings.event_store_url is None else _WhileTheLogIsThere(Budgets(_store(settings)), own)


def lasting_credentials(*, conn_id: str, sleep: Callable[[float], None]) -> CredentialStore:
    """Return what keeps tokens that must outlive the process: the explicit event log, encrypted.

    :param conn_id: whose tokens they are.
    :param sleep: waits for a number of seconds.
    :raises WebWorkConfigurationError: if there is none.
    """
    from airflow_provider_webwork.config import settings_from_airflow
    from airflow_provider_webwork.events.credentials import Credentials
    from airflow_provider_webwork.secrets import Vault

    settings = settings_from_airflow()
    if settings.event_store_url is None:
        msg = (
            f"Connection {conn_id!r} signs in with a refresh token, and [webwork] event_store_url is not set. WebWork "
            "is expected to replace a refresh token whenever it is used, and a task cannot write the new one into the "
            "connection: it is kept encrypted in the event log, and every task has to find it there. Set "
            "event_store_url in every component, or use a personal access token or client credentials."
        )
        raise WebWorkConfigurationError(msg)
    return Credentials(_store(settings), Vault(settings.secret_keys), sleep=sleep)


@cache  # or a task that makes a hook for each call would sign in each time
def process_credentials() -> ProcessCredentials:
    """Return what keeps tokens as long as the process lasts."""
    from airflow_provider_webwork.api.tokens import ProcessCredentials

    return ProcessCredentials()


@cache  # or a task that makes a hook for each call would count none of them
def _process_budget() -> ProcessBudget:
    import time

    from airflow_provider_webwork.api.pacing import ProcessBudget

    return ProcessBudget(monotonic=time.monotonic)


def _store(settings: Settings) -> Store:
    from airflow_provider_webwork.events.store import Store

    return Store(settings.log_url, auto_upgrade=settings.auto_upgrade)


class _WhileTheLogIsThere:
    """The budget in the event log, and that of this process while the log cannot be used: a call need not fail for it.

    It cannot while it is away, and on PostgreSQL also between an upgrade of the package and that of its schema.
    """

    def __init__(self, shared: Budget, own: Budget) -> None:
        self._shared = shared
        self._own = own

    def book(self, account: str, rate: Rate) -> Booking:
        """Take the next moment at which a request of an account may go."""
        try:
            return self._shared.book(account, rate)
        except WebWorkLogError as error:
            _tell(error)
            return self._own.book(account, rate)

    def lower(self, account: str, rate: Rate, *, left: int) -> None:
        """Let no more than ``left`` requests of an account go now."""
        try:
            self._shared.lower(account, rate, left=left)
        except WebWorkLogError as error:
            _tell(error)
            self._own.lower(account, rate, left=left)

    def pause(self, account: str, rate: Rate, *, seconds: float) -> None:
        """Let no request of an account go for some seconds."""
        try:
            self._shared.pause(account, rate, seconds=seconds)
        except WebWorkLogError as error:
            _tell(error)
            self._own.pause(account, rate, seconds=seconds)


def _tell(error: WebWorkLogError) -> None:
    log.warning("%s Meanwhile this process counts its requests to WebWork alone.", error)
