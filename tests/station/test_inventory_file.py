"""The file that describes a station."""

from __future__ import annotations

from pathlib import Path

import pytest

from chargeplane.ocpp import v16
from chargeplane.ocpp.versions import Version
from chargeplane.station.device_model.feature_table import feature_rows
from chargeplane.station.inventory import EvseSpec, Inventory
from chargeplane.station.inventory_file import InventoryFault, read_inventory
from tests.station.stage import Stage

FULL = """
[station]
vendor = "Example"
model = "Mixed 3"
serial_number = "EX-1"
firmware_version = "4.2"

[[evse]]
power_w = 11_000
phases = 3
current_a = 16
meter = { serial_number = "M-1", type = "EM340", register_wh = 123_456 }

[[evse.connector]]
type = "cType2"

[[evse.connector]]
type = "sType2"

[[evse]]
current = "DC"
power_w = 150_000
voltage_v = 800

[[evse.connector]]
type = "cCCS2"

[variables]
HeartbeatInterval = 77
"TxCtrlr.TxStartPoint" = "Authorized"
"AuthCtrlr.LocalPreAuthorize" = true
"""

MANY_VARIABLES = "[[evse]]\n[variables]\n" + "\n".join(f"v{n} = 1" for n in range(1_001))


def read(tmp_path: Path, text: str) -> Inventory:
    path = tmp_path / "station.toml"
    path.write_text(text)
    return read_inventory(path)


def test_everything_that_a_station_is_built_of_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, FULL) == Inventory(
        "Example",
        "Mixed 3",
        "EX-1",
        "4.2",
        (
            EvseSpec(11_000, 3, 230.0, ("cType2", "sType2"), "M-1", "EM340", 123_456),
            EvseSpec(150_000, 0, 800, ("cCCS2",)),
        ),
        (
            ("HeartbeatInterval", "77"),
            ("TxCtrlr.TxStartPoint", "Authorized"),
            ("AuthCtrlr.LocalPreAuthorize", "true"),
        ),
    )


def test_what_an_evse_can_take_back_is_known_and_said(tmp_path: Path) -> None:
    text = "[[evse]]\ncurrent = 'DC'\npower_w = 50_000\ndischarge_w = 10_000\n[[evse]]\n"
    found = read(tmp_path, text)
    assert [each.discharge_w_max for each in found.evses] == [10_000, 0]
    plates = {
        (each.place.component, each.place.variable, each.place.evse_id): each.value
        for each in feature_rows(found, Version.V2_1)
    }
    assert plates["DCDERCtrlr", "MaxW", 1] == "10000"
    enabled = [plates["V2XChargingCtrlr", "Enabled", evse_id] for evse_id in (1, 2)]
    assert enabled == ["true", "false"]


def test_what_is_left_out_is_usual(tmp_path: Path) -> None:
    found = read(tmp_path, "[[evse]]\n[[evse]]\nphases = 1\n[[evse]]\ncurrent_a = 32\n")
    assert found.evses[0] == EvseSpec()
    assert found.evses[1].power_w_max == pytest.approx(22_000 / 3)
    assert found.evses[2].power_w_max == 32 * 230 * 3
    assert found.vendor == Inventory().vendor


def test_a_station_is_built_and_introduces_itself_as_the_file_says(tmp_path: Path) -> None:
    stage = Stage("1.6", inventory=read(tmp_path, FULL)).connect()
    (boot,) = stage.central.all(v16.BootNotificationRequest)
    assert (boot.charge_point_vendor, boot.charge_point_model) == ("Example", "Mixed 3")
    assert (boot.meter_serial_number, boot.meter_type) == ("M-1", "EM340")
    assert stage.core.evse(1).register_wh == 123_456
    assert stage.core.variables.text("TxCtrlr", "TxStartPoint") == "Authorized"


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "evse: must be there 1 to 64 times"),
        ("[[evse]]\n" * 65, "evse: must be there 1 to 64 times"),
        ("evse = 3", "evse: must be tables"),
        ("station = 3\n[[evse]]", "station: must be a table"),
        ("colour = 'red'\n[[evse]]", "colour: is no key of an inventory"),
        ("[[evse]]\npower_kw = 11", r"evse\[1\].power_kw: is no key"),
        ("[[evse]]\n[[evse]]\npower_w = 'much'", r"evse\[2\].power_w: must be a number"),
        ("[[evse]]\npower_w = true", r"evse\[1\].power_w: must be a number"),
        ("[[evse]]\npower_w = nan", r"evse\[1\].power_w: must be a number"),
        ("[[evse]]\nphases = 4", r"evse\[1\].phases: must be one of 1, 2, 3, not 4"),
        ("[[evse]]\nphases = true", r"evse\[1\].phases: must be one of"),
        ("[[evse]]\ncurrent = 'DC'\nphases = 3", r"evse\[1\].phases: is no key"),
        ("[[evse]]\npower_w = 22000\ncurrent_a = 16", r"evse\[1\].power_w: is more than 16 amp"),
        ("[[evse]]\ndischarge_w = 12000\ncurrent_a = 16", r"evse\[1\].discharge_w: is more than"),
        ("[[evse]]\nmeter = 5", r"evse\[1\].meter: must be a table"),
        ("[[evse]]\nmeter = {size = 1}", r"evse\[1\].meter.size: is no key"),
        ("[[evse]]\n[[evse.connector]]\ntype = ''", r"evse\[1\].connector\[1\].type: must be"),
        ("[[evse]]\n[[evse.connector]]\nkind = 'x'", r"connector\[1\].kind: is no key"),
        (
            f"[station]\nvendor = '{'x' * 21}'\n[[evse]]",
            "station.vendor: must be a text",
        ),
        ("[[evse]]\n[variables]\nNothing = 1", "variables.Nothing: the station has no Nothing"),
        ("[[evse]]\n[variables]\nHeartbeatInterval = 0", "variables.HeartbeatInterval: "),
        ("[[evse]]\n[variables]\nX = [1]", "variables.X: must be a text"),
        ("[[evse]]\n" + "[[evse.connector]]\n" * 9, r"evse\[1\].connector: must be there 1 to 8"),
        (
            "[[evse]]\n[variables]\n" + "\n".join(f"v{n} = 1" for n in range(1_001)),
            "variables: are more",
        ),
        ("[[evse", "Expected"),
    ],
    ids=lambda each: each[:40],
)
def test_each_fault_names_the_file_and_the_key(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(InventoryFault, match=rf"station\.toml: .*{fault}"):
        read(tmp_path, text)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InventoryFault) as found:
        read(tmp_path, "a = 1\nb = 2\n[[evse]]\nphases = 9\n")
    assert len(str(found.value).splitlines()) == 3


def test_a_file_that_is_not_there_or_too_long_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InventoryFault, match="nowhere"):
        read_inventory(tmp_path / "nowhere")
    with pytest.raises(InventoryFault, match="longer"):
        read(tmp_path, "#" * 1_000_001)
