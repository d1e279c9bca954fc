"""A call of the API as its operation sees it, and an operation as the table of its version writes it down."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, TypeAlias

from airflow_provider_webwork.simulator.data.company import MANAGER_ROLES
from airflow_provider_webwork.simulator.data.records import Record
from airflow_provider_webwork.simulator.data.workspace import Workspace
from airflow_provider_webwork.simulator.rest.pages import Listing, page
from airflow_provider_webwork.simulator.world import World

Handler: TypeAlias = Callable[["Call"], Any]
"""What an operation does to a workspace, and the JSON that it answers."""

Place = Literal["query", "body", "disputed", "maybe", "none"]
"""Where a call names its workspace: ``disputed`` is the body for old pages and the query for new ones, ``maybe`` is
the body for new pages and nowhere for old ones, and ``none`` is nowhere."""

Access = Literal["everybody", "managers", "own"]
"""Who may call: ``managers`` are owners and executive managers, and ``own`` leaves the question to the operation. For
old pages ``everybody`` means managers too: they open the API to nobody else."""

_LEADER_ROLES = ("Team manager", "Project manager")


@dataclass(frozen=True)
class Operation:
    """One operation: its id, where it listens, what it does, and who may ask for it.

    :param status: the status of a success.
    :param workspace: where the call names its workspace.
    :param access: who may call it.
    """

    operation_id: str
    method: str
    path: str
    handler: Handler
    status: int = 200
    workspace: Place = "query"
    access: Access = "everybody"


def reads(operation_id: str, path: str, handler: Handler, *, access: Access = "everybody") -> Operation:
    """Return an operation that reads: it names its workspace in the query, and most are open to everybody."""
    return Operation(operation_id, "GET", path, handler, access=access)


def writes(
    operation_id: str, method: str, path: str, handler: Handler, *, status: int = 200, workspace: Place = "body"
) -> Operation:
    """Return an operation that writes, which owners and executive managers alone may do."""
    return Operation(operation_id, method, path, handler, status=status, workspace=workspace, access="managers")


@dataclass(frozen=True)
class Call:
    """One parsed request: what an operation needs, and nothing of HTTP."""

    world: World
    workspace: Workspace
    caller: Record
    path: Mapping[str, Any]
    query: Mapping[str, Any]
    body: Mapping[str, Any]

    @property
    def now(self) -> datetime:
        """The time of the simulated world."""
        return self.world.now()

    @property
    def old(self) -> bool:
        """Whether the old pages are followed to the letter."""
        return self.world.settings.generation == "old"

    @property
    def new(self) -> bool:
        """Whether the new pages are followed to the letter."""
        return self.world.settings.generation == "new"

    @property
    def is_manager(self) -> bool:
        """Whether the caller is an owner or executive manager, who sees everybody and may write."""
        return self.caller["current_role"] in MANAGER_ROLES

    @property
    def sees_rates(self) -> bool:
        """Whether the caller is shown rates and amounts (vendor pages "Contracts" and "Reports")."""
        return bool(self.caller["rate_status"])

    def sees_user(self, user_id: int) -> bool:
        """Whether the caller is shown what is this member's.

        Team and project managers see those who share a project with them, others themselves: the pages say "their
        own" and leave it at that.
        """
        return self.is_manager or user_id == self.caller["id"] or user_id in self._led_users

    def sees_project(self, project_id: int | None) -> bool:
        """Whether the caller is shown a project and its tasks."""
        return self.is_manager or project_id in self._own_projects

    def paged(self, rows: Sequence[Record], *, listing: Listing, view: Callable[[Record], Any]) -> Any:
        """Return the page of a listing that the call asks for."""
        return page(
            rows, self.query, listing=listing, paging=self.world.settings.paging, view=view, meta=self.world.meta()
        )

    def emit(self, event_type: str, data: Mapping[str, Any]) -> None:
        """Tell the webhooks of the workspace."""
        self.world.emit(event_type, data, workspace=self.workspace)

    @cached_property
    def _own_projects(self) -> frozenset[int]:
        contracts = self.workspace.contracts.all()
        return frozenset(each["project_id"] for each in contracts if each["user_id"] == self.caller["id"])

    @cached_property
    def _led_users(self) -> frozenset[int]:
        if self.caller["current_role"] not in _LEADER_ROLES:
            return frozenset()
        contracts = self.workspace.contracts.all()
        return frozenset(each["user_id"] for each in contracts if each["project_id"] in self._own_projects)
