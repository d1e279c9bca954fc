"""Ten thousand deferred sensors on one triggerer."""

import sys

import pytest

from tests.server.full_triggerer import blocked_by_airflow, measured


@pytest.mark.heavy
@pytest.mark.timeout(1_800)
@pytest.mark.parametrize("count", [10_000])
def test_a_full_triggerer_wakes_the_right_sensors_and_asks_the_log_twice_a_second(count, capsys):
    found, by_airflow = measured(count), blocked_by_airflow(count)
    with capsys.disabled():
        sys.stdout.write(
            f"\n{count} sensors: all wait after {found.loaded:.0f} s, {found.queries:.1f} queries a second, event loop "
            f"late p99 {found.p99 * 1000:.0f} ms, at most {max(found.late) * 1000:.0f} ms, memory "
            f"{', '.join(f'{each:.0f} MB' for each in found.memory)}, {len(found.awaited)} woken in "
            f"{found.woken_in:.1f} s; {found.blocked}, of triggers that only wait {by_airflow}\n"
        )
    assert found.woken == found.awaited
    assert found.queries <= 2
    # Python's full garbage collection stops a triggerer of that size for half a second, every 40 s, whichever
    # triggers it has; waking may bring it on once or twice more.
    assert found.blocked.after <= by_airflow.after + 2
    # Airflow blocks its event loop when it starts so many triggers; a sensor that did so, too, would double that.
    assert found.blocked.starting <= 1.5 * by_airflow.starting
