"""The endpoints as the receiver knows them: all in memory, at most a second old."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from airflow_provider_webwork.errors import WebWorkLogUnavailableError
from airflow_provider_webwork.events.endpoint import Endpoint
from airflow_provider_webwork.receiver.outage import Outage
from airflow_provider_webwork.secrets import hash_key


class Directory:
    """Finds the endpoint of a callback key.

    Keys that are known stay known while the event log is away. A key that is not known waits for the endpoints to
    be read once more, because a Dag may have made it a moment ago; all who wait share that read.

    :param load: reads all endpoints; called in a thread.
    :param recall: returns the endpoints as they were at an earlier time, for a start without the event log; called in
        a thread.
    :param now: the clock that keys expire by.
    :param every: seconds between two reads.
    :param at_least: seconds between two reads when unknown keys ask for more.
    :param patience: seconds that an unknown key waits before the answer is that we cannot tell.
    """

    def __init__(
        self,
        load: Callable[[], Iterable[Endpoint]],
        *,
        now: Callable[[], datetime],
        recall: Callable[[], Iterable[Endpoint]] = tuple,
        every: float = 0.8,
        at_least: float = 0.1,
        patience: float = 5.0,
    ) -> None:
        self._load = load
        self._recall = recall
        self._now = now
        self._every = every
        self._at_least = at_least
        self._patience = patience
        self._endpoints: Sequence[Endpoint] = ()
        self._by_hash: Mapping[str, Endpoint] = {}
        self._outage = Outage("The endpoints cannot be read; deliveries with a key that is not known get 503")
        self._wanted = asyncio.Event()
        self._next_read: asyncio.Future[bool] | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def works(self) -> bool:
        """Whether the endpoints could be read a moment ago."""
        return self._task is not None and not self._outage.lasts

    @property
    def endpoints(self) -> Sequence[Endpoint]:
        """The endpoints, as they were read last."""
        return self._endpoints

    async def start(self) -> None:
        """Read the endpoints and go on doing so; an event log that is away is no error."""
        await self._read()
        if self._outage.lasts:
            self._know(await asyncio.to_thread(lambda: list(self._recall())))
        self._task = asyncio.create_task(self._keep_reading(), name="webwork-directory")

    async def stop(self) -> None:
        """Stop reading."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None
        waiting, self._next_read = self._next_read, None
        _tell(waiting, succeeded=False)

    async def find(self, key: str) -> Endpoint | None:
        """Return the endpoint that takes deliveries with this key now; ``None`` if there surely is none.

        :raises WebWorkLogUnavailableError: if the key is not known and the endpoints cannot be read.
        """
        key_hash = hash_key(key)
        endpoint = self._accepting(key_hash)
        if endpoint is None:
            await self._another_read()
            endpoint = self._accepting(key_hash)
        return endpoint

    def _accepting(self, key_hash: str) -> Endpoint | None:
        endpoint = self._by_hash.get(key_hash)
        return endpoint if endpoint is not None and endpoint.accepts(key_hash, at=self._now()) else None

    async def _another_read(self) -> None:
        # A read that is under way may have begun before the key was made: wait for the one after it.
        if self._task is not None:
            if self._next_read is None:
                self._next_read = asyncio.get_running_loop().create_future()
            read = self._next_read
            self._wanted.set()
            done, _ = await asyncio.wait([read], timeout=self._patience)
            if done and read.result():
                return
        raise WebWorkLogUnavailableError("The endpoints cannot be read right now. Try again later.")

    async def _keep_reading(self) -> None:
        while True:
            await asyncio.sleep(self._at_least)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._every - self._at_least):
                    await self._wanted.wait()
            await self._read()

    async def _read(self) -> None:
        self._wanted.clear()
        waiting, self._next_read = self._next_read, None
        succeeded = False
        try:
            self._know(await asyncio.to_thread(lambda: list(self._load())))
            self._outage.worked()
            succeeded = True
        except Exception as error:  # noqa: BLE001 - whatever broke, the next read may work; giving up would be for good
            self._outage.failed(error)
        finally:
            _tell(waiting, succeeded=succeeded)

    def _know(self, endpoints: Sequence[Endpoint]) -> None:
        self._endpoints = endpoints
        self._by_hash = {key_hash: endpoint for endpoint in endpoints for key_hash in endpoint.key_hashes}


def _tell(waiting: asyncio.Future[bool] | None, *, succeeded: bool) -> None:
    if waiting is not None and not waiting.done():
        waiting.set_result(succeeded)
