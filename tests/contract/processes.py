"""Several processes that start at the same moment, as receivers and tasks of one deployment do."""

import multiprocessing
import traceback

FRESH = multiprocessing.get_context("forkserver")
"""Processes that inherit nothing from the test, neither connections nor threads."""

# What every one of them would import otherwise: a process then starts in 0.04 s instead of 0.2 s.
OUTSIDE = ["alembic.autogenerate", "alembic.command", "hypothesis", "psutil", "psycopg", "pytest", "sqlalchemy"]
DIALECTS = ["sqlalchemy.dialects.postgresql.psycopg", "sqlalchemy.dialects.sqlite"]
FRESH.set_forkserver_preload([*OUTSIDE, *DIALECTS, "airflow_provider_webwork.events.log"])


class Together:
    """A function running once for each tuple of arguments, every run in a fresh process.

    ``with Together(append, [(url, 1), (url, 2)]) as processes: ... processes.results()``
    """

    def __init__(self, function, arguments):
        self._start = FRESH.Barrier(len(arguments))
        self._pipes, self._processes = [], []
        for each in arguments:
            receiving, sending = FRESH.Pipe(duplex=False)
            self._pipes.append(receiving)
            self._processes.append(FRESH.Process(target=_run, args=(self._start, sending, function, each)))

    def __enter__(self):
        for process in self._processes:
            process.start()
        return self

    def __exit__(self, *_):
        for process in self._processes:
            if process.is_alive():
                process.kill()
            process.join()
            process.close()

    @property
    def running(self):
        return any(process.is_alive() for process in self._processes)

    def results(self):
        """Return what each process returned, in order; fail with its traceback if it raised."""
        outcomes = [pipe.recv() for pipe in self._pipes]
        for process in self._processes:
            process.join()
        failures = [text for succeeded, text in outcomes if not succeeded]
        assert not failures, failures[0]
        return [result for _, result in outcomes]


def together(function, arguments):
    with Together(function, arguments) as processes:
        return processes.results()


def _run(start, sending, function, arguments):
    try:
        start.wait(timeout=60)
        outcome = (True, function(*arguments))
    except BaseException:  # noqa: BLE001 - it is reported in the parent process
        outcome = (False, traceback.format_exc())
    sending.send(outcome)
    sending.close()
