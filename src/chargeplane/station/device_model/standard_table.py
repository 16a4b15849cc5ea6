"""More rows of the device model, as a table: what each functional block of the station has.

Names, kinds, units and mutability are those of the appendices of 2.x and of chapter 9 of 1.6;
values and limits are those of this station. A row that begins without a component is a 1.x key
without a counterpart in 2.x.
"""

from __future__ import annotations

from collections.abc import Iterator

from chargeplane.ocpp.versions import Version
from chargeplane.station.device_model.variables import Kind, Mutability, Place, Variable

__all__ = ["rows_of", "standard_rows"]

_ACCESS = {
    "RW": Mutability.READ_WRITE,
    "RO": Mutability.READ_ONLY,
    "WO": Mutability.WRITE_ONLY,
}

# component | variable | instance | kind | access | value | key | limits | unit | choices | since
_TABLE = """
AlignedDataCtrlr | Available | | boolean | RO | true
AlignedDataCtrlr | Enabled | | boolean | RW | true
AlignedDataCtrlr | SendDuringIdle | | boolean | RW | false
AuthCacheCtrlr | LifeTime | | integer | RW | 0 | | 0.. | s
AuthCacheCtrlr | Policy | | OptionList | RO | LRU | | | | LRU
AuthCacheCtrlr | Storage | | integer | RO | 0 | | 0..500000 | B
AuthCacheCtrlr | DisablePostAuthorize | | boolean | RW | false
AuthCtrlr | MasterPassGroupId | | string | RW | | | ..36
AuthCtrlr | DisableRemoteAuthorization | | boolean | RW | false
AuthCtrlr | AdditionalInfoItemsPerMessage | | integer | RO | 0
AuthCtrlr | SupportedIdTokenTypes | | MemberList | RO | Central,eMAID,ISO14443,ISO15693,KeyCode,Local,MacAddress,NoAuthorization | | | | | 2.1
ChargingStation | SerialNumber | | string | RO
ClockCtrlr | TimeOffset | | string | RW
ClockCtrlr | TimeAdjustmentReportingThreshold | | integer | RW | 0 | | 0.. | s
DeviceDataCtrlr | ConfigurationValueSize | | integer | RO | 1000 | | ..2500
DeviceDataCtrlr | ReportingValueSize | | integer | RO | 2500 | | ..2500
DeviceDataCtrlr | ValueSize | | integer | RO | 1000 | | ..2500
LocalAuthListCtrlr | Available | | boolean | RO | true
LocalAuthListCtrlr | Enabled | | boolean | RW | true | LocalAuthListEnabled
LocalAuthListCtrlr | Entries | | integer | RO | 0 | | 0..1000
LocalAuthListCtrlr | ItemsPerMessage | | integer | RO | 100 | SendLocalListMaxLength
LocalAuthListCtrlr | BytesPerMessage | | integer | RO | 65536
LocalAuthListCtrlr | Storage | | integer | RO | 0 | | 0..1000000 | B
LocalAuthListCtrlr | DisablePostAuthorize | | boolean | RW | false
LocalAuthListCtrlr | SupportsExpiryDateTime | | boolean | RO | true | | | | | 2.1
MonitoringCtrlr | Available | | boolean | RO | true
MonitoringCtrlr | Enabled | | boolean | RW | true
MonitoringCtrlr | ItemsPerMessage | SetVariableMonitoring | integer | RO | 50
MonitoringCtrlr | ItemsPerMessage | ClearVariableMonitoring | integer | RO | 50
MonitoringCtrlr | BytesPerMessage | SetVariableMonitoring | integer | RO | 65536
MonitoringCtrlr | BytesPerMessage | ClearVariableMonitoring | integer | RO | 65536
MonitoringCtrlr | MaxPeriodicEventStreams | | integer | RO | 10 | | | | | 2.1
MonitoringCtrlr | OfflineQueuingSeverity | | integer | RW | 3 | | 0..9
MonitoringCtrlr | ActiveMonitoringBase | | OptionList | RO | All | | | | All,FactoryDefault,HardWiredOnly
MonitoringCtrlr | ActiveMonitoringLevel | | integer | RO | 9 | | 0..9
OCPPCommCtrlr | HeartbeatInterval | | integer | RW | 300 | HeartbeatInterval | 1.. | s
OCPPCommCtrlr | WebSocketPingInterval | | integer | RW | 60 | WebSocketPingInterval | 0.. | s
OCPPCommCtrlr | RetryBackOffWaitMinimum | | integer | RW | 5 | | 0.. | s
OCPPCommCtrlr | RetryBackOffRandomRange | | integer | RW | 5 | | 0.. | s
OCPPCommCtrlr | RetryBackOffRepeatTimes | | integer | RW | 5 | | 0..
OCPPCommCtrlr | OfflineThreshold | | integer | RW | 60 | | 0.. | s
OCPPCommCtrlr | ResetRetries | | integer | RW | 1 | ResetRetries | 0..
OCPPCommCtrlr | NetworkProfileConnectionAttempts | | integer | RW | 3 | | 1..
OCPPCommCtrlr | NetworkConfigurationPriority | | SequenceList | RW | 1
OCPPCommCtrlr | FileTransferProtocols | | MemberList | RO | HTTP,HTTPS | SupportedFileTransferProtocols
OCPPCommCtrlr | UnlockOnEVSideDisconnect | | boolean | RW | true | UnlockConnectorOnEVSideDisconnect
OCPPCommCtrlr | MessageTimeout | Default | integer | RW | 30 | MessageTimeout | 1..
OCPPCommCtrlr | MessageAttempts | TransactionEvent | integer | RW | 3 | TransactionMessageAttempts | 1..
OCPPCommCtrlr | MessageAttemptInterval | TransactionEvent | integer | RW | 60 | TransactionMessageRetryInterval | 0.. | s
SecurityCtrlr | BasicAuthPassword | | string | WO | | AuthorizationKey | ..64
SecurityCtrlr | AllowSecurityProfileDowngrade | | boolean | RW | false | | | | | 2.1
OCPPCommCtrlr | ActiveNetworkProfile | | integer | RO | 1
OCPPCommCtrlr | FieldLength | Get15118EVCertificateResponse.exiResponse | integer | RO | 17000
OCPPCommCtrlr | QueueAllMessages | | boolean | RW | false
ReservationCtrlr | Available | | boolean | RO | true
ReservationCtrlr | Enabled | | boolean | RW | true
ReservationCtrlr | NonEvseSpecific | | boolean | RO | true | ReserveConnectorZeroSupported
SampledDataCtrlr | Available | | boolean | RO | true
SampledDataCtrlr | Enabled | | boolean | RW | true
SampledDataCtrlr | RegisterValuesWithoutPhases | | boolean | RW | true
SmartChargingCtrlr | ACPhaseSwitchingSupported | | boolean | RO | false
SmartChargingCtrlr | LimitChangeSignificance | | decimal | RW | 1 | | 0..100 | Percent
SmartChargingCtrlr | NotifyChargingLimitWithSchedules | | boolean | RW | false
SmartChargingCtrlr | ChargingProfilePersistence | TxProfile | boolean | RO | true | | | | | 2.1
TxCtrlr | MaxEnergyOnInvalidId | | integer | RW | 0 | MaxEnergyOnInvalidId | 0.. | Wh
TxCtrlr | SupportedLimits | | MemberList | RO | maxCost,maxEnergy,maxTime,maxSoC | | | | maxCost,maxEnergy,maxTime,maxSoC | 2.1
TxCtrlr | TxBeforeAcceptedEnabled | | boolean | RO | true
TxCtrlr | ResumptionTimeout | | integer | RW | 0 | | 0.. | s | | 2.1
TxCtrlr | AllowEnergyTransferResumption | | boolean | RW | true | | | | | 2.1
TxCtrlr | EnergyTransferResumptionRandomRange | | integer | RW | 0 | | 0.. | s | | 2.1
 | LocalAuthListMaxLength | | integer | RO | 1000
 | MinimumStatusDuration | | integer | RW | 0 | | 0..
 | ConnectorPhaseRotationMaxLength | | integer | RO | 1
 | MeterValuesSampledDataMaxLength | | integer | RO | 6
 | MeterValuesAlignedDataMaxLength | | integer | RO | 6
 | StopTxnSampledDataMaxLength | | integer | RO | 6
 | StopTxnAlignedDataMaxLength | | integer | RO | 6
 | StopTransactionMaxMeterValues | | integer | RO | 2
 | SupportedFeatureProfilesMaxLength | | integer | RO | 10
"""  # noqa: E501 - a row is a line

_COLUMNS = 11


def standard_rows(version: Version) -> Iterator[Variable]:
    """The rows that a version has."""
    yield from rows_of(_TABLE, version)


def rows_of(table: str, version: Version) -> Iterator[Variable]:
    """The rows of a table in this form that a version has."""
    for line in table.strip("\n").splitlines():
        cells = [cell.strip() for cell in line.split("|")]
        cells += [""] * (_COLUMNS - len(cells))
        if not cells[10] or version is Version(cells[10]):
            yield _variable(*cells[:10])


def _variable(
    component: str,
    name: str,
    instance: str,
    kind: str,
    access: str,
    value: str,
    key: str,
    limits: str,
    unit: str,
    choices: str,
) -> Variable:
    least, _, most = limits.partition("..")
    return Variable(
        Place(component, name, instance or None),
        value,
        Kind(kind),
        _ACCESS[access],
        key or (None if component else name),
        only_1x=not component,
        choices=tuple(choices.split(",")) if choices else (),
        minimum=float(least) if least else None,
        maximum=float(most) if most else None,
        unit=unit or None,
    )
