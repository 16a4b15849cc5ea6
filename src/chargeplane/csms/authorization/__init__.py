"""Authorization: who may charge where.

A token is in the table with a status of its own, or it is unknown. Unknown tokens that somebody
presents are recorded with the status ``unknown``, so that an operator finds them in the list and
accepts or blocks them there.

    presented -> unknown | invalid | blocked | no_credit | expired | not_at_this_location
              -> accepted -> (at a start) concurrent_transaction

Both families get the decision in their own words (``csms.token_info``). Whether a token has too
many transactions is asked at a start alone (1.6, 7.2 and 2.1, AuthorizationStatusEnumType say so):
an Authorize is answered without it, so that a token of the same group, which charges elsewhere, can
stop a transaction (C09.FR.03). The decision is worked out anew each time; it costs one look by the
primary key.

Requirements: C01.FR.06, .07, .22, .25; C02.FR.02 (the start button needs no token);
C04.FR.01, .04 (key codes); C09.FR.02, .09,
.13; C11 (ClearCache). C07 (Plug & Charge) waits for the block certificates: until then a contract
certificate is refused, as C07.FR.17 wants it of one that cannot be verified. C16 (master pass)
needs nothing of us: the station compares groups.
"""

from __future__ import annotations

from chargeplane.csms.authorization import api, v1, v2
from chargeplane.csms.authorization.service import Authorizer
from chargeplane.csms.authorization.tables import expiring
from chargeplane.csms.contract import Block
from chargeplane.domain.commands import ClearCache
from chargeplane.ocpp import v16, v21

__all__ = ["Authorizer", "block", "expiring"]


def block(authorizer: Authorizer) -> Block:
    """The block. ``authorizer`` is what other blocks ask as well (``contract.Authorize``)."""
    return Block(
        name="authorization",
        v1={v16.AuthorizeRequest: v1.authorize(authorizer)},
        v2={v21.AuthorizeRequest: v2.authorize(authorizer)},
        commands_v1={ClearCache: v1.clear_cache},
        commands_v2={ClearCache: v2.clear_cache},
        routes=(api.routes(),),
    )
