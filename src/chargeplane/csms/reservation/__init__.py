"""Reservations: an EVSE is kept free for a token, until somebody comes or the time is over.

A reservation is a row before its station is asked, so that whatever becomes of it is known, also
after a restart:

    requested -> refused by the station
              -> held -> used by a transaction | cancelled by us | removed by the station
                      -> expired | no_transaction (2.1: somebody came, and did not charge)

What is known comes in any order (``service``): the result is the same for every order. 2.x stations
tell how a reservation ended; of 1.x, the status of the connector tells it, or a start that names
the reservation. The clock ends what nobody else has ended.

Requirements: H01.FR.01 to .24, H02, H03, H04 as far as the CSMS takes part; 1.6, 4.8, 5.2 and 5.13;
the same of 1.5. 1.2 has no reservations. Under its id only the time of a reservation is replaced
(H01.FR.02).
"""

from __future__ import annotations

from chargeplane.csms.contract import Block, Send
from chargeplane.csms.reservation import v1, v2
from chargeplane.csms.reservation.api import routes
from chargeplane.csms.reservation.keeper import HEARD, Reservations, TellOf
from chargeplane.csms.reservation.tables import coming
from chargeplane.domain.commands import CancelReservation, Reserve
from chargeplane.ocpp import v21
from chargeplane.runtime.store import Store

__all__ = ["HEARD", "Reservations", "TellOf", "block", "coming"]


def block(reservations: Reservations, store: Store, send: Send) -> Block:
    """The block.

    Args:
        reservations: keeps them; ``reservations.hear`` listens to the events of ``HEARD``, and
            ``reservations.run`` runs beside the stations.
        store: with the tables of this block.
        send: carries out commands.
    """
    return Block(
        name="reservation",
        v2={v21.ReservationStatusUpdateRequest: v2.updates(reservations)},
        commands_v1={
            Reserve: v1.reserve(reservations),
            CancelReservation: v1.cancel(reservations),
        },
        commands_v2={
            Reserve: v2.reserve(reservations),
            CancelReservation: v2.cancel(reservations),
        },
        routes=(routes(reservations, store, send),),
    )
