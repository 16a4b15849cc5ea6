"""More rows of the device model: energy, firmware, screens and payment."""

from __future__ import annotations

from collections.abc import Iterator

from chargeplane.ocpp.versions import Version
from chargeplane.station.device_model.standard_table import rows_of
from chargeplane.station.device_model.variables import Kind, Mutability, Place, Variable
from chargeplane.station.inventory import EvseSpec, Inventory

__all__ = ["DER_MODES", "OPERATION_MODES", "feature_rows"]

OPERATION_MODES = (
    "Idle",
    "ChargingOnly",
    "CentralSetpoint",
    "ExternalSetpoint",
    "ExternalLimits",
    "CentralFrequency",
    "LocalFrequency",
    "LocalLoadBalancing",
)
DER_MODES = (
    "EnterService",
    "FreqDroop",
    "FreqWatt",
    "FixedPFAbsorb",
    "FixedPFInject",
    "FixedVar",
    "HFMustTrip",
    "HVMustTrip",
    "LFMustTrip",
    "LVMustTrip",
    "LimitMaxDischarge",
    "VoltVar",
    "VoltWatt",
    "WattPF",
    "WattVar",
)

# The columns are those of standard_table.
_TABLE = """
AlignedDataCtrlr | SignReadings | | boolean | RW | false
BatterySwapCtrlr | IdToken | | string | RW | | | ..255 | | | 2.1
BatterySwapCtrlr | MaxSoc | | integer | RW | 100 | | 0..100 | Percent | | 2.1
BatterySwapCtrlr | TargetSoC | | integer | RW | 80 | | 0..100 | Percent | | 2.1
BatterySwapCtrlr | Timeout | In | integer | RW | 60 | | 1.. | s | | 2.1
BatterySwapCtrlr | Timeout | Out | integer | RW | 60 | | 1.. | s | | 2.1
ChargingStation | AllowNewSessionsPendingFirmwareUpdate | | boolean | RW | false
DisplayMessageCtrlr | Available | | boolean | RO | true
DisplayMessageCtrlr | Enabled | | boolean | RW | true
DisplayMessageCtrlr | DisplayMessages | | integer | RO | 0 | | 0..20
DisplayMessageCtrlr | Language | | OptionList | RW | en | | | | en,de,nl
DisplayMessageCtrlr | SupportedFormats | | MemberList | RO | ASCII,URI,UTF8,QRCODE | | | | ASCII,HTML,URI,UTF8,QRCODE
DisplayMessageCtrlr | SupportedPriorities | | MemberList | RO | AlwaysFront,InFront,NormalCycle
DisplayMessageCtrlr | SupportedStates | | MemberList | RO | Charging,Faulted,Idle,Unavailable,Suspended,Discharging
OCPPCommCtrlr | PublicKeyWithSignedMeterValue | | OptionList | RW | OncePerTransaction | | | | Never,OncePerTransaction,EveryMeterValue
PaymentCtrlr | AuthorizationAmount | | decimal | RW | 50 | | 0.. | | | 2.1
PaymentCtrlr | AuthorizeDirectPayment | | boolean | RW | false | | | | | 2.1
PaymentCtrlr | Enabled | | boolean | RW | true | | | | | 2.1
PaymentCtrlr | IncrementalAuthorizationAmount | | decimal | RW | 0 | | 0.. | | | 2.1
PaymentCtrlr | IncrementalAuthorizationThreshold | | decimal | RW | 0 | | 0.. | | | 2.1
PaymentCtrlr | Problem | | boolean | RO | false | | | | | 2.1
PaymentCtrlr | ReceiptByCSMS | | boolean | RW | true | | | | | 2.1
PaymentCtrlr | ReceiptServerUrl | | string | RW | https://receipts.example/ | | ..512 | | | 2.1
PaymentCtrlr | SettlementByCSMS | | boolean | RW | false | | | | | 2.1
SampledDataCtrlr | SignReadings | | boolean | RW | false | SampledDataSignReadings
SampledDataCtrlr | SignStartedReadings | | boolean | RW | true | SampledDataSignStartedReadings
SampledDataCtrlr | SignUpdatedReadings | | boolean | RW | false | SampledDataSignUpdatedReadings
SmartChargingCtrlr | ExternalControlSignalsEnabled | | boolean | RW | true
SmartChargingCtrlr | ExternalConstraintsProfileDisallowed | | boolean | RW | false | | | | | 2.1
SmartChargingCtrlr | MaxExternalConstraintsId | | integer | RO | -1 | | | | | 2.1
SmartChargingCtrlr | SetpointPriority | | OptionList | RW | ExternalControl | | | | ExternalControl,CSMS | 2.1
SmartChargingCtrlr | SupportedAdditionalPurposes | | MemberList | RO | PriorityCharging,LocalGeneration | | | | | 2.1
SmartChargingCtrlr | SupportsDynamicProfiles | | boolean | RO | true | | | | | 2.1
SmartChargingCtrlr | SupportsEvseSleep | | boolean | RO | false | | | | | 2.1
SmartChargingCtrlr | SupportsLimitAtSoC | | boolean | RO | true | | | | | 2.1
SmartChargingCtrlr | SupportsMaxOfflineDuration | | boolean | RO | true | | | | | 2.1
SmartChargingCtrlr | SupportsRandomizedDelay | | boolean | RO | true | | | | | 2.1
SmartChargingCtrlr | SupportsUseLocalTime | | boolean | RO | true | | | | | 2.1
TariffCostCtrlr | Available | Cost | boolean | RO | true
TariffCostCtrlr | Available | Tariff | boolean | RO | true
TariffCostCtrlr | ConditionsSupported | Tariff | boolean | RO | true | | | | | 2.1
TariffCostCtrlr | Currency | | string | RW | EUR | | ..3
TariffCostCtrlr | Enabled | Cost | boolean | RW | true
TariffCostCtrlr | Enabled | RunningCost | boolean | RW | true | | | | | 2.1
TariffCostCtrlr | Enabled | Tariff | boolean | RW | true
TariffCostCtrlr | HandleFailedTariff | Tariff | OptionList | RW | UseDefaultTariff | | | | Deauthorize,UseDefaultTariff,CentralCost | 2.1
TariffCostCtrlr | Interval | Cost | integer | RW | 0 | | 0.. | s | | 2.1
TariffCostCtrlr | Interval | Tariff | integer | RW | 0 | | 0.. | s | | 2.1
TariffCostCtrlr | MaxElements | Tariff | integer | RO | 40 | | | | | 2.1
TariffCostCtrlr | Problem | | boolean | RO | false
TariffCostCtrlr | TariffFallbackMessage | | string | RW | The price is shown by the operator. | | ..255
TariffCostCtrlr | TotalCostFallbackMessage | | string | RW | The operator sends the bill. | | ..255
WebPaymentsCtrlr | Enabled | | boolean | RW | false | | | | | 2.1
WebPaymentsCtrlr | Length | | integer | RW | 8 | | 6..32 | | | 2.1
WebPaymentsCtrlr | QRCodeQuality | | OptionList | RW | Medium | | | | Low,Medium,Quartile,High | 2.1
WebPaymentsCtrlr | RoamingEvseId | | string | RW | | | ..48 | | | 2.1
WebPaymentsCtrlr | SharedSecret | | string | WO | | | ..255 | | | 2.1
WebPaymentsCtrlr | TOTPVersion | | string | RO | v1 | | | | | 2.1
WebPaymentsCtrlr | URLParameters | | MemberList | RW | maxtime,maxenergy,maxcost | | | | maxtime,maxenergy,maxcost | 2.1
WebPaymentsCtrlr | URLTemplate | | string | RW | | | ..1000 | | | 2.1
WebPaymentsCtrlr | ValidityTime | | integer | RW | 60 | | 6..3600 | s | | 2.1
"""  # noqa: E501 - a row is a line


def feature_rows(inventory: Inventory, version: Version) -> Iterator[Variable]:
    """The rows that a station of this inventory has in a version."""
    yield from rows_of(_TABLE, version)
    for evse_id, evse in enumerate(inventory.evses, 1):
        yield Variable(Place("FiscalMetering", "PublicKey", evse_id=evse_id))
        if version is Version.V2_1:
            yield from _v2x(evse_id, evse)
            yield from _inverter(evse_id, evse)


def _v2x(evse_id: int, evse: EvseSpec) -> Iterator[Variable]:
    """Of each EVSE (Q01.FR.30 to Q01.FR.32)."""
    flow, give = ("DC", "DC_BPT") if evse.is_dc else ("AC_three_phase", "AC_BPT")
    both = evse.discharge_w_max > 0
    modes = OPERATION_MODES if both else ("Idle", "ChargingOnly")

    def row(
        name: str,
        value: str,
        kind: Kind,
        instance: str | None = None,
        choices: tuple[str, ...] = (),
        unit: str | None = None,
        access: Mutability = Mutability.READ_WRITE,
    ) -> Variable:
        place = Place("V2XChargingCtrlr", name, instance, evse_id)
        return Variable(place, value, kind, access, choices=choices, unit=unit)

    yield row("Enabled", "true" if both else "false", Kind.BOOLEAN)
    fixed = Mutability.READ_ONLY
    transfers = f"{flow},{give}" if both else flow
    yield row("SupportedEnergyTransferModes", transfers, Kind.MEMBERS, access=fixed)
    yield row("SupportedOperationModes", ",".join(modes), Kind.MEMBERS, access=fixed)
    yield row("LocalFrequencyUpdateThreshold", "10", Kind.INTEGER)
    for name in ("UpperThreshold", "LowerThreshold", "UpperOffset", "LowerOffset"):
        yield row("LocalLoadBalancing", "0", Kind.DECIMAL, name, unit="W")


def _inverter(evse_id: int, evse: EvseSpec) -> Iterator[Variable]:
    """The name plate of a bidirectional inverter (R01.FR.01)."""
    if evse.discharge_w_max <= 0:
        return
    watts, take = f"{evse.discharge_w_max:.0f}", f"{evse.power_w_max:.0f}"
    var = f"{0.44 * evse.discharge_w_max:.0f}"
    values = {
        "MaxW": (watts, "W"),
        "OverExcitedW": (watts, "W"),
        "OverExcitedPF": ("0.9", None),
        "UnderExcitedW": (watts, "W"),
        "UnderExcitedPF": ("0.9", None),
        "MaxVA": (watts, "VA"),
        "MaxVar": (var, "var"),
        "MaxVarNeg": (var, "var"),
        "MaxChargeRateW": (take, "W"),
        "MaxChargeRateVA": (take, "VA"),
        "ReactiveSusceptance": ("0", "S"),
    }
    component = "DCDERCtrlr" if evse.is_dc else "ACDERCtrlr"
    yield Variable(Place(component, "Enabled", evse_id=evse_id), "true", Kind.BOOLEAN)
    for name, (value, unit) in values.items():
        place = Place(component, name, evse_id=evse_id)
        yield Variable(place, value, Kind.DECIMAL, unit=unit)
    modes = ",".join(DER_MODES)
    yield Variable(Place(component, "ModesSupported", evse_id=evse_id), modes, Kind.MEMBERS)
    for name in ("InverterManufacturer", "InverterModel", "InverterSwVersion", "InverterHwVersion"):
        yield Variable(Place(component, name, evse_id=evse_id), "chargeplane")
