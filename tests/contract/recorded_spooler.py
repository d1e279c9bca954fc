"""A process that spools deliveries while what it does to its files is recorded: ``PATH TOLD DELIVERIES FAULT``."""

import os
import sys
from pathlib import Path

import sqlalchemy as sa

from airflow_provider_webwork.receiver.spool import Spool
from tests.contract.appending import writing
from tests.contract.sending import Senders, acknowledging_first

if __name__ == "__main__":
    path, told, deliveries, fault = sys.argv[1:]
    told = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    spool = Spool(Path(path), max_bytes=100_000_000)
    if fault.startswith("synchronous="):
        sa.event.listen(spool.store._engine, "connect", lambda connection, _: connection.execute(f"PRAGMA {fault}"))
    spool.open()
    append = acknowledging_first(spool.append) if fault == "acknowledges first" else spool.append
    with writing(append) as appender:
        keys = map(str, range(int(deliveries)))
        # Few that wait make many commits.
        Senders(appender, keys, tell=lambda key: os.write(told, f"{key}\n".encode()), in_flight=4).run()
    spool.close()
