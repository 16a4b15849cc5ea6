"""What all tests share: the seeds of hypothesis, and the database server of the run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.runtime.postgres import Cluster

# The same examples in every run: a change is judged by what it changed, not by luck. To look for
# new ones, run a test with --hypothesis-profile=default.
settings.register_profile("steady", derandomize=True, print_blob=True)
settings.load_profile("steady")

# A browser, and servers that are killed, starved and attacked, take their time: `make test-long`.
LONG = (Path(__file__).parent / "browser", Path(__file__).parent / "faults")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test` leaves to `make test-long`."""
    for item in items:
        if any(folder in item.path.parents for folder in LONG):
            item.add_marker("long")


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """One folder for the whole run, however many workers it has."""
    base = tmp_path_factory.getbasetemp()
    return base if worker_id == "master" else base.parent


@pytest.fixture(scope="session")
def postgres(shared_folder: Path) -> Iterator[Cluster]:
    """The server of the run: the first worker starts it, the last one stops it."""
    cluster = Cluster(shared_folder / "postgres")
    yield cluster
    cluster.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)
