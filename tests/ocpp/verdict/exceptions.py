"""Where our verdict may differ from that of a schema, and why. Nothing else may."""

from __future__ import annotations

from dataclasses import dataclass

from chargeplane.ocpp.versions import Version
from tests.ocpp.verdict.generate import Fault


@dataclass(frozen=True)
class Disagreement:
    """A kind of fault that the schema lets pass and we refuse."""

    fault: Fault
    versions: frozenset[Version]
    schema: str
    """A schema file with such a fault, as a proof that the exception is still needed."""
    why: str


EVERY = frozenset({Version.V1_6, Version.V2_0_1, Version.V2_1})

DISAGREEMENTS = (
    Disagreement(
        Fault.FORMAT,
        EVERY,
        "BootNotificationResponse",
        "JSON Schema calls `format` an annotation that a validator need not assert, and the judge "
        "here does not. OCPP demands RFC 3339 (1.6-J, 3.3; 2.x Part 4, 5.3) with a zone, "
        "and a message whose time nobody can read is of no use.",
    ),
    Disagreement(
        Fault.BEYOND_DOUBLE,
        frozenset({Version.V2_0_1, Version.V2_1}),
        "GetCompositeScheduleResponse",
        "A JSON number has no bound in a schema. The JSON parser refuses one that no double can "
        "hold (RFC 8259, 6 allows it), rather than to make an infinity of it.",
    ),
    Disagreement(
        Fault.WHOLE_FLOAT,
        frozenset({Version.V1_6}),
        "GetLog",
        "1.6 has schemas of two drafts: for the 56 core files (draft 4) 1.0 is not an integer, for "
        "the 22 files of the security extension (draft 6) it is. We keep the rule of the core for "
        "the whole of 1.6.",
    ),
)


def is_explained(version: Version, fault: Fault) -> bool:
    """Whether we may refuse this fault although the schema accepts it."""
    return any(row.fault is fault and version in row.versions for row in DISAGREEMENTS)
