"""The rule of units bites."""

import pytest

from tests.architecture.caught import caught
from tests.architecture.rules import units

PATH = "src/chargeplane/runtime/links.py"


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("class Settings:\n    timeout: float", "timeout leaves its unit open; end the name in _s"),
        ("class Settings:\n    ping_interval: int | None = None", "ping_interval"),
        ("class Meter:\n    energy: Decimal", "_wh"),
        ("def steer(*,\n    power: 'Decimal | None') -> None: ...", "_w or _kw"),
        ("from typing import Final\nCALL_TIMEOUT: Final[float] = 30.0", "CALL_TIMEOUT"),
        ("from typing import Final\nQUEUE_SIZE = 100", "_max for a bound"),
        ("class Plug:\n    current: Annotated[float, Meta(ge=0)]", "_a"),
        ("@property\ndef voltage(self) -> float: ...", "_v"),
    ],
)
def test_a_number_without_a_unit_is_caught(source: str, said: str) -> None:
    (message,) = caught(units.check, PATH, source)
    assert message.startswith("2: ")
    assert said in message


@pytest.mark.parametrize(
    "source",
    [
        "class Settings:\n    timeout_s: float\n    energy_wh: Decimal\n    limit_a_max: float",
        "class Settings:\n    timeout: timedelta\n    power: Power",
        "class Settings:\n    _timeout: float",
        "def current() -> int: ...",
        "QUEUE_MAX = 100",
        "limit: ChargingLimit | None = None",
    ],
)
def test_a_number_with_a_unit_and_a_typed_quantity_are_fine(source: str) -> None:
    assert not caught(units.check, PATH, source)


def test_names_on_the_wire_are_not_ours_to_change() -> None:
    path = "src/chargeplane/ocpp/v21/types.py"
    assert not caught(units.check, path, "class Period:\n    limit: float")
