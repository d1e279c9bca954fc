"""The examination: every check in turn, none of which hides another."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError

from airflow_provider_webwork.errors import WebWorkError
from airflow_provider_webwork.lifecycle.doctor.case import Case, Installation
from airflow_provider_webwork.lifecycle.doctor.consumers import batches, consumers
from airflow_provider_webwork.lifecycle.doctor.endpoints import endpoints
from airflow_provider_webwork.lifecycle.doctor.finding import Finding, Repair, good, wrong
from airflow_provider_webwork.lifecycle.doctor.log import encryption_key, event_log, migrations
from airflow_provider_webwork.lifecycle.doctor.receivers import reach, receivers
from airflow_provider_webwork.lifecycle.doctor.webhooks import webhooks
from airflow_provider_webwork.lifecycle.doctor.webwork import clock, connection, rights
from airflow_provider_webwork.secrets import redact_text

_PACKAGE = __name__.partition(".")[0]
_REPORT = "This is an error in the package or in what it stands on: report it with this line and the versions above."


@dataclass(frozen=True)
class Check:
    """Something that the doctor looks at.

    :param needs: the checks that must not have found anything wrong, or there is nothing to look at.
    """

    name: str
    look: Callable[[Case], Iterable[Finding]]
    needs: tuple[str, ...] = ()


def versions(case: Case) -> Iterator[Finding]:
    """Tell what is installed."""
    yield good(", ".join(f"{name} {version}" for name, version in case.installation.versions.items()) + ".")


CHECKS = (
    Check("versions", versions),
    Check("event log", event_log),
    Check("migrations", migrations, needs=("event log",)),
    Check("encryption key", encryption_key, needs=("migrations",)),
    Check("connection", connection),
    Check("rights", rights, needs=("connection",)),
    Check("clock", clock, needs=("rights",)),
    Check("receivers", receivers, needs=("migrations",)),
    # A rotation is finished before webhooks are mended: one that has to put its new webhook right keeps the old one on.
    Check("endpoints", endpoints, needs=("encryption key",)),
    Check("webhooks", webhooks, needs=("encryption key", "rights")),
    Check("reach", reach, needs=("encryption key", "rights")),
    Check("consumers", consumers, needs=("migrations",)),
    Check("batches", batches, needs=("migrations",)),
)


def examine(installation: Installation, *, fix: bool = False) -> Iterator[Finding]:
    """Look at everything, and yield what is found as it is found.

    :param fix: mend what is safe to mend.
    """
    case = Case(installation)
    passed: set[str] = set()
    for check in CHECKS:
        failed = next((name for name in check.needs if name not in passed), None)
        if failed is not None:
            yield Finding(check=check.name, verdict="skipped", text=f"Not looked at, because of: {failed}.")
            continue
        passed.add(check.name)
        for found in _found(check, case):
            finding = _mended(found, found.repair, case) if fix and found.repair is not None else found
            if finding.verdict == "wrong":
                passed.discard(check.name)
            yield replace(finding, check=check.name, text=redact_text(finding.text))


def _found(check: Check, case: Case) -> Iterator[Finding]:
    try:
        yield from check.look(case)
    except WebWorkError as error:
        yield wrong(str(error))
    except SQLAlchemyError as error:
        yield wrong(_of_database(error))
    except Exception as error:  # noqa: BLE001 - whoever is called at night needs what the other checks find
        yield wrong(f"This check itself failed: {_unforeseen(error)}.", _REPORT)


def _mended(finding: Finding, repair: Repair, case: Case) -> Finding:
    case.look_again()
    try:
        done = repair()
    except WebWorkError as error:
        return replace(finding, text=f"{finding.text} To mend it failed: {error}")
    except SQLAlchemyError as error:
        return replace(finding, text=f"{finding.text} To mend it failed: {_of_database(error)}")
    except Exception as error:  # noqa: BLE001 - as above
        return replace(finding, text=f"{finding.text} To mend it failed: {_unforeseen(error)}.")
    return replace(finding, verdict="fixed", text=f"{finding.text} {done}", remedy=None)


def _of_database(error: SQLAlchemyError) -> str:
    # The text of the error itself may hold the statement and its values.
    return f"A database failed: {type(error).__name__}."


def _unforeseen(error: Exception) -> str:
    """Name an error and where it came from in this package; its text may hold anything, also a secret."""
    place = [frame for frame in traceback.extract_tb(error.__traceback__) if _PACKAGE in Path(frame.filename).parts][-1]
    return f"{type(error).__name__} in {Path(place.filename).name}, line {place.lineno}"
