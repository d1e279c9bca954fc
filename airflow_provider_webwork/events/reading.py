"""How the deliveries of an endpoint are read, where they differ from what senders usually do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields

from airflow_provider_webwork.events.event import VOLATILE_FIELDS
from airflow_provider_webwork.events.paths import is_path
from airflow_provider_webwork.json_types import JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Where the deliveries of an endpoint say what, as dotted paths into their JSON.

    A path is looked at first; where it leads nowhere, the usual places are.

    :param type: where the event is named.
    :param id: where the sender's id of the event is.
    :param time: where it says when the event happened.
    :param workspace: where the id of the workspace is.
    :param user: where the id of the user is.
    :param volatile: what may differ between two deliveries of one event, so that it tells nothing about it.

    ``Reading(type="meta.kind", volatile=("token", "meta.retry"))``
    """

    type: str | None = None
    id: str | None = None
    time: str | None = None
    workspace: str | None = None
    user: str | None = None
    volatile: tuple[str, ...] = VOLATILE_FIELDS

    def __post_init__(self) -> None:
        """Check the paths.

        :raises ValueError: if one is not a dotted path.
        """
        for name in PLACES:
            path = getattr(self, name)
            if path is not None and not is_path(path):
                msg = f"{name}: {path!r} is not a dotted path such as 'meta.kind'."
                raise ValueError(msg)
        for path in self.volatile:
            if not is_path(path):
                msg = f"volatile: {path!r} is not a dotted path such as 'meta.retry'."
                raise ValueError(msg)

    @classmethod
    def from_json(cls, value: Mapping[str, JSON]) -> Reading:
        """Read what :meth:`to_json` wrote."""
        given = {name: tuple(said) if isinstance(said, list) else said for name, said in value.items()}
        return cls(**given)  # type: ignore[arg-type] # checked when it is made

    def to_json(self) -> dict[str, JSON]:
        """Return what differs from the usual, as strict JSON."""
        usual = asdict(USUAL)
        return {
            name: list(value) if isinstance(value, tuple) else value
            for name, value in asdict(self).items()
            if value != usual[name]
        }


PLACES = tuple(each.name for each in fields(Reading) if each.name != "volatile")
"""What a reading has a path for."""

USUAL = Reading()
"""What holds for an endpoint that says nothing."""
