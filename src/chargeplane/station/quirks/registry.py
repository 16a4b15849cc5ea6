"""The table of quirks."""

from __future__ import annotations

from functools import partial
from typing import Any

from chargeplane.ocpp.versions import Version
from chargeplane.station.quirks import transactions
from chargeplane.station.quirks.answering import ANSWERING
from chargeplane.station.quirks.behaving import BEHAVING
from chargeplane.station.quirks.connecting import CONNECTING
from chargeplane.station.quirks.frames import Payload, changed, everywhere, text_changed
from chargeplane.station.quirks.opening import OPENING
from chargeplane.station.quirks.quirk import Quirk
from chargeplane.station.quirks.reporting import REPORTING

__all__ = ["QUIRKS", "Quirk"]


def _kilowatt_hours(payload: Payload) -> None:
    for value in payload["meterValue"]:
        for sample in value.get("sampledValue", []):
            if sample.get("unit") == "Wh":
                sample["value"] = f"{float(sample['value']) / 1000:.0f}"


def _numbers(payload: Payload) -> None:
    for value in payload["meterValue"]:
        for sample in value.get("sampledValue", []):
            sample["value"] = float(sample["value"])


def _plain_phases(name: str, value: Any) -> Any:
    return value.removesuffix("-N") if name == "phase" else value


def _without_zone(name: str, value: Any) -> Any:
    is_time = name.endswith(("imestamp", "Time", "At")) and isinstance(value, str)
    return value.removesuffix("Z").partition(".")[0] if is_time else value


def _numeric_tag(name: str, value: Any) -> Any:
    return int(value) if name == "idTag" and str(value).isdecimal() else value


def _longer_tag(payload: Payload) -> None:
    if "idTag" in payload:
        payload["idTag"] = f"{payload['idTag']:-<21}"


def _exported(name: str, value: Any) -> Any:
    return "Current.Export" if (name, value) == ("measurand", "Current.Import") else value


def _nulls(payload: Payload) -> None:
    payload.update(dict.fromkeys(("iccid", "imsi", "meterSerialNumber", "meterType")))


_1X, _2X = Version.V1_6, Version.V2_1

_ALL = (
    Quirk(
        "empty-members",
        16,
        "sends empty texts for what it has no value for",
        changed("BootNotification", lambda each: each.update(iccid="", imsi="", meterType="")),
        family=_1X,
    ),
    Quirk(
        "null-members",
        40,
        "sends null for what it has no value for",
        changed("BootNotification", _nulls),
        family=_1X,
    ),
    Quirk(
        "truncated-configuration",
        25,
        "loses the closing brackets of its answers",
        text_changed(3, lambda text: text.rstrip("]}") if text.endswith("}]}]") else text),
    ),
    Quirk(
        "backslashes-in-tag",
        28,
        "puts stray backslashes behind id tags",
        changed("StartTransaction", lambda each: each.update(idTag=each["idTag"][:14] + "\\" * 6)),
        family=_1X,
    ),
    Quirk(
        "extra-members",
        38,
        "adds members that the message does not have",
        changed("Authorize", lambda each: each.update(connectorId=1)),
        family=_1X,
    ),
    Quirk(
        "numeric-values",
        41,
        "sends measured values as numbers and not as text",
        changed("MeterValues", _numbers),
        family=_1X,
    ),
    Quirk(
        "kwh-as-wh",
        43,
        "counts the register in kWh and labels it Wh",
        changed("MeterValues", _kilowatt_hours),
        family=_1X,
    ),
    Quirk(
        "import-as-export",
        47,
        "reports the current that it delivers as exported",
        everywhere(_exported),
    ),
    Quirk(
        "plain-phases",
        49,
        "names voltages by the line alone, without the neutral",
        everywhere(_plain_phases),
    ),
    Quirk(
        "huge-transaction-id",
        52,
        "sends the greatest 64-bit number as transaction id of its meter values",
        changed("MeterValues", lambda each: each.update(transactionId=2**63 - 1)),
        family=_1X,
    ),
    Quirk(
        "null-transaction-id",
        58,
        "stops transactions with null instead of their id",
        changed("StopTransaction", lambda each: each.update(transactionId=None)),
        family=_1X,
    ),
    Quirk(
        "stop-with-minus-one",
        59,
        "stops transactions with the id -1",
        changed("StopTransaction", lambda each: each.update(transactionId=-1)),
        family=_1X,
    ),
    Quirk(
        "stop-with-zero",
        59,
        "stops transactions with the id 0",
        changed("StopTransaction", lambda each: each.update(transactionId=0)),
        family=_1X,
    ),
    Quirk(
        "longer-tag",
        61,
        "stops transactions with an id tag that is longer than allowed",
        changed("StopTransaction", _longer_tag),
        family=_1X,
    ),
    Quirk(
        "numeric-tag",
        None,
        "sends id tags that are all digits as numbers",
        everywhere(_numeric_tag),
        family=_1X,
    ),
    Quirk(
        "duplicate-start",
        62,
        "sends each StartTransaction a second time under another message id",
        partial(transactions.twice, "StartTransaction"),
        family=_1X,
    ),
    Quirk(
        "stop-before-start",
        None,
        "sends StartTransaction after the StopTransaction, as some queues do after a break",
        transactions.delayed_start_1x,
        family=_1X,
    ),
    Quirk(
        "ended-before-started",
        None,
        "sends the first event of a transaction after the last",
        transactions.delayed_start_2x,
        family=_2X,
    ),
    Quirk(
        "missing-started",
        None,
        "never sends the first event of a transaction",
        transactions.missing_started,
        family=_2X,
    ),
    Quirk(
        "unknown-error-code",
        67,
        "says Error where it should name a code",
        changed(
            "StatusNotification",
            lambda each: (
                each.update(errorCode="Error", status="Faulted")
                if each["connectorId"] == 0
                else None
            ),
        ),
        family=_1X,
    ),
    Quirk(
        "long-info",
        68,
        "explains its status at greater length than the message has room for",
        changed("StatusNotification", lambda each: each.update(info="too long, " * 8)),
        family=_1X,
    ),
    Quirk(
        "times-without-zone",
        70,
        "sends times without saying of which zone",
        everywhere(_without_zone),
    ),
    Quirk(
        "status-of-evse-0",
        76,
        "reports the status of each connector as that of EVSE 0, connector 0",
        changed("StatusNotification", lambda each: each.update(evseId=0, connectorId=0)),
        family=_2X,
    ),
    Quirk(
        "repeated-seq-no",
        89,
        "gives the last event of a transaction the number of the first",
        transactions.repeated_seq_no,
        family=_2X,
    ),
)

QUIRKS = {
    quirk.name: quirk for quirk in (*_ALL, *OPENING, *CONNECTING, *REPORTING, *ANSWERING, *BEHAVING)
}
"""Every quirk by name."""
