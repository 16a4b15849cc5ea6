"""What differs between 1.2, 1.5 and 1.6: names, values, shapes.

The words of 1.2 and 1.5 are those of their WSDLs; what they mean is read from 1.6.
"""

from __future__ import annotations

from chargeplane.ocpp.family import meter_shortcuts
from chargeplane.ocpp.family.meter_values import (
    as_group,
    as_register,
    as_sample,
    without_groups,
)
from chargeplane.ocpp.family.rules import NOW, Assumed, Rules, Said
from chargeplane.ocpp.versions import Version

__all__ = ["RULES"]

_NAMES_1_2 = {
    "BootNotificationResponse": {"heartbeatInterval": "interval"},
    "MeterValuesRequest": {"values": "meterValue"},
}
_NAMES_1_5 = _NAMES_1_2 | {
    "MeterValue": {"value": "sampledValue"},
    "SendLocalListRequest": {"localAuthorisationList": "localAuthorizationList"},
}


def _turned(names: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """The same names, the other way."""
    return {
        datatype: {there: here for here, there in fields.items()}
        for datatype, fields in names.items()
    }


# Values that 1.6 says in other words.
_LIFT_VALUES = {
    # What `Occupied` was is five states in 1.6. Of these Charging is the careful one: whoever
    # shares out power must count on a connector that draws it.
    "ChargePointStatus": {
        "Occupied": Said(
            "Charging",
            "`Occupied` does not say whether a vehicle is preparing, charging, suspended or done",
        )
    },
    # 1.6 explains EVCommunicationError as trouble with "Mode 3 or another protocol".
    "ChargePointErrorCode": {"Mode3Error": Said("EVCommunicationError")},
    "UnlockStatus": {"Accepted": Said("Unlocked"), "Rejected": Said("UnlockFailed")},
    "UnitOfMeasure": {"Amp": Said("A"), "Volt": Said("V")},
    "UpdateStatus": {"HashError": Said("Failed", "1.6 has no hash of the local list")},
}
_ASSUMED = {
    ("BootNotificationResponse", "currentTime"): Assumed(
        NOW, "1.2 may leave out the time; the time of arrival is taken, or 1970 if it is not known"
    ),
    ("BootNotificationResponse", "interval"): Assumed(
        0, "1.2 may leave out the interval; 0 lets the station choose (1.6, 4.2)"
    ),
    ("MeterValuesRequest", "meterValue"): Assumed([], "the message had no values"),
}

# Values of 1.6 that an older version says less exactly. What has no row cannot be said at all:
# an Idle firmware status has no counterpart, and a wrong one would be a lie.
_OCCUPIED = "older versions say only that the connector is occupied"
_LOWER_VALUES_1_5 = {
    "ChargePointStatus": {
        status: Said("Occupied", _OCCUPIED)
        for status in ("Preparing", "Charging", "SuspendedEV", "SuspendedEVSE", "Finishing")
    },
    "ChargePointErrorCode": {
        "EVCommunicationError": Said("Mode3Error"),
        "InternalError": Said("OtherError", "1.5 has no InternalError"),
        "LocalListConflict": Said("OtherError", "1.5 has no LocalListConflict"),
        "OverVoltage": Said("OtherError", "1.5 has no OverVoltage"),
    },
    "RegistrationStatus": {
        "Pending": Said("Rejected", "the station asks again after the interval, as it would anyway")
    },
    "UnlockStatus": {
        "Unlocked": Said("Accepted"),
        "UnlockFailed": Said("Rejected"),
        "NotSupported": Said("Rejected", "1.5 does not say why"),
    },
    "ConfigurationStatus": {
        "RebootRequired": Said("Accepted", "the new value counts only after a reboot")
    },
    "UnitOfMeasure": {
        "A": Said("Amp"),
        "V": Said("Volt"),
        "Celcius": Said("Celsius", "in its right spelling"),
    },
}
_LOWER_VALUES_1_2 = _LOWER_VALUES_1_5 | {
    "ChargePointStatus": _LOWER_VALUES_1_5["ChargePointStatus"]
    | {"Reserved": Said("Occupied", "1.2 has no reservations; nobody else may use the connector")},
    "ChargePointErrorCode": {
        code: Said("NoError", f"1.2 has no {code}; the status alone tells of a fault")
        for code in (
            "GroundFailure",
            "InternalError",
            "LocalListConflict",
            "OtherError",
            "OverCurrentFailure",
            "OverVoltage",
            "UnderVoltage",
            "WeakSignal",
        )
    }
    | {"EVCommunicationError": Said("Mode3Error")},
}
# Without its measurand, phase or unit a sample would be read as an energy register in Wh.
_ESSENTIAL = {
    "SampledValue": frozenset({"measurand", "phase", "unit", "format", "location"}),
    "MeterValuesRequest": frozenset({"meterValue"}),
}
_GROUPED = ("StopTransactionRequest", "transactionData")
_TEXTS = {"StatusNotificationRequest": frozenset({"info"})}

RULES = {
    (Version.V1_2, Version.V1_6): Rules(
        renames=_NAMES_1_2,
        values=_LIFT_VALUES,
        assumed=_ASSUMED,
        datatypes={"MeterValue": as_sample},
        shortcuts={"MeterValue": meter_shortcuts.sample},
        total=True,
    ),
    (Version.V1_5, Version.V1_6): Rules(
        renames=_NAMES_1_5,
        values=_LIFT_VALUES,
        assumed=_ASSUMED,
        fields={_GROUPED: without_groups},
        shortcuts={_GROUPED: meter_shortcuts.no_groups},
        total=True,
    ),
    (Version.V1_6, Version.V1_2): Rules(
        renames=_turned(_NAMES_1_2),
        values=_LOWER_VALUES_1_2,
        essential=_ESSENTIAL,
        texts=_TEXTS,
        datatypes={"MeterValue": as_register},
        shortcuts={"MeterValue": meter_shortcuts.register},
    ),
    (Version.V1_6, Version.V1_5): Rules(
        renames=_turned(_NAMES_1_5),
        values=_LOWER_VALUES_1_5,
        essential=_ESSENTIAL,
        texts=_TEXTS,
        fields={_GROUPED: as_group},
        shortcuts={_GROUPED: meter_shortcuts.group},
    ),
}
