"""The receiver that a good user writes: FastAPI and SQLAlchemy, a session and a commit for each delivery.

``uvicorn benchmarks.fastapi_handler:app`` with the SQLAlchemy URL of an SQLite file in ``HANDLER_DATABASE``.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import sqlite3
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from sqlalchemy import create_engine, event
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, sessionmaker

from benchmarks.load import SECRET, SIGNATURE


class Base(DeclarativeBase):
    """The tables."""


class Delivery(Base):
    """A delivery; a repeated one has the same id."""

    __tablename__ = "delivery"

    number: Mapped[int] = mapped_column(primary_key=True)
    event_id: Mapped[str] = mapped_column(unique=True)
    type: Mapped[str]
    received_at: Mapped[datetime]
    payload: Mapped[str]


engine = create_engine(os.environ["HANDLER_DATABASE"], connect_args={"timeout": 30})


@event.listens_for(engine, "connect")
def make_durable(connection: sqlite3.Connection, _: object) -> None:
    """Let a commit mean as much as it does in the event log."""
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")


Base.metadata.create_all(engine)
new_session: sessionmaker[Session] = sessionmaker(engine)
app = FastAPI()


@app.post("/hooks")
async def receive(request: Request) -> dict[str, str]:
    """Take a delivery."""
    body = await request.body()
    expected = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    if not hmac.compare_digest(request.headers.get(SIGNATURE, "").encode(), expected.encode()):
        raise HTTPException(401)
    payload: dict[str, Any] = json.loads(body)
    await run_in_threadpool(store, payload)
    return {"event_id": payload["event_id"]}


def store(payload: dict[str, Any]) -> None:
    """Store a delivery, unless it was stored before."""
    with new_session() as session:
        session.add(
            Delivery(
                event_id=payload["event_id"],
                type=payload["event"],
                received_at=datetime.now(UTC),
                payload=json.dumps(payload),
            )
        )
        try:
            session.commit()
        except IntegrityError:
            session.rollback()
