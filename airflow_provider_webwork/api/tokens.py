"""The tokens of OAuth2, and where they are kept while tasks come and go."""

from __future__ import annotations

import datetime as dt
import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """What the token endpoint gave out.

    :param access: signs requests.
    :param refresh: gets the next tokens; ``None`` where the credentials of the application do.
    :param renew_at: when to get them; ``None`` for not before a request is refused.
    """

    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    renew_at: dt.datetime | None

    @property
    def secrets(self) -> tuple[str, ...]:
        """Both tokens."""
        return (self.access,) if self.refresh is None else (self.access, self.refresh)

    def to_text(self) -> str:
        """Write them as JSON."""
        renew_at = None if self.renew_at is None else self.renew_at.isoformat()
        return json.dumps({"access": self.access, "refresh": self.refresh, "renew_at": renew_at})

    @classmethod
    def from_text(cls, text: str) -> Tokens:
        """Read what :meth:`to_text` wrote."""
        values = json.loads(text)
        renew_at = values["renew_at"]
        return cls(
            access=values["access"],
            refresh=values["refresh"],
            renew_at=None if renew_at is None else dt.datetime.fromisoformat(renew_at),
        )


class CredentialStore(Protocol):
    """Keeps secret texts by name, for everybody who shares it."""

    def get(self, name: str) -> str | None:
        """Return the text of a name; ``None`` if there is none."""

    def replace(self, name: str, *, outdated: str | None, make: Callable[[str | None], str]) -> str:
        """Return a newer text than the outdated one.

        That is what somebody else put in its place meanwhile, or what ``make`` makes of it and is then kept. Of all who
        want to replace it at once, one does and the others wait.
        """


class ProcessCredentials:
    """Keeps texts as long as the process lasts."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._texts: dict[str, str] = {}

    def get(self, name: str) -> str | None:
        """Return the text of a name; ``None`` if there is none."""
        return self._texts.get(name)

    def replace(self, name: str, *, outdated: str | None, make: Callable[[str | None], str]) -> str:
        """Return what is kept in place of the outdated text, or make it."""
        with self._lock:
            present = self._texts.get(name)
            if present is None or present == outdated:
                present = self._texts[name] = make(present)
            return present
