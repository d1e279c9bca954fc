"""Our errors as Airflow's: the one place where they are translated."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from airflow.sdk.exceptions import AirflowException, AirflowFailException

from airflow_provider_webwork.errors import WebWorkError


class WebWorkTaskError(AirflowException):
    """A task failed for a reason that may pass; its retries apply."""


@contextmanager
def task_failures() -> Iterator[None]:
    """Fail the task for good on a permanent error, and leave the others to the task's retries.

    Misuse (``ValueError``, ``TypeError``) is permanent too.

    Airflow honours ``soft_fail`` only for its own exceptions (``airflow/sdk/bases/sensor.py``), so both become one.

    :raises AirflowFailException: for an error that trying again cannot mend.
    :raises WebWorkTaskError: for the others.
    """
    try:
        yield
    except WebWorkError as error:
        text = f"{type(error).__name__}: {error}"
        raise (AirflowFailException(text) if error.permanent else WebWorkTaskError(text)) from error
    except (ValueError, TypeError) as error:
        raise AirflowFailException(str(error)) from error
