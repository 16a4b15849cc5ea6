"""What differs between 2.0.1 and 2.1.

2.1 took nothing away and asks for one new field, so lifting has two rules: that field, and what to
do with the numbers that 2.1 has bounded since. Lowering is where meaning can be lost.
"""

from __future__ import annotations

from chargeplane.ocpp.family.rules import ANY, Assumed, Rules, Said
from chargeplane.ocpp.versions import Version

__all__ = ["RULES"]

_LIFT_ASSUMED = {
    ("VariableMonitoringType", "eventNotificationType"): Assumed(
        "CustomMonitor", "2.0.1 does not say whether a monitor was built in or set by the CSMS"
    )
}

# Answers and reasons that 2.0.1 has no word for, but a near one.
_LOWER_VALUES = {
    "TriggerReasonEnumType": {
        "CostLimitReached": Said("EnergyLimitReached", "2.0.1 has no limit of the cost"),
        "SoCLimitReached": Said("EnergyLimitReached", "2.0.1 has no limit of the state of charge"),
        "LimitSet": Said("ChargingRateChanged", "2.0.1 does not tell of a limit that was set"),
        "OperationModeChanged": Said("ChargingStateChanged", "2.0.1 has no operation modes"),
        "TxResumed": Said("ChargingStateChanged", "2.0.1 does not resume transactions"),
        "RunningCost": Said("MeterValuePeriodic", "2.0.1 does not compute costs at the station"),
        "TariffChanged": Said("MeterValuePeriodic", "2.0.1 has no tariffs at the station"),
        "TariffNotAccepted": Said("Deauthorized", "2.0.1 has no tariffs at the station"),
    },
    "ReasonEnumType": {
        "ReqEnergyTransferRejected": Said("Other", "2.0.1 has no choice of the energy transfer")
    },
    "ReservationUpdateStatusEnumType": {
        "NoTransaction": Said("Removed", "2.0.1 does not say that it was used in vain")
    },
    "NotifyEVChargingNeedsStatusEnumType": {
        "NoChargingProfile": Said("Rejected", "2.0.1 does not say that there will be no profile")
    },
    "ClearMessageStatusEnumType": {
        "Rejected": Said("Unknown", "2.0.1 cannot refuse to clear a message")
    },
    "DisplayMessageStatusEnumType": {
        "LanguageNotSupported": Said("Rejected", "2.0.1 does not give the language as a reason")
    },
    "OCPPVersionEnumType": {"OCPP201": Said("OCPP20", "2.0.1 calls itself OCPP20 here")},
    "ChargingLimitSourceEnumType": {
        ANY: Said("Other", "2.0.1 has a closed list of sources of a limit")
    },
}
_LOWER_ASSUMED = {
    ("SignedMeterValueType", "signingMethod"): Assumed(
        "", "2.1 may leave it out, being part of the signed data"
    ),
    ("SignedMeterValueType", "publicKey"): Assumed(
        "", "2.1 may leave it out; 2.0.1 sends an empty key"
    ),
    ("NetworkConnectionProfileType", "ocppVersion"): Assumed(
        "OCPP20", "2.1 may leave it out; OCPP20 is how 2.0.1 calls itself"
    ),
}
_EVERY = frozenset({ANY})
_ESSENTIAL = {
    # Without its measurand, phase or unit a value would be read as an energy register in Wh.
    "SampledValueType": frozenset({"measurand", "phase", "location", "unitOfMeasure"}),
    # Without these a vehicle would charge differently, or where it shall discharge.
    "ChargingSchedulePeriodType": frozenset(
        {
            "limit_L2",
            "limit_L3",
            "operationMode",
            "setpoint",
            "setpoint_L2",
            "setpoint_L3",
        }
    ),
    "ChargingScheduleType": frozenset({"useLocalTime", "limitAtSoC"}),
    # A filter that loses a condition matches more than was meant.
    "ClearChargingProfileRequest": frozenset({"chargingProfileCriteria"}),
    "ClearChargingProfileType": _EVERY,
    "ChargingProfileCriterionType": _EVERY,
    "GetDisplayMessagesRequest": _EVERY,
    "GetInstalledCertificateIdsRequest": _EVERY,
    "ReserveNowRequest": frozenset({"connectorType"}),
    # A certificate request of another root would be signed by the wrong one.
    "SignCertificateRequest": frozenset({"certificateType", "hashRootCertificate"}),
    "CertificateSignedRequest": frozenset({"certificateType"}),
}
# A period lasts until the next one begins: without it, the one before would last longer.
_WHOLE = frozenset({"ChargingSchedulePeriodType", "SalesTariffEntryType"})
_TEXTS = {
    "MessageContentType": frozenset({"content"}),
    "StatusInfoType": frozenset({"additionalInfo"}),
}

RULES = {
    (Version.V2_0_1, Version.V2_1): Rules(assumed=_LIFT_ASSUMED, keeps_words=True, total=True),
    (Version.V2_1, Version.V2_0_1): Rules(
        keeps_words=True,
        values=_LOWER_VALUES,
        assumed=_LOWER_ASSUMED,
        essential=_ESSENTIAL,
        whole=_WHOLE,
        texts=_TEXTS,
    ),
}
