"""Quirks of meter values, transactions and statuses that a station reports."""

from __future__ import annotations

from copy import deepcopy
from itertools import count
from typing import Any

from chargeplane.ocpp.versions import Version
from chargeplane.station.quirks.frames import (
    Frame,
    Payload,
    Rule,
    Said,
    as_is,
    changed,
    everywhere,
    is_call,
    line,
    text_changed,
)
from chargeplane.station.quirks.quirk import Quirk

__all__ = ["REPORTING"]

_1X, _2X = Version.V1_6, Version.V2_1
_REGISTER = "Energy.Active.Import.Register"


def _swallowed(action: str) -> Any:
    """The station believes that it was answered."""

    def rule(frame: Frame) -> Said:
        if is_call(frame, action):
            return Said([], [line([3, frame[1], {}])])
        return as_is(frame)

    return lambda: rule


def _hertz(payload: Payload) -> None:
    for value in payload["meterValue"]:
        value["sampledValue"].append({"value": "50.0", "measurand": "Frequency", "unit": "Hz"})


def _context(name: str, value: Any) -> Any:
    return "Sample.Meter" if name == "context" else value


def _session_meter() -> Rule:
    """The register begins at 0 with each transaction."""
    begun: dict[int, int] = {}

    def rule(frame: Frame) -> Said:
        if is_call(frame, "StartTransaction"):
            begun[frame[3]["connectorId"]] = frame[3]["meterStart"]
            frame[3]["meterStart"] = 0
        elif is_call(frame, "MeterValues"):
            start = begun.get(frame[3]["connectorId"], 0)
            for value in frame[3]["meterValue"]:
                for sample in value.get("sampledValue", []):
                    if sample.get("measurand", _REGISTER) == _REGISTER:
                        sample["value"] = f"{float(sample['value']) - start:.0f}"
        elif is_call(frame, "StopTransaction"):
            # The message does not say where it was; stations of this kind have one connector.
            start = max(begun.values(), default=0)
            frame[3]["meterStop"] = max(frame[3]["meterStop"] - start, 0)
            frame[3].pop("transactionData", None)
        return as_is(frame)

    return rule


def _also_for_connector_0() -> Rule:
    number = count(1)

    def rule(frame: Frame) -> Said:
        said = as_is(frame)
        if is_call(frame, "MeterValues"):
            again = deepcopy(frame[3])
            again["connectorId"] = 0
            again.pop("transactionId", None)
            said.send.append(line([2, f"all-{next(number)}-{frame[1]}"[:36], "MeterValues", again]))
        return said

    return rule


def _after_the_stop() -> Rule:
    """The last meter values come once more after the transaction."""
    last: dict[int, Payload] = {}
    number = count(1)

    def rule(frame: Frame) -> Said:
        said = as_is(frame)
        if is_call(frame, "MeterValues") and "transactionId" in frame[3]:
            last[frame[3]["transactionId"]] = deepcopy(frame[3])
        elif is_call(frame, "StopTransaction"):
            values = last.pop(frame[3]["transactionId"], None)
            if values is not None:
                late = [2, f"late-{next(number)}-{frame[1]}"[:36], "MeterValues", values]
                said.send.append(line(late))
        return said

    return rule


def _available(payload: Payload) -> None:
    if payload["connectorStatus"] == "Occupied":
        payload["connectorStatus"] = "Available"


REPORTING = (
    Quirk(
        "no-meter-values",
        16,
        "never sends meter values, whatever it is configured to",
        _swallowed("MeterValues"),
        family=_1X,
    ),
    Quirk(
        "leading-comma",
        26,
        "puts a comma before the first sampled value",
        text_changed(2, lambda text: text.replace('"sampledValue":[{', '"sampledValue":[,{')),
    ),
    Quirk(
        "unknown-unit",
        44,
        "measures the frequency in a unit that 1.6 does not have",
        changed("MeterValues", _hertz),
        family=_1X,
    ),
    Quirk(
        "unknown-context",
        46,
        "gives its meter values a context that does not exist",
        everywhere(_context),
    ),
    Quirk(
        "session-meter",
        50,
        "counts energy from 0 in each transaction",
        _session_meter,
        family=_1X,
    ),
    Quirk(
        "meter-values-of-connector-0",
        53,
        "sends all meter values a second time, as those of connector 0",
        _also_for_connector_0,
        family=_1X,
    ),
    Quirk(
        "late-meter-values",
        55,
        "sends meter values of a transaction after its end",
        _after_the_stop,
        family=_1X,
    ),
    Quirk(
        "never-stops",
        65,
        "never says that a transaction has ended",
        _swallowed("StopTransaction"),
        family=_1X,
    ),
    Quirk(
        "available-with-cable",
        77,
        "says Available while a cable is connected",
        changed("StatusNotification", _available),
        family=_2X,
    ),
)
"""Every one."""
