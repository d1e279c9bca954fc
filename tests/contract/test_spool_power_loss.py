"""A power loss takes nothing from the spool whose sender was told that it is kept."""

from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from airflow_provider_webwork.receiver.spool import Spool
from tests.contract import recorded_spooler
from tests.contract.power_loss import TOLD, Disk, record, recorder

FILE = "spool.db"


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return recorder(tmp_path_factory.mktemp("library"))


@pytest.fixture
def losses(library, tmp_path):
    """Spools deliveries, and yields what was told and what is left for each moment at which more could be lost."""

    def spool(deliveries, *, fault="none"):
        folder = tmp_path / "losable"
        folder.mkdir()
        arguments = [folder / FILE, folder / TOLD, str(deliveries), fault]
        disk = Disk()
        for step in record(library, folder, recorded_spooler.__name__, arguments):
            if step.kind == "s":
                yield set(disk.told), left(disk.left())
            disk.apply(step)
        assert len(disk.told) == deliveries
        yield set(disk.told), left(disk.left())

    return spool


def left(files):
    """Open what a power loss left and return the deliveries in it."""
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            Path(folder, name).write_bytes(content)
        spool = Spool(Path(folder, FILE), max_bytes=100_000_000)
        spool.open()
        keys = set()
        while page := spool.page():
            keys.update(each.arrival.event.payload["key"] for each in page)
            spool.remove([each.place for each in page])
        spool.close()
    return keys


@pytest.mark.timeout(900)
@pytest.mark.parametrize("deliveries", [100, pytest.param(1_000, marks=pytest.mark.heavy)])
def test_a_power_loss_at_any_moment_takes_nothing_that_was_told(losses, deliveries):
    assert all(told <= kept for told, kept in losses(deliveries))


@pytest.mark.parametrize("fault", ["synchronous=NORMAL", "synchronous=OFF", "acknowledges first"])
def test_a_power_loss_finds_out_a_spool_that_tells_success_too_early(losses, fault):
    assert any(told - kept for told, kept in losses(40, fault=fault))
