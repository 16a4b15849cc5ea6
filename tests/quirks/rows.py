"""The rows of the project's list of field quirks, each in a few words and as the name of its file.

Numbers are those of the list, which leaves some out; from 91 on they are ours, for misbehaviour
that the list does not have. A row that comes in later gets a file and a line here; a test compares
the two.
"""

from __future__ import annotations

from typing import Final

__all__ = ["ROWS", "file_name"]

ROWS: Final = {
    1: "no subprotocol",
    2: "no Connection Upgrade",
    4: "no pongs",
    5: "pings by itself",
    7: "old shapes on a new socket",
    8: "long silence",
    10: "gives up while dialling",
    11: "never comes back",
    13: "stuck if asked before boot",
    14: "slow to connect",
    16: "empty texts",
    17: "signal as ICCID",
    19: "no boot after reconnect",
    20: "status before boot",
    22: "one message id for ever",
    23: "crashes when told",
    25: "truncated answer",
    26: "leading comma",
    28: "backslashes in tag",
    29: "empty message id",
    31: "readonly as number",
    32: "values without quotes",
    34: "value above its limit",
    35: "rate unit in other words",
    37: "booleans as digits",
    38: "unknown member",
    40: "words for nothing",
    41: "numbers as values",
    43: "kilowatt-hours as watt-hours",
    44: "hertz",
    46: "history at once",
    47: "import as export",
    49: "plain phases",
    50: "register of the session",
    52: "greatest id",
    53: "main meter all the time",
    55: "values after the end",
    56: "trigger needs a connector",
    58: "null as transaction",
    59: "minus one",
    61: "longer tag",
    62: "start again after reconnect",
    64: "hexadecimal tags only",
    65: "never stops",
    67: "error as error code",
    68: "long info",
    70: "no zone",
    71: "Zulu only",
    73: "old status",
    74: "ends below the least limit",
    76: "status of EVSE 0",
    77: "available with a cable",
    79: "stack level zero",
    80: "accepts and ignores",
    82: "limit in tenths",
    83: "somebody else controls",
    85: "checks with the old schema",
    86: "no message id",
    88: "identity in the wrong namespace",
    89: "sequence number twice",
    91: "values without a transaction",
    92: "values beside the events",
    93: "texts as bytes",
    94: "slash behind the identity",
    95: "long transaction ids",
    96: "empty list as payload",
    97: "unit beside the value",
    98: "buffer behind the envelope",
}


def file_name(row: int) -> str:
    """The name of the file of a row."""
    words = ROWS[row].lower().replace(":", "").replace(" ", "-")
    return f"{row:02}-{words}.toml"
