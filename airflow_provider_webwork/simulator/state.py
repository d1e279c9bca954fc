"""The workspace that the simulator serves: numbered members, projects and contracts, all derived from one seed."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

MANAGER_ROLES = ("Owner", "Executive manager")
"""Who may register webhooks and start the trackers of others (vendor pages of API v2)."""

ROLES = (*MANAGER_ROLES, "Team manager", "Project manager", "Regular User", "Project viewer")

_PROJECTS = 3
_TIMEZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Yerevan")
_CREATED = datetime(2025, 2, 19, 19, 24, 55, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Credentials:
    """What a client must show: the personal access token of API v2, login and password of API v1."""

    token: str = field(repr=False)
    login: str
    password: str = field(repr=False)

    @classmethod
    def from_seed(cls, seed: int, *, token: str | None = None) -> Credentials:
        """Make the credentials that follow from the seed.

        :param token: the access token to take instead of a derived one.
        """
        return cls(
            token=token or f"simulated-{text_from_seed(seed, 'access token')}",
            login="member1@example.com",
            password=text_from_seed(seed, "password"),
        )


@dataclass(frozen=True, kw_only=True)
class Project:
    """A project; its tasks are numbered ``10 * id + 1`` and ``10 * id + 2``."""

    id: int

    @property
    def name(self) -> str:
        """The display name."""
        return f"Project {self.id}"

    def task_title(self, task_id: int) -> str | None:
        """Return the title of a task, or ``None`` if the task is not one of this project."""
        return f"Task {task_id}" if task_id in (10 * self.id + 1, 10 * self.id + 2) else None


@dataclass(frozen=True, kw_only=True)
class Member:
    """A member of the workspace, with the one contract that ties the member to a project."""

    id: int
    role: str
    timezone: str
    status: str
    contract_id: int
    project: Project

    @property
    def name(self) -> str:
        """The display name."""
        return f"Member {self.id}"

    @property
    def email(self) -> str:
        """An address that reaches nobody (RFC 2606)."""
        return f"member{self.id}@example.com"

    def row(self) -> dict[str, Any]:
        """Return the member as ``GET /members`` shows it (vendor page "Get members")."""
        return {
            "id": self.id,
            "email": self.email,
            "firstname": "Member",
            "lastname": str(self.id),
            "avatar": None,
            "current_role": self.role,
            "timezone": self.timezone,
            "status": self.status,
            "team_name": None,
            "title": None,
            "rate": None,
            "rate_type": None,
            "rate_status": 0,
            "weekly_hours_limit": 40,
            "screenshots": "full",
            "is_blocked": False,
            "created_at": micro_stamp(_CREATED),
            "updated_at": micro_stamp(_CREATED),
            "deleted_at": None,
        }


@dataclass(frozen=True, kw_only=True)
class Workspace:
    """The one workspace; Member 1 owns the access token."""

    id: int
    members: tuple[Member, ...]

    @classmethod
    def from_seed(cls, seed: int, *, members: int, role: str) -> Workspace:
        """Make a workspace.

        :param members: how many members; their ids are 1, 2, 3 and so on.
        :param role: the role of Member 1, in whose name every call is made.
        :raises ValueError: if there is no member, or no such role.
        """
        if members < 1:
            raise ValueError("members must be at least 1: somebody has to own the access token.")
        if role not in ROLES:
            raise ValueError(f"role must be one of {', '.join(ROLES)}; not {role!r}.")
        return cls(
            id=1,
            members=tuple(
                _member(seed, number, role=role if number == 1 else None) for number in range(1, members + 1)
            ),
        )

    @property
    def caller(self) -> Member:
        """The member in whose name every call is made."""
        return self.members[0]

    def member(self, user_id: int) -> Member | None:
        """Return a member by id."""
        return self.members[user_id - 1] if 1 <= user_id <= len(self.members) else None

    def row(self) -> dict[str, Any]:
        """Return the workspace as ``GET /workspaces`` shows it, two formats of time included."""
        return {
            "id": self.id,
            "owner_id": 1,
            "user_id": self.caller.id,
            "workspace_name": "Simulated workspace",
            "role": self.caller.role,
            "status": "active",
            "created_at": micro_stamp(_CREATED),
            "activated_at": f"{_CREATED:%Y-%m-%d %H:%M:%S}",
        }


def bytes_from_seed(seed: int, *what: object) -> bytes:
    """Return 32 bytes that look random and are the same for the same seed and subject."""
    return hashlib.sha256("/".join(map(str, (seed, *what))).encode()).digest()


def text_from_seed(seed: int, *what: object) -> str:
    """Return 24 opaque characters that are safe in a URL."""
    return base64.urlsafe_b64encode(bytes_from_seed(seed, *what)[:18]).decode()


def stamp(moment: datetime) -> str:
    """Write a moment to the second, as ``2024-01-15T10:30:00Z``."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def micro_stamp(moment: datetime) -> str:
    """Write a moment to the microsecond, as ``2025-02-19T19:24:55.000000Z``."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"


def _member(seed: int, number: int, *, role: str | None) -> Member:
    dice = bytes_from_seed(seed, "member", number)
    return Member(
        id=number,
        role=role or ROLES[1 + dice[0] % (len(ROLES) - 1)],
        timezone=_TIMEZONES[dice[1] % len(_TIMEZONES)],
        status="inactive" if number % 12 == 0 else "active",
        contract_id=100 + number,
        project=Project(id=1 + dice[2] % _PROJECTS),
    )
