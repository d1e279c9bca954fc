"""Processes that are killed at any moment and started again, as tasks and receivers are."""

from tests.contract.processes import FRESH

PATIENCE = 120


class Restarting:
    """A function that runs in one process for each name; it writes what it did to a file, line by line.

    :param function: called with the path of that file, then with the arguments of the name.
    """

    def __init__(self, folder, function, arguments):
        self._folder, self._function, self._arguments = folder, function, arguments
        self._processes = {}

    def __enter__(self):
        for name in self._arguments:
            self._start(name)
        return self

    def __exit__(self, *_):
        for process in self._processes.values():
            process.kill()
            process.join()
            process.close()

    def kill(self, name):
        """Kill one and start it again."""
        process = self._processes[name]
        process.kill()
        process.join()
        process.close()
        self._start(name)

    def join(self):
        """Wait until all have returned; how long that may take is for the time limit of the test to say."""
        for name, process in self._processes.items():
            process.join()
            assert process.exitcode == 0, f"{name} failed"

    def lines(self, name):
        """Return what a process has written."""
        return lines(self._path(name))

    def _path(self, name):
        return self._folder / str(name)

    def _start(self, name):
        process = FRESH.Process(target=self._function, args=(self._path(name), *self._arguments[name]))
        process.start()
        self._processes[name] = process


def lines(path):
    """Return the words of each line of a file; none if it is not there."""
    return [line.split() for line in path.read_text().splitlines()] if path.exists() else []
