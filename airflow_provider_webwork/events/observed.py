"""What receivers saw of endpoints: how many deliveries came, and what of their proofs held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from airflow_provider_webwork.events import schema
from airflow_provider_webwork.events.endpoint import VERIFIED, Sighting, Tried, Uses

MOST_OBSERVED = 100
"""How many different outcomes are counted for an endpoint: whoever knows its key may send any number of headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ObservedProof:
    """How a proof fared at an endpoint.

    :param proof: its settings as JSON, or ``key`` for the key in the callback URL.
    :param outcome: ``verified``, or the code of the reason why not.
    :param verified_with: the id of the secret or key that it was verified with; empty if it was not.
    :param deliveries: how many deliveries it was tried on with this outcome.
    """

    proof: str
    outcome: str
    verified_with: str
    deliveries: int
    last_at: datetime

    @property
    def verified(self) -> bool:
        """Whether the proof held."""
        return self.outcome == VERIFIED


def observed(connection: sa.Connection, endpoint: str) -> list[ObservedProof]:
    """Return what came of the proofs that deliveries to an endpoint carried, the most frequent first."""
    table = schema.observed_proof
    order = (table.c.deliveries.desc(), table.c.proof, table.c.outcome, table.c.secret)
    return [
        ObservedProof(
            proof=row.proof,
            outcome=row.outcome,
            verified_with=row.secret,
            deliveries=row.deliveries,
            last_at=row.last_at,
        )
        for row in connection.execute(sa.select(table).where(table.c.endpoint == endpoint).order_by(*order))
    ]


def record(connection: sa.Connection, sightings: Mapping[str, Sighting]) -> None:
    """Add what a receiver saw to the endpoints; of several receivers the latest sighting counts.

    The caller holds the lock of the endpoints, because two receivers may see the same for the first time.
    """
    table = schema.endpoint
    for name, seen in sightings.items():
        values: dict[str, object] = {"deliveries": table.c.deliveries + seen.deliveries}
        for column in (table.c.last_delivery_at, table.c.last_probe_at, table.c.last_marked_at):
            if (moment := getattr(seen, column.name)) is not None:
                values[column.name] = _later(column, moment)
        known = connection.execute(table.update().where(table.c.name == name).values(values)).rowcount
        if known and seen.tried:
            _count(connection, name, seen.tried)


def forget(connection: sa.Connection, endpoint: str, *, ids: Sequence[str]) -> None:
    """Forget what some keys and secrets of an endpoint were good for."""
    table = schema.observed_proof
    connection.execute(table.delete().where(table.c.endpoint == endpoint, table.c.secret.in_(ids)))


def _count(connection: sa.Connection, endpoint: str, tried: Mapping[Tried, Uses]) -> None:
    table = schema.observed_proof
    room = MOST_OBSERVED - (
        connection.scalar(sa.select(sa.func.count()).select_from(table).where(table.c.endpoint == endpoint)) or 0
    )
    for (proof, outcome, verified_with), uses in tried.items():
        place = {"endpoint": endpoint, "proof": proof, "outcome": outcome, "secret": verified_with}
        values = {"deliveries": table.c.deliveries + uses.times, "last_at": _later(table.c.last_at, uses.last_at)}
        updated = connection.execute(
            table.update().where(*(table.c[name] == value for name, value in place.items())).values(values)
        )
        if not updated.rowcount and room > 0:
            connection.execute(table.insert().values(**place, deliveries=uses.times, last_at=uses.last_at))
            room -= 1


def _later(column: sa.Column[datetime], moment: datetime) -> sa.ColumnElement[datetime]:
    known = sa.type_coerce(moment, column.type)
    return sa.case((column > known, column), else_=known)
