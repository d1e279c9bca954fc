"""Looking at WebWork: who the connection is, what it may do, and whether the clocks agree."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests

from airflow_provider_webwork.api.client import Client
from airflow_provider_webwork.api.webhooks import Webhooks
from airflow_provider_webwork.errors import WebWorkPermissionError
from airflow_provider_webwork.lifecycle.doctor.case import Case
from airflow_provider_webwork.lifecycle.doctor.finding import Finding, counted, good, skipped, warning, wrong

MAY_WRITE = ("Owner", "Executive manager")
"""The roles that may change what is no data of their own (https://api-docs.webwork-tracker.com/api/contracts)."""

NOTABLE = timedelta(seconds=30)
"""How far clocks may be apart before that is told. An answer tells the time in whole seconds and took a while."""

HARMFUL = timedelta(minutes=5)
"""From here on signed deliveries and marked ones count as too old or too new (Standard Webhooks and our marks)."""


def connection(case: Case) -> Iterator[Finding]:
    """Sign in, as *Test* in Airflow's form does."""
    works, text = case.installation.sign_in()
    if not works:
        yield wrong(text)
        return
    settings = case.installation.client.settings
    if settings.api_version == "v2" and settings.workspace_id is None:
        yield wrong(text, f"Put workspace_id into the extra of connection {case.installation.conn_id!r}.")
    else:
        yield good(text)


def rights(case: Case) -> Iterator[Finding]:
    """List the webhooks, and look whether the account is one that may change them."""
    remedy = "Put the token of an owner or executive manager of the workspace into the connection."
    try:
        count = len(case.webhooks)
    except WebWorkPermissionError as error:
        yield wrong(f"The account may not see the webhooks. {error}", remedy)
        return
    role = _role(case.installation.client)
    if role is None:
        yield good(
            f"{counted(count, 'webhook')} can be listed; WebWork does not tell whether the account may change any."
        )
    elif role in MAY_WRITE:
        yield good(f"{counted(count, 'webhook')} can be listed, and the role {role} may change webhooks.")
    else:
        yield wrong(f"The account has the role {role} in the workspace, which may not change webhooks.", remedy)


def clock(case: Case) -> Iterator[Finding]:
    """Compare our clock with that of WebWork."""
    ahead = _ahead(case.installation.client, now=case.installation.now)
    if ahead is None:
        yield skipped("WebWork's answer does not tell the time.")
        return
    seconds = f"{abs(ahead).total_seconds():.0f} s {'ahead of' if ahead > timedelta() else 'behind'} that of WebWork"
    remedy = "Let the machine keep its time by NTP: `timedatectl set-ntp true`."
    if abs(ahead) >= HARMFUL:
        yield wrong(f"The clock of this machine is {seconds}: signed deliveries may be refused.", remedy)
    elif abs(ahead) >= NOTABLE:
        yield warning(f"The clock of this machine is {seconds}.", remedy)
    else:
        yield good("The clock of this machine agrees with that of WebWork.")


def _role(client: Client) -> str | None:
    """Return the role of the account in the workspace; ``None`` where WebWork does not tell it, as in API v1."""
    if client.settings.api_version == "v1":
        return None
    wanted = str(client.settings.workspace_id)
    roles = (each.get("role") for each in client.iterate("getWorkspaces") if str(each.get("id")) == wanted)
    role = next(roles, None)
    return role if isinstance(role, str) else None


def _ahead(client: Client, *, now: Callable[[], datetime]) -> timedelta | None:
    """Return how far our clock is ahead of that of WebWork, as the header ``Date`` of an answer tells it."""
    told: list[timedelta | None] = []

    def compare(response: requests.Response, **_: object) -> None:
        told.append(_since(response.headers.get("Date"), now=now()))

    hooks = client.session.hooks["response"]
    hooks.append(compare)
    try:
        next(iter(Webhooks(client).list()), None)
    finally:
        hooks.remove(compare)
    return told[-1] if told else None


def _since(date: str | None, *, now: datetime) -> timedelta | None:
    try:
        return now - parsedate_to_datetime(date or "").astimezone(UTC)
    except (ValueError, OverflowError):
        return None
