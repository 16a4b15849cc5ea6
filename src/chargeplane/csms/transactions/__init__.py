"""Transactions: every kilowatt-hour that a station tells of ends up in a session, once.

What a station says about a transaction (1.x StartTransaction, StopTransaction, MeterValues; 2.x
TransactionEvent) goes into the **ledger** as it was said, durable before it is answered. A session,
the row that people see and that is billed, is a fold over the ledger (``domain.ledger``): any
order, any repetition and any gap ends in the same row.

* The ordinary message is taken without a look into the store: the station's ``book`` knows its
  transaction (``Running``), and the row follows in constant time.
* Any other one is ``refolded``: what it can touch is read, folded together, and compared.

Nothing is refused: not a stop of an unknown transaction, not the start of a blocked token. A
station repeats for ever what it gets an error for (1.6 4.8 and 4.10; 2.x E04, E12).

A 1.x start gets a random id that is unique in the installation; a repeated start gets its first
answer again. Covered: 1.6 4.2, 4.7 to 4.10; 2.x E01 to E15 as far as the CSMS takes part.
"""

from __future__ import annotations

from chargeplane.csms.contract import Authorize, Block, FindRemoteStart
from chargeplane.csms.meter_values_v1 import OfTransaction
from chargeplane.csms.transactions.api import routes
from chargeplane.csms.transactions.correcting import Corrector, Tell
from chargeplane.csms.transactions.figures import active_count, day
from chargeplane.csms.transactions.live import Transactions as Shown
from chargeplane.csms.transactions.posting import Posting
from chargeplane.csms.transactions.samples import samples_after
from chargeplane.csms.transactions.service import Transactions
from chargeplane.csms.transactions.v1 import TransactionsV1
from chargeplane.csms.transactions.v2 import TransactionsV2
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Store

__all__ = [
    "Posting",
    "Transactions",
    "TransactionsV1",
    "TransactionsV2",
    "active_count",
    "block",
    "day",
    "samples_after",
]


def block(
    transactions: Transactions,
    authorize: Authorize,
    remote_start: FindRemoteStart,
    store: Store,
    clock: Clock,
    tell: Tell,
) -> tuple[Block, OfTransaction, OfTransaction]:
    """The block, and its handlers for the MeterValues of transactions, of 1.x and of 2.x.

    ``tell`` makes rows and events durable together, and then tells the events.
    """
    v1 = TransactionsV1(transactions, authorize, remote_start)
    v2 = TransactionsV2(transactions, authorize, remote_start)
    offered = routes(Shown(store), Corrector(store, clock, tell))
    block = Block("transactions", v1=v1.handlers, v2=v2.handlers, routes=(offered,))
    return block, v1.meter_values, v2.meter_values
