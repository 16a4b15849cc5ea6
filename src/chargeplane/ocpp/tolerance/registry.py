"""The repairs that exist, as data: name, what each repairs, where its kind was seen.

The names are a contract: they are counted per station, shown in the console and named in
configuration. ``docs/reference/repairs.md`` is this table, and a test compares the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

__all__ = ["REPAIRS", "RepairRule", "Stage"]


class Stage(StrEnum):
    """What a repair works on."""

    TEXT = "text"
    """The JSON text of a frame."""
    FRAME = "frame"
    """The elements of the frame; ``Peer`` does these, and asks ``Tolerance.allows`` first."""
    ACTION = "action"
    """Which action, of which version, is meant."""
    PAYLOAD = "payload"
    """The members of the payload and their values."""


@dataclass(frozen=True, slots=True)
class RepairRule:
    """One kind of repair."""

    name: str
    stage: Stage
    description: str
    """One sentence: what stands there, and what is made of it."""
    seen: str
    """Where this kind was met."""
    default: bool = True
    """Whether ``TOLERANT`` makes it."""
    lossy: bool = False
    """Whether something that the sender meant may be lost. Such a repair is made only to what a
    station reports, never to what a CSMS orders nor where identity or trust is decided."""


_TEXT = (
    (
        "byte-order-mark",
        "A byte order mark before the frame is removed.",
        "gateways that build frames from files",
    ),
    (
        "control-character",
        "A control character or NUL is escaped inside a string, and removed elsewhere.",
        "NUL-terminated buffers, line breaks in `info`",
    ),
    (
        "invalid-unicode",
        "Half of a surrogate pair becomes the replacement character.",
        "texts cut in the middle of a character",
    ),
    (
        "surrounding-garbage",
        "Text before or after the frame is removed.",
        "reused buffers with the end of an older frame",
    ),
    (
        "truncated-json",
        "A frame that ends too early is closed; a value that was cut is left out, not guessed.",
        "GetConfiguration answers from buffers that are too small",
    ),
    (
        "mismatched-brackets",
        "A bracket that was forgotten is closed, and one too many is removed.",
        "frames put together by hand",
    ),
    (
        "commas",
        "Leading, doubled and trailing commas are removed, and a missing one is put in.",
        "lists of sampled values",
    ),
    (
        "name-without-value",
        "A member name without a value is left out.",
        "values that a formatter printed as nothing",
    ),
    (
        "bad-escape",
        "A stray backslash in a string is doubled, or removed where it hid the closing quote.",
        "`idTag` and `info` with backslashes",
    ),
    (
        "unescaped-quote",
        "A quotation mark inside a string is escaped when no end of a string can be there.",
        "`info` texts",
    ),
    ("single-quotes", "Single quotes around a string become double ones.", "scripted stations"),
    (
        "unquoted-text",
        "Names and words without quotes get them; so do digits with leading zeros.",
        "scripted stations, unquoted id tags",
    ),
    ("not-a-number", "NaN and Infinity become null.", "meter values without a meter"),
    (
        "number-spelling",
        "`+5`, `.5` and `5.` become JSON numbers; a number too large to exist becomes null.",
        "values printed by C formatters",
    ),
    (
        "literal-spelling",
        "`True`, `FALSE`, `None` and the like become JSON literals.",
        "scripted stations",
    ),
)
_FRAME = (
    ("message-id-number", "A number as message id is taken as text.", "small firmwares"),
    (
        "message-id-long",
        "A message id of more than 36 characters is taken as it is.",
        "ids with a prefix before a UUID",
    ),
    (
        "extra-frame-elements",
        "Elements after the last one of the frame are ignored.",
        "vendor extensions",
    ),
    (
        "missing-payload",
        "A CALL or SEND without payload gets an empty one.",
        "Heartbeat",
    ),
    (
        "incomplete-error",
        "A CALLERROR with too few elements gets empty ones.",
        "errors without description and details",
    ),
    (
        "message-id-reused",
        "A used message id with another payload is served as a new request.",
        "stations that count ids from 1 after each boot",
    ),
)
_ACTION = (
    (
        "action-spelling",
        "An action in another case, or with separators or `Request` added, is recognised.",
        "`bootNotification`, `StartTransactionRequest`",
    ),
    (
        "foreign-action",
        "An action that only another version has is served as of that version.",
        "1.6 actions on a 2.0.1 connection",
    ),
    (
        "payload-of-another-version",
        "A payload in the shape that the other family gives the same action is served as such.",
        "a 1.6 BootNotification on a 2.0.1 connection",
    ),
)
_PAYLOAD = (
    (
        "null-payload",
        "A payload of null or an empty list becomes an empty object.",
        "Heartbeat, answers without members in languages where both are one",
    ),
    (
        "null-member",
        "A member or list item that is null is left out, as if it had not been sent.",
        "`transactionId` of StopTransaction, optional members",
    ),
    (
        "placeholder",
        'An optional number, boolean, date or enumeration of "", "null", "N/A" is left out.',
        "`iccid` and `vendorErrorCode` style fillers",
    ),
    (
        "member-spelling",
        "A member in another case or with separators gets its proper name.",
        "`idtag`, `ConnectorId`, `meter_start`",
    ),
    (
        "member-misplaced",
        "A member that stands one level too high or too low is moved.",
        "`transactionId` beside `transactionInfo`",
    ),
    (
        "unknown-member",
        "A member that the schema does not have is left out, and reported with its value.",
        "`connectorId` in Authorize",
    ),
    (
        "single-item",
        "One object or value where a list is wanted becomes a list of one.",
        "`sampledValue`, `meterValue`",
    ),
    (
        "json-in-string",
        "An object or list that was sent as JSON text in a string is unpacked.",
        "payloads that were encoded twice",
    ),
    (
        "value-for-object",
        "A bare value where an object with one leading member is wanted is wrapped.",
        "`evse`, `idToken`, `unitOfMeasure`",
    ),
    (
        "object-for-value",
        "An object with one single value where a bare value is wanted is unwrapped.",
        "`idTag` wrapped once more",
    ),
    (
        "object-for-string",
        "An object or list where a string is wanted becomes its JSON text.",
        "`data` of DataTransfer",
    ),
    (
        "number-for-string",
        "A number where a string is wanted becomes its text.",
        "`value` of MeterValues, configuration values",
    ),
    (
        "boolean-for-string",
        "A boolean where a string is wanted becomes `true` or `false`.",
        "configuration values",
    ),
    (
        "string-for-number",
        "A number in a string becomes a number.",
        "`connectorId`, `meterStop`",
    ),
    (
        "float-for-integer",
        "A whole number written with decimals becomes an integer.",
        "`meterStop` as 1200.0",
    ),
    (
        "value-for-boolean",
        '0, 1, "true", "no" and the like become booleans.',
        "`readonly` of configuration keys",
    ),
    (
        "multiple-of",
        "A decimal is rounded to the step that the schema wants.",
        "`limit` of charging schedules with two decimals",
    ),
    (
        "enum-spelling",
        "A value in another case or punctuation gets its proper spelling.",
        "`suspendedEv`, `energy.active.import.register`",
    ),
    (
        "enum-synonym",
        "A word that is known to mean one of the values is replaced by it.",
        "`Power` for `W`, `Error` for `OtherError`, 1.6 statuses in 2.x",
    ),
    (
        "date-without-zone",
        "A time without a zone is read in the zone of the station.",
        "local times in StatusNotification",
    ),
    (
        "date-spelling",
        "A time in an unusual but clear notation is written as RFC 3339.",
        "`+02`, missing seconds, slashes, single digits",
    ),
    (
        "date-rollover",
        "24:00:00 and second 60 become the instant that follows.",
        "leap seconds, end of the day",
    ),
    (
        "date-number",
        "Seconds or milliseconds since 1970 become a time.",
        "scripted stations",
    ),
)
_PAYLOAD_LOSSY = (
    (
        "fraction-for-integer",
        "A number with decimals where an integer is wanted is rounded.",
        "meter readings in Wh with decimals",
    ),
    (
        "too-long",
        "A string above its limit is cut; the report holds all of it.",
        "`idTag` of StopTransaction, `info`, serial numbers",
    ),
    (
        "too-many-items",
        "A list above its limit keeps its first items; the report holds all of them.",
        "configuration and report lists",
    ),
    (
        "out-of-range",
        "A required number beyond its bounds becomes the bound; an optional one is left out.",
        "negative `seqNo`",
    ),
    (
        "enum-catch-all",
        "An unknown value of an enumeration with a word for all else becomes that word.",
        "`errorCode`, `reason`, `context`",
    ),
    (
        "enum-dropped",
        "Another unknown value of an optional enumeration is left out, unless the value beside it "
        "would then be another amount of energy.",
        "`unit` Hz",
    ),
    (
        "empty-list",
        "An empty list that must not be empty is left out where it is optional.",
        "`meterValue` of TransactionEvent",
    ),
    (
        "required-value-unknown",
        "A required value that is missing or unreadable becomes the one that says `unknown`.",
        "StopTransaction without `transactionId`",
    ),
    (
        "unusable-part",
        "The smallest part around a value beyond repair that may be left out is left out.",
        "one broken sampled value among many",
    ),
)


def _rules() -> dict[str, RepairRule]:
    groups = (
        (Stage.TEXT, _TEXT, False),
        (Stage.FRAME, _FRAME, False),
        (Stage.ACTION, _ACTION, False),
        (Stage.PAYLOAD, _PAYLOAD, False),
        (Stage.PAYLOAD, _PAYLOAD_LOSSY, True),
    )
    return {
        name: RepairRule(name, stage, description, seen, name not in _OFF, lossy)
        for stage, rows, lossy in groups
        for name, description, seen in rows
    }


# A station that reuses an id after a reboot looks the same as one that repeats a request.
_OFF = frozenset({"message-id-reused"})

REPAIRS: Mapping[str, RepairRule] = MappingProxyType(_rules())
"""Every repair by name."""
