"""Which variables a virtual station has, with their 1.6 keys, defaults and limits.

Names and kinds are those of the appendices of 2.x and of chapter 9 of 1.6.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from chargeplane.ocpp.versions import Version
from chargeplane.station.device_model.feature_table import feature_rows
from chargeplane.station.device_model.standard_table import standard_rows
from chargeplane.station.device_model.variables import Kind, Mutability, Place, Rows, Variable
from chargeplane.station.inventory import EvseSpec, Inventory

__all__ = ["table"]

TABLES_MAX = 64
"""Tables that are kept for more stations of the same kind."""
_RW, _RO = Mutability.READ_WRITE, Mutability.READ_ONLY
_INT, _BOOL, _MEMBERS = Kind.INTEGER, Kind.BOOLEAN, Kind.MEMBERS
_DECIMAL = Kind.DECIMAL

_MEASURANDS = (
    "Energy.Active.Import.Register",
    "Energy.Active.Export.Register",
    "Power.Active.Import",
    "Power.Active.Export",
    "Power.Reactive.Import",
    "Power.Reactive.Export",
    "Current.Export",
    "Frequency",
    "Power.Offered",
    "Current.Import",
    "Voltage",
    "SoC",
)
_SAMPLED = "Energy.Active.Import.Register,Power.Active.Import,Current.Import,Voltage,SoC"
_REGISTER = "Energy.Active.Import.Register"
_POINTS = ("EVConnected", "Authorized", "PowerPathClosed", "EnergyTransfer")
_STATES = ("Available", "Occupied", "Reserved", "Unavailable", "Faulted")
_PROFILES = (
    "Core,FirmwareManagement,LocalAuthListManagement,RemoteTrigger,Reservation,SmartCharging"
)


@lru_cache(maxsize=TABLES_MAX)
def table(inventory: Inventory, version: Version = Version.V2_1) -> Rows:
    """All variables of stations of this inventory."""
    return Rows(_rows(inventory, version))


def _rows(inventory: Inventory, version: Version) -> Iterator[Variable]:
    yield from _authorization()
    yield from _metering()
    yield from _transactions()
    yield from _smart_charging()
    yield from _fixed(inventory)
    # 1.6 changes it with this key; 2.x by network profiles (A05).
    access = _RW if version is Version.V1_6 else _RO
    key = "SecurityProfile" if version is Version.V1_6 else None
    yield _row("SecurityCtrlr", "SecurityProfile", _INT, access, "0", key=key, least=0, most=3)
    yield from _hardware(inventory, version)
    yield from standard_rows(version)
    yield from feature_rows(inventory, version)


def _row(  # the columns of a table, in the order in which they are read
    component: str,
    variable: str,
    kind: Kind,
    mutability: Mutability,
    value: str,
    *,
    key: str | None = None,
    instance: str | None = None,
    choices: tuple[str, ...] = (),
    least: float | None = None,
    most: float | None = None,
    unit: str | None = None,
) -> Variable:
    return Variable(
        Place(component, variable, instance),
        value,
        kind,
        mutability,
        key,
        choices=choices,
        minimum=least,
        maximum=most,
        unit=unit,
    )


def _key(key: str, kind: Kind, mutability: Mutability, value: str) -> Variable:
    """A key that has no counterpart in 2.x."""
    return Variable(Place("", key), value, kind, mutability, key, only_1x=True)


def _authorization() -> Iterator[Variable]:
    auth = "AuthCtrlr"
    yield _row(auth, "Enabled", _BOOL, _RW, "true")
    yield _row(auth, "AuthorizeRemoteStart", _BOOL, _RW, "false", key="AuthorizeRemoteTxRequests")
    yield _row(auth, "LocalAuthorizeOffline", _BOOL, _RW, "true", key="LocalAuthorizeOffline")
    yield _row(auth, "LocalPreAuthorize", _BOOL, _RW, "false", key="LocalPreAuthorize")
    yield _row(
        auth,
        "OfflineTxForUnknownIdEnabled",
        _BOOL,
        _RW,
        "false",
        key="AllowOfflineTxForUnknownId",
    )
    yield _row("AuthCacheCtrlr", "Enabled", _BOOL, _RW, "true", key="AuthorizationCacheEnabled")
    yield _row("AuthCacheCtrlr", "Available", _BOOL, _RO, "true")


def _metering() -> Iterator[Variable]:
    sampled, aligned = "SampledDataCtrlr", "AlignedDataCtrlr"
    yield _row(
        sampled,
        "TxUpdatedInterval",
        _INT,
        _RW,
        "60",
        key="MeterValueSampleInterval",
        least=0,
        unit="s",
    )
    yield _row(sampled, "TxEndedInterval", _INT, _RW, "0", least=0, unit="s")
    yield _row(
        aligned, "Interval", _INT, _RW, "0", key="ClockAlignedDataInterval", least=0, unit="s"
    )
    yield _row(aligned, "TxEndedInterval", _INT, _RW, "0", least=0, unit="s")
    for component, variable, key, value in (
        (sampled, "TxUpdatedMeasurands", "MeterValuesSampledData", _SAMPLED),
        (sampled, "TxEndedMeasurands", "StopTxnSampledData", _REGISTER),
        (sampled, "TxStartedMeasurands", None, _REGISTER),
        (aligned, "Measurands", "MeterValuesAlignedData", _REGISTER),
        (aligned, "TxEndedMeasurands", "StopTxnAlignedData", ""),
    ):
        yield _row(component, variable, _MEMBERS, _RW, value, key=key, choices=_MEASURANDS)


def _transactions() -> Iterator[Variable]:
    tx = "TxCtrlr"
    start, stop = "EVConnected,Authorized", "EVConnected,Authorized"
    yield _row(
        tx, "EVConnectionTimeOut", _INT, _RW, "120", key="ConnectionTimeOut", least=1, unit="s"
    )
    yield _row(tx, "TxStartPoint", _MEMBERS, _RW, start, choices=_POINTS)
    yield _row(tx, "TxStopPoint", _MEMBERS, _RW, stop, choices=_POINTS)
    yield _row(
        tx,
        "StopTxOnEVSideDisconnect",
        _BOOL,
        _RW,
        "true",
        key="StopTransactionOnEVSideDisconnect",
    )
    yield _row(tx, "StopTxOnInvalidId", _BOOL, _RW, "true", key="StopTransactionOnInvalidId")


def _smart_charging() -> Iterator[Variable]:
    smart, entries_max = "SmartChargingCtrlr", 100
    yield _row(smart, "Enabled", _BOOL, _RW, "true")
    yield _row(smart, "Available", _BOOL, _RO, "true")
    yield _row(smart, "ProfileStackLevel", _INT, _RO, "10", key="ChargeProfileMaxStackLevel")
    yield _row(smart, "PeriodsPerSchedule", _INT, _RO, "100", key="ChargingScheduleMaxPeriods")
    yield _row(smart, "Phases3to1", _BOOL, _RO, "true", key="ConnectorSwitch3to1PhaseSupported")
    yield _row(smart, "RateUnit", _MEMBERS, _RO, "A,W", choices=("A", "W"))
    yield _row(smart, "Entries", _INT, _RO, "0", instance="ChargingProfiles", most=entries_max)
    yield _key("ChargingScheduleAllowedChargingRateUnit", _MEMBERS, _RO, "Current,Power")
    yield _key("MaxChargingProfilesInstalled", _INT, _RO, str(entries_max))
    yield _row("ClockCtrlr", "TimeZone", Kind.STRING, _RW, "", most=64)


def _fixed(inventory: Inventory) -> Iterator[Variable]:
    yield _key("NumberOfConnectors", _INT, _RO, str(len(inventory.evses)))
    yield _key("SupportedFeatureProfiles", _MEMBERS, _RO, _PROFILES)
    yield _key("GetConfigurationMaxKeys", _INT, _RO, "100")
    yield _key("ConnectorPhaseRotation", Kind.STRING, _RW, "NotApplicable")
    for message in ("GetReport", "GetVariables", "SetVariables"):
        yield _row("DeviceDataCtrlr", "ItemsPerMessage", _INT, _RO, "50", instance=message)
        yield _row("DeviceDataCtrlr", "BytesPerMessage", _INT, _RO, "65536", instance=message)
    yield _row(
        "SecurityCtrlr", "OrganizationName", Kind.STRING, _RW, "chargeplane", key="CpoName", most=64
    )
    yield _row("SecurityCtrlr", "Identity", Kind.STRING, _RO, "", most=48)
    yield _row("SecurityCtrlr", "CertificateEntries", _INT, _RO, "0")
    yield _row("ClockCtrlr", "DateTime", Kind.DATE_TIME, _RO, "")
    yield _row("ClockCtrlr", "TimeSource", Kind.SEQUENCE, _RO, "Heartbeat")
    station = "ChargingStation"
    yield _row(station, "Available", _BOOL, _RO, "true")
    yield _row(station, "AvailabilityState", Kind.OPTION, _RO, "Available", choices=_STATES)
    yield _row(station, "Problem", _BOOL, _RO, "false")
    yield _row(station, "Model", Kind.STRING, _RO, inventory.model)
    yield _row(station, "VendorName", Kind.STRING, _RO, inventory.vendor)
    yield _row(station, "FirmwareVersion", Kind.STRING, _RO, inventory.firmware_version)
    phases = max((each.phases for each in inventory.evses), default=0)
    yield _row(station, "SupplyPhases", _INT, _RO, str(phases or 3))


def _hardware(inventory: Inventory, version: Version) -> Iterator[Variable]:
    for evse_id, evse in enumerate(inventory.evses, 1):
        yield from _at("EVSE", evse, evse_id, None)
        more = (
            Variable(Place("EVSE", "AllowReset", evse_id=evse_id), "true", _BOOL),
            Variable(
                Place("EVSE", "Power", evse_id=evse_id),
                "0",
                _DECIMAL,
                maximum=evse.power_w_max,
                unit="W",
            ),
            Variable(
                Place("FiscalMetering", "EnergyImport", evse_id=evse_id), "0", _DECIMAL, unit="Wh"
            ),
        )
        yield from more
        if version is Version.V2_1:
            for name in ("ChargingState", "ActiveTransactionId"):
                yield Variable(Place("EVSE", name, evse_id=evse_id))
        for connector_id, type_ in enumerate(evse.connector_types, 1):
            yield from _at("Connector", evse, evse_id, connector_id)
            place = Place("Connector", "ConnectorType", evse_id=evse_id, connector_id=connector_id)
            yield Variable(place, type_)


def _at(
    component: str, evse: EvseSpec, evse_id: int, connector_id: int | None
) -> Iterator[Variable]:
    """What every EVSE and every connector has."""
    for name, kind, value, choices in (
        ("Available", _BOOL, "true", ()),
        ("AvailabilityState", Kind.OPTION, "Available", _STATES),
        ("Problem", _BOOL, "false", ()),
        ("SupplyPhases", _INT, str(evse.phases or 3), ()),
    ):
        place = Place(component, name, evse_id=evse_id, connector_id=connector_id)
        yield Variable(place, value, kind, choices=choices)
