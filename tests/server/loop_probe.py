"""A trigger that notes how late the event loop of its triggerer comes back to it."""

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


async def tick():
    began = time.monotonic()
    await asyncio.sleep(TICK)
    return time.monotonic() - began - TICK


def append(line):
    with FILE.open("a") as file:
        file.write(f"{line}\n")
