"""This Airflow and its options, as the doctor looks at them."""

from __future__ import annotations

import platform
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property

from airflow_provider_webwork import __version__
from airflow_provider_webwork.api.client import Client
from airflow_provider_webwork.api.retries import RetryPolicy
from airflow_provider_webwork.cli.batches import unfinished
from airflow_provider_webwork.clock import utc_now
from airflow_provider_webwork.config import Settings
from airflow_provider_webwork.events.batches import Batch
from airflow_provider_webwork.events.observed import ObservedProof
from airflow_provider_webwork.events.store import Store
from airflow_provider_webwork.hooks.events import WebWorkEventsHook
from airflow_provider_webwork.hooks.lifecycle import endpoint_rotations
from airflow_provider_webwork.hooks.webwork import WebWorkHook
from airflow_provider_webwork.lifecycle.rotation import EndpointRotations
from airflow_provider_webwork.receiver.proofs.settings import proposal, words
from airflow_provider_webwork.secrets import Vault


class Installed:
    """What runs here; nothing is opened before it is asked for.

    :param conn_id: the connection that is examined.
    :param actor: who changes something, for the audit.
    """

    def __init__(self, conn_id: str, *, actor: str) -> None:
        self.conn_id = conn_id
        self._actor = actor
        self._hook = WebWorkHook(conn_id)
        self._events_hook = WebWorkEventsHook()

    @property
    def versions(self) -> Mapping[str, str]:
        """The versions of this package and of what it runs on, by name."""
        from airflow import __version__ as version_of_airflow

        return {
            "airflow-provider-webwork": __version__,
            "Airflow": version_of_airflow,
            "Python": platform.python_version(),
        }

    @property
    def settings(self) -> Settings:
        """The options of ``[webwork]``."""
        return self._events_hook.settings

    @cached_property
    def store(self) -> Store:
        """The database of the event log, opened without upgrading it."""
        return Store(self.settings.log_url, auto_upgrade=False)

    @property
    def vault(self) -> Vault:
        """The keys that the secrets in the log are encrypted with."""
        return self._events_hook.vault

    @cached_property
    def client(self) -> Client:
        """A client that tries once: what fails is to be said, and no task is to be waited for."""
        return Client(replace(self._hook.client.settings, retry=RetryPolicy(attempts=1), budget=None))

    @cached_property
    def rotations(self) -> EndpointRotations:
        """What changes the webhooks of endpoints, with as much patience as a task has."""
        return endpoint_rotations(self._hook, self._events_hook, actor=self._actor)

    def now(self) -> datetime:
        """Tell the time in UTC."""
        return utc_now()

    def sign_in(self) -> tuple[bool, str]:
        """Say who the connection signs in as, or what is wrong."""
        return self._hook.test_connection()

    def unfinished(self, batches: Sequence[Batch]) -> list[tuple[Batch, str]]:
        """Ask Airflow for batches whose run will not process them by itself."""
        return unfinished(batches)

    def proposal(self, observed: Sequence[ObservedProof]) -> tuple[str, str] | None:
        """Return the best proof that was seen to hold, as the log keeps it and as people write it."""
        proposed = proposal(observed)
        return None if proposed is None else (proposed, words(proposed))
