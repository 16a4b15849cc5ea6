"""Valid payloads, made from the facts of the official WSDLs (tools/tables/soap.json).

They are made without a look at the struct types or at ``schema``, which are what is tested.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from importlib import import_module
from typing import Any, cast
from urllib.parse import quote

from hypothesis import strategies as st

from chargeplane.ocpp.codec import build, payload_of
from chargeplane.ocpp.soap import VERSIONS, Service
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import Message, Request, Response
from tools.read_wsdl import TABLE

FACTS: dict[str, Any] = json.loads(TABLE.read_text(encoding="utf-8"))
OPERATIONS = [
    (version, service, name)
    for version in VERSIONS
    for service in Service
    for name in FACTS[version]["operations"][service]
]

# No empty texts: zeep reads them as None. ``payloads`` has them.
_LEAST = {"int": 0, "boolean": False, "string": "-", "anyURI": "-", "DecimalOne": Decimal(0)}
_MOST = {
    "int": 2**31 - 1,
    "boolean": True,
    "string": "one <two> & three\r\n\tfour é 電",
    "anyURI": "ftp://user:word@files.example/logs/?a=1&b=2",
    "DecimalOne": Decimal("-99999.9"),
}


def sample(version: Version, name: str, *, full: bool) -> dict[str, Any]:
    """The smallest payload of a type, or one with every field, two of each list, longest texts."""
    payload: dict[str, Any] = {}
    for field, kind, least, most in FACTS[version]["types"][name]:
        if full or least:
            values = [_one(version, kind, full) for _ in range(2 if full else 1)]
            payload[field] = values if most is None else values[0]
    return payload


def _one(version: Version, kind: str, full: bool) -> Any:
    facts = FACTS[version]
    if kind in facts["types"]:
        return sample(version, kind, full=full)
    if kind in facts["enums"]:
        return facts["enums"][kind][-1 if full else 0]
    if kind in facts["strings"]:
        return "é" * facts["strings"][kind] if full else "-"
    if kind == "dateTime":
        return "2026-02-28T23:59:59.999Z" if full else "1970-01-01T00:00:00Z"
    return (_MOST if full else _LEAST)[kind]


# What XML 1.0 can carry: no control characters but three, no surrogates, no U+FFFE and U+FFFF.
_CHARACTERS = st.characters(
    exclude_categories=("Cs", "Cc"), exclude_characters="\ufffe\uffff", include_characters="\t\n\r"
)


_SECONDS_OF_A_CENTURY = 3_155_760_000
_TIMES = st.builds(
    lambda seconds, milliseconds: time_text(
        datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)
    ),
    st.integers(0, _SECONDS_OF_A_CENTURY),
    st.integers(0, 999),
)


def payloads(version: Version, name: str) -> st.SearchStrategy[dict[str, Any]]:
    """Any valid payload of a type."""
    required: dict[str, st.SearchStrategy[Any]] = {}
    optional: dict[str, st.SearchStrategy[Any]] = {}
    for field, kind, least, most in FACTS[version]["types"][name]:
        values = _values(version, kind)
        if most is None:
            values = st.lists(values, min_size=1, max_size=3)
        (required if least else optional)[field] = values
    return st.fixed_dictionaries(required, optional=optional)


def _values(version: Version, kind: str) -> st.SearchStrategy[Any]:
    facts = FACTS[version]
    if kind in facts["types"]:
        return payloads(version, kind)
    if kind in facts["enums"]:
        return st.sampled_from(facts["enums"][kind])
    if kind in facts["strings"]:
        return st.text(_CHARACTERS, max_size=facts["strings"][kind])
    if kind == "DecimalOne":
        return st.integers(-(10**9), 10**9).map(lambda tenths: Decimal(tenths) / 10)
    return {
        "int": st.integers(-(2**31), 2**31 - 1),
        "boolean": st.booleans(),
        "string": st.text(_CHARACTERS, max_size=40),
        "anyURI": st.text(_CHARACTERS, max_size=40).map(quote),
        "dateTime": _TIMES,
    }[kind]


def time_text(time: datetime) -> str:
    """A time as the library writes it."""
    time = time.astimezone(UTC)
    text = time.isoformat(timespec="milliseconds" if time.microsecond >= 1000 else "seconds")
    return text.replace("+00:00", "Z")


def message_of(version: Version, name: str, payload: dict[str, Any]) -> Message:
    """The typed message of a payload that is valid in SOAP."""
    if name == "MeterValuesRequest" and version is Version.V1_6:
        payload = {"meterValue": []} | payload  # the JSON schema demands the list
    kind = getattr(import_module(f"chargeplane.ocpp.{version.package}"), name)
    return cast("Message", build(kind, payload))


def request_of(version: Version, name: str, payload: dict[str, Any]) -> Request:
    """The request of an action."""
    return cast("Request", message_of(version, f"{name}Request", payload))


def response_of(version: Version, name: str, payload: dict[str, Any]) -> Response:
    """The response of an action."""
    return cast("Response", message_of(version, f"{name}Response", payload))


def plain(value: Any) -> Any:
    """A message or decoded value as comparable data: what is absent and what is empty are one."""
    if isinstance(value, Message):
        value = payload_of(value)
    match value:
        case dict():
            pairs = {name: plain(inner) for name, inner in value.items()}
            return {name: inner for name, inner in pairs.items() if inner not in (None, [])}
        case list():
            return [plain(inner) for inner in value]
        case datetime():
            return time_text(value)
        case _:
            return value
