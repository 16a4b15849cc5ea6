"""Remote control: what we make a station do now. Start and stop, unlock, and ask for a message.

A remote start ends as the transaction that it caused:

    sent -> refused by the station: forgotten
         -> accepted, or not answered: pending for 120 s -> matched by a start | forgotten

Its id, a random positive number, is in the outcome (``response.remote_start_id``), and in
TransactionStarted once the start has come. 2.x carries the id on the wire (F01.FR.25). In 1.x a
start is matched by its token and its connector.

Requirements: F01, F02, F03, F05, F06; C05.FR.03, .05; 1.6, 5.11, 5.12, 5.17, 5.18, and
ExtendedTriggerMessage of the security whitepaper.
"""

from __future__ import annotations

from chargeplane.csms.contract import Block
from chargeplane.csms.remote_control import v1, v2
from chargeplane.csms.remote_control.service import RemoteStarts, WireId
from chargeplane.domain.commands import (
    StartCharging,
    StopCharging,
    TriggerMessage,
    UnlockConnector,
)

__all__ = ["RemoteStarts", "WireId", "block"]


def block(starts: RemoteStarts, wire_id: WireId) -> Block:
    """The block.

    Args:
        starts: ``starts.match`` is for the block transactions.
        wire_id: finds the station's id of a transaction by ours.
    """
    return Block(
        name="remote_control",
        commands_v1={
            StartCharging: v1.start_charging(starts),
            StopCharging: v1.stop_charging(wire_id),
            UnlockConnector: v1.unlock_connector,
            TriggerMessage: v1.trigger_message,
        },
        commands_v2={
            StartCharging: v2.start_charging(starts),
            StopCharging: v2.stop_charging(wire_id),
            UnlockConnector: v2.unlock_connector,
            TriggerMessage: v2.trigger_message,
        },
    )
