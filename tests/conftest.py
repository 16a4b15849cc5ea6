"""What all tests share: the seeds of hypothesis, and the database server of the run."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest
from xdist.remote import Producer

from chargeplane.runtime.store import Settings
from tests import databases
from tests.runtime.postgres import Cluster
from tests.spreading import Spreading

# The same examples in every run: a change is judged by what it changed, not by luck. To look for
# new ones, run a test with --hypothesis-profile=default. How long one example takes is for
# nobody to judge on a machine with much else to do.
hypothesis.settings.register_profile("steady", derandomize=True, print_blob=True, deadline=None)
hypothesis.settings.load_profile("steady")

# A browser, other people's programs, ours as whole processes, and servers that are killed, starved
# and attacked, take their time: `make test-long`.
LONG = tuple(
    Path(__file__).parent / name
    for name in (
        "browser",
        "cli/test_demonstration_lives.py",
        "cli/test_pki.py",
        "cli/test_serve.py",
        "cli/simulation/test_simulate.py",
        "faults",
        "interop",
    )
)


# All modules and tests stay to the end. To look through them for rubbish, again and again, took a
# quarter of the time of a run: they are read without collecting, and then left alone.
gc.disable()


def pytest_configure(config: pytest.Config) -> None:
    """Hypothesis asks the collector who holds its generator, and does not find what is frozen."""
    config.addinivalue_line(
        "filterwarnings",
        "ignore:It looks like `register_random`:hypothesis.errors.HypothesisWarning",
    )


def pytest_collection_finish() -> None:
    """From now on what tests leave behind is collected, and nothing else is looked at."""
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
    gc.enable()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Spreading:
    """In what pieces the workers get the tests; xdist asks, if there are workers."""
    return Spreading(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what `make test` leaves to `make test-long`."""
    for item in items:
        if any(place in (item.path, *item.path.parents) for place in LONG):
            item.add_marker("long")


@pytest.fixture(autouse=True, scope="session")
def no_settings_from_outside() -> Iterator[None]:
    """Programs that tests start refuse a setting that they do not know, such as CHARGEPLANE_SOAK.

    ``tests/soak.py`` has read it when the first test begins.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in [each for each in os.environ if each.startswith("CHARGEPLANE_")]:
            patch.delenv(name)
        yield


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


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that a test may copy."""
    return databases.sqlite_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
def postgres_template(postgres: Cluster) -> str:
    """The name of a database that a test may copy."""
    return databases.postgres_template(postgres)


@pytest.fixture
def settings(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A database with all tables and no rows, of either engine."""
    if engine == "sqlite":
        yield databases.copy_of(request.getfixturevalue("sqlite_template"), tmp_path)
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.create(request.getfixturevalue("postgres_template"))
    yield Settings(url)
    cluster.drop(url)


@pytest.fixture
def empty(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Settings]:
    """A database without a table, of either engine."""
    if engine == "sqlite":
        yield Settings(f"sqlite:///{tmp_path / 'empty.db'}")
        return
    cluster: Cluster = request.getfixturevalue("postgres")
    url = cluster.create()
    yield Settings(url)
    cluster.drop(url)
