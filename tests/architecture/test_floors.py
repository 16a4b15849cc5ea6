"""The rule of floors bites."""

import pytest

from tests.architecture.caught import caught
from tests.architecture.rules import floors

SRC = "src/chargeplane"


@pytest.mark.parametrize(
    ("path", "statement", "said"),
    [
        ("ocpp/peer.py", "import chargeplane.runtime.clock", "go down only"),
        ("ocpp/peer.py", "from chargeplane import domain", "go down only"),
        ("ocpp/peer.py", "from ..domain import ids", "go down only"),
        ("runtime/links.py", "from chargeplane.csms.metering import v1", "go down only"),
        ("billing/bills.py", "from chargeplane.energy import plans", "go down only"),
        ("web/app.py", "import chargeplane.cli.main", "go down only"),
        ("domain/ids.py", "from chargeplane.ocpp import v16", "never sees a wire message"),
        ("insight/health.py", "from chargeplane.ocpp.v21 import x", "never sees a wire message"),
        ("csms/session.py", "from chargeplane.station import ev", "the other end of the wire"),
        ("station/fleet.py", "import chargeplane.csms", "the other end of the wire"),
        ("csms/metering/v1.py", "from chargeplane.csms.reservation import x", "reaches into block"),
        ("csms/metering/v1.py", "from chargeplane.csms import reservation", "reaches into block"),
        ("csms/metering/v1.py", "from ..reservation import service", "reaches into block"),
        ("station/der/v2.py", "from ..v2x.service import rules", "reaches into block"),
        ("__init__.py", "from chargeplane.ocpp import v16", "stays empty"),
    ],
)
def test_a_forbidden_import_is_caught(path: str, statement: str, said: str) -> None:
    source = f'"""Words."""\n\ndef late() -> None:\n    {statement}\n'
    (message,) = caught(floors.check, f"{SRC}/{path}", source)
    assert message.startswith("4: ")
    assert said in message


@pytest.mark.parametrize(
    ("path", "statement"),
    [
        ("ocpp/peer.py", "from chargeplane.ocpp import frames"),
        ("ocpp/peer.py", "from . import frames"),
        ("csms/metering/v1.py", "from chargeplane.ocpp import v16"),
        ("csms/metering/v1.py", "from chargeplane.csms.context import Context"),
        ("csms/metering/v1.py", "from . import service"),
        ("station/metering/v1.py", "from chargeplane.station.signals.life import Online"),
        ("csms/registry.py", "from chargeplane.csms.metering import service"),
        ("conformance/runner.py", "from chargeplane.station import Station"),
        ("cli/main.py", "from chargeplane import __version__"),
        ("__main__.py", "from chargeplane.cli import main"),
    ],
)
def test_an_import_that_goes_down_is_fine(path: str, statement: str) -> None:
    assert not caught(floors.check, f"{SRC}/{path}", statement)


def test_tests_and_tools_may_import_everything() -> None:
    assert not caught(floors.check, "tests/x.py", "from chargeplane import csms, station")


def test_a_new_folder_needs_a_floor() -> None:
    (message,) = caught(floors.check, f"{SRC}/gadgets/x.py", "")
    assert "gadgets/ stands on no floor" in message
