"""Words that stations use for others, and values that say ``unknown``. Data, not code.

Keys are in ``plain`` spelling: lower case, without punctuation. A row may name words of several
versions; the first that the enumeration at hand has is taken.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum

__all__ = ["CATCH_ALL", "UNKNOWN", "WRAPPED", "kind_of", "plain", "synonyms"]

_PUNCTUATION = re.compile(r"[\W_]+")
_SUFFIX = re.compile(r"(?:Enum)?(?:Type)?$")

Words = dict[str, tuple[str, ...]]


def plain(word: str) -> str:
    """``Suspended_EV`` -> ``suspendedev``."""
    return _PUNCTUATION.sub("", word).casefold()


def kind_of(cls: type[Enum]) -> str:
    """The name of an enumeration without the suffixes that versions put to it."""
    return _SUFFIX.sub("", cls.__name__)


def synonyms(cls: type[Enum], word: str) -> tuple[str, ...]:
    """The values that ``word`` is known to stand for in an enumeration, best first."""
    key = plain(word)
    return _OF_KIND.get(kind_of(cls), {}).get(key, ()) + _OF_ALL.get(key, ())


_STATUS: Words = {
    # 1.6 divided what 1.5 calls Occupied, 2.x joined it again (2.x has charging states beside it).
    "preparing": ("Occupied",),
    "charging": ("Occupied",),
    "suspendedev": ("Occupied",),
    "suspendedevse": ("Occupied",),
    "finishing": ("Occupied",),
    # Not Charging: nobody has said that energy flows.
    "occupied": ("Preparing",),
    "evconnected": ("Preparing", "Occupied"),
    "pluggedin": ("Preparing", "Occupied"),
    "connected": ("Preparing", "Occupied"),
    "suspended": ("SuspendedEVSE", "Occupied"),
    "finished": ("Finishing", "Occupied"),
    "idle": ("Available",),
    "free": ("Available",),
    "ready": ("Available",),
    "inoperative": ("Unavailable",),
    "disabled": ("Unavailable",),
    "outofservice": ("Unavailable",),
    "operative": ("Available",),
    "fault": ("Faulted",),
    "faulty": ("Faulted",),
    "error": ("Faulted",),
}
_TEMPERATURES: Words = {
    # 1.6 has both; 1.5 has one, and which one depends on the document.
    "celcius": ("Celsius",),
    "celsius": ("Celcius",),
    "c": ("Celsius", "Celcius"),
    "degc": ("Celsius", "Celcius"),
    "f": ("Fahrenheit",),
    "degf": ("Fahrenheit",),
    "kelvin": ("K",),
}
_AMPERES: Words = dict.fromkeys(("amp", "amps", "ampere", "amperes"), ("A", "Amp"))
_WATTS: Words = dict.fromkeys(("watt", "watts"), ("W",))

_OF_KIND: Mapping[str, Words] = {
    "ChargingRateUnit": _AMPERES | _WATTS | {"current": ("A",), "power": ("W",)},
    "UnitOfMeasure": _AMPERES
    | _WATTS
    | _TEMPERATURES
    | {
        "a": ("Amp",),
        "amp": ("A",),
        "volt": ("V", "Volt"),
        "volts": ("V", "Volt"),
        "v": ("Volt",),
        "kilowatt": ("kW",),
        "watthour": ("Wh",),
        "watthours": ("Wh",),
        "kilowatthour": ("kWh",),
        "kilowatthours": ("kWh",),
        "pct": ("Percent",),
    },
    "Measurand": {
        "energy": ("Energy.Active.Import.Register",),
        "energyactiveimport": ("Energy.Active.Import.Register",),
        "power": ("Power.Active.Import",),
        "poweractive": ("Power.Active.Import",),
        "current": ("Current.Import",),
        "stateofcharge": ("SoC",),
    },
    "ReadingContext": {
        "begin": ("Transaction.Begin",),
        "start": ("Transaction.Begin",),
        "transactionstart": ("Transaction.Begin",),
        "end": ("Transaction.End",),
        "stop": ("Transaction.End",),
        "transactionstop": ("Transaction.End",),
        "periodic": ("Sample.Periodic",),
        "sample": ("Sample.Periodic",),
        "clock": ("Sample.Clock",),
        "triggered": ("Trigger",),
    },
    "Phase": {
        "1": ("L1",),
        "2": ("L2",),
        "3": ("L3",),
        "p1": ("L1",),
        "p2": ("L2",),
        "p3": ("L3",),
    },
    "ChargePointErrorCode": {
        "error": ("OtherError",),
        "none": ("NoError",),
        "ok": ("NoError",),
        "0": ("NoError",),
        "unknown": ("OtherError",),
        # The same fault under its names of 1.5 and 1.6.
        "mode3error": ("EVCommunicationError",),
        "evcommunicationerror": ("Mode3Error",),
    },
    "ChargePointStatus": _STATUS,
    "ConnectorStatus": _STATUS,
    "Reason": {
        "evdisconnect": ("EVDisconnected",),
        "disconnected": ("EVDisconnected",),
        "cabledisconnected": ("EVDisconnected",),
        "unknown": ("Other",),
        "stop": ("Local",),
        "remotestop": ("Remote",),
        "hardreset": ("ImmediateReset",),
        "softreset": ("Reboot",),
    },
    "TransactionEvent": {
        "start": ("Started",),
        "begin": ("Started",),
        "update": ("Updated",),
        "end": ("Ended",),
        "stop": ("Ended",),
        "stopped": ("Ended",),
        "finished": ("Ended",),
    },
    "TriggerReason": {
        "stopauthorised": ("StopAuthorized",),
        "cableunplugged": ("EVDeparted",),
        "evdisconnected": ("EVDeparted",),
        "meterperiodic": ("MeterValuePeriodic",),
        "meterclock": ("MeterValueClock",),
        "deauthorised": ("Deauthorized",),
        "authorised": ("Authorized",),
        # 2.1 words on a 2.0.1 connection.
        "costlimitreached": ("EnergyLimitReached",),
        "soclimitreached": ("EnergyLimitReached",),
        "txresumed": ("ChargingStateChanged",),
        "operationmodechanged": ("ChargingStateChanged",),
    },
    "IdToken": {
        "rfid": ("ISO14443",),
        "mifare": ("ISO14443",),
        "nfc": ("ISO14443",),
        "none": ("NoAuthorization",),
        "pin": ("KeyCode",),
    },
    "BootReason": {
        "poweron": ("PowerUp",),
        "powerloss": ("PowerUp",),
        "reboot": ("ApplicationReset",),
        "reset": ("ApplicationReset",),
    },
}
_OF_ALL: Words = {
    "accept": ("Accepted",),
    "acepted": ("Accepted",),
    "ok": ("Accepted",),
    "success": ("Accepted",),
    "reject": ("Rejected",),
    "denied": ("Rejected",),
    "refused": ("Rejected",),
    "unsupported": ("NotSupported",),
    "notimplemented": ("NotImplemented", "NotSupported"),
    "cancelled": ("Canceled",),
}

CATCH_ALL: Mapping[str, str] = {
    "ChargePointErrorCode": "OtherError",
    "Reason": "Other",
    "ReadingContext": "Other",
    "BootReason": "Unknown",
    "ChargingLimitSource": "Other",
    # Why an event was sent decides nothing, and losing the event loses a bill. An unknown reason
    # is shown as what it is: not normal.
    "TriggerReason": "AbnormalCondition",
    # The one that neither opens nor closes a transaction.
    "TransactionEvent": "Updated",
}
"""Enumeration -> its value for everything else."""

UNKNOWN: Mapping[tuple[str, str], object] = {
    # Stations send -1 themselves for a transaction that began offline and never got an id.
    ("StopTransactionRequest", "transactionId"): -1,
    # A register is never negative, so that -1 cannot be taken for a reading.
    ("StartTransactionRequest", "meterStart"): -1,
    ("StopTransactionRequest", "meterStop"): -1,
    # Connector 0 is the station as a whole; the product knows whether it has only one connector.
    ("StartTransactionRequest", "connectorId"): 0,
    ("MeterValuesRequest", "connectorId"): 0,
    ("StartTransactionRequest", "idTag"): "",
    ("StatusNotificationRequest", "errorCode"): "NoError",
    ("BootNotificationRequest", "chargePointVendor"): "",
    ("BootNotificationRequest", "chargePointModel"): "",
    ("BootNotificationRequest", "reason"): "Unknown",
    ("ChargingStationType", "vendorName"): "",
    ("ChargingStationType", "model"): "",
    ("TransactionEventRequest", "eventType"): "Updated",
    ("TransactionEventRequest", "triggerReason"): "AbnormalCondition",
    # The same number may come twice: the ledger keeps both, and orders them by time.
    ("TransactionEventRequest", "seqNo"): 0,
    ("EventDataType", "eventNotificationType"): "HardWiredNotification",
    ("EventDataType", "trigger"): "Alerting",
    ("VariableMonitoringType", "eventNotificationType"): "CustomMonitor",
    ("KeyValue", "readonly"): False,
    ("CustomDataType", "vendorId"): "",
}
"""(type, required member) -> the value that says it is not known."""

WRAPPED: Mapping[str, str] = {
    "EVSE": "id",
    "IdToken": "idToken",
    "UnitOfMeasure": "unit",
    "StatusInfo": "reasonCode",
    "Component": "name",
    "Variable": "name",
    "Transaction": "transactionId",
}
"""Type (without suffix) -> the member that a bare value in its place stands for."""
