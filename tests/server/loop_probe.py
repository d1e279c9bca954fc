"""Triggers for a triggerer that is looked at: one notes how late the event loop comes back to it, one only waits."""

import asyncio
import json
import os
import time
from pathlib import Path

from airflow.triggers.base import BaseTrigger

TICK = 0.01
EVERY = 100
"""After how many ticks it writes down what it saw."""

FILE = Path(os.environ.get("AIRFLOW_HOME", ".")) / "loop.jsonl"


class LoopProbe(BaseTrigger):
    def serialize(self):
        return "loop_probe.LoopProbe", {}

    async def run(self):
        while True:
            late = [await tick() for _ in range(EVERY)]
            line = json.dumps({"at": time.time(), "late": late})
            await asyncio.to_thread(append, line)
        yield  # makes it a generator, as Airflow wants it


class Idle(BaseTrigger):
    """What Airflow alone does with a trigger.

    :param member: makes it another one than the rest: Airflow runs equal ones once.
    """

    def __init__(self, *, member):
        super().__init__()
        self.member = member

    def serialize(self):
        return "loop_probe.Idle", {"member": self.member}

    async def run(self):
        await asyncio.Event().wait()
        yield


async def tick():
    began = time.monotonic()
    await asyncio.sleep(TICK)
    return time.monotonic() - began - TICK


def append(line):
    with FILE.open("a") as file:
        file.write(f"{line}\n")
