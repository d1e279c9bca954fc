"""A process that writes to the log while what it does to its files is recorded: ``URL TOLD EVENTS FAULT``."""

import os
import sys

import sqlalchemy as sa

from airflow_provider_webwork.events.log import EventLog
from airflow_provider_webwork.events.store import Store
from tests.contract.appending import writing
from tests.contract.sending import Senders, acknowledging_first

if __name__ == "__main__":
    url, told, events, fault = sys.argv[1:]
    told = os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    store = Store(url)
    if fault.startswith("synchronous="):
        sa.event.listen(store._engine, "connect", lambda connection, _: connection.execute(f"PRAGMA {fault}"))
    append = EventLog(store).append
    if fault == "acknowledges first":
        append = acknowledging_first(append)
    with writing(append) as appender:
        keys = map(str, range(int(events)))
        # Few that wait make many commits.
        Senders(appender, keys, tell=lambda key: os.write(told, f"{key}\n".encode()), in_flight=4).run()
    store.close()
