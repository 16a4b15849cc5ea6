"""The session ledger and its fold.

**The problem.** A transaction reaches us as messages over a bad line: late, twice, out of order,
some never, with wrong clocks, wrong ids and wrong units. Yet it is one session, with one bill.

**The ledger** (``entry``) is the set of all transaction messages as they were received. Entries are
added and never changed. A session is not stored by adding up messages as they come; it is a
function of the set of its entries, worked out anew when one is added:

    sessions = fold(entries)

What the function does not look at cannot disturb it. It never sees in which order the entries are
given, how often, or on which side of a restart they came. It sees facts of each entry: what the
station said and when by its clock, and when the entry *first* arrived. So any permutation, any
repetition and any division over restarts give the same sessions. The tests shuffle thousands of
histories to see that, and shuffle them under a fold that takes messages as they come to see it
fail.

**The steps**, each a module of small functions:

1. ``messages``: entries with one key and one content are one message, as of its first arrival. Its
   time is the station's, unless that cannot be (``domain.times``).
2. ``threads``: messages with one transaction id are one thread.
3. ``adoption``: messages that name no known transaction go to the thread whose turn it was on the
   EVSE, or stand alone. None is dropped.
4. ``registers``: the meter values of a thread become points of one energy register.
5. ``measuring``: the points become energy. If they do not behave as a register does, rules are
   asked in turn for one assumption under which they do: the clock jumped, kWh were labelled Wh,
   samples count from the start of the session, the register rolled over, and so on. The last rule
   adds what has certainly flowed. The answer is never negative.
6. ``settling``: the thread and the next start on its EVSE become a session. A session without an
   end is over when the next one starts on its EVSE.

**Remarks** (``remarks``) say what was odd, why the figures are what they are, and which frames show
it. A session with a remark that touches a figure is *repaired*: it stands out in lists, since
somebody may want to look before it is billed.

**One at a time.** ``scope`` names the entries that decide about one session, and
``fold_transaction`` folds these alone; the result is the same as that of folding everything. A
message with a known id touches its own session. A start also touches the session before it on the
EVSE and may give orphans a home; so does a message that names no known transaction.

**The ordinary case.** ``Running`` carries the figures of an ordinary transaction from message to
message, in a few microseconds each, and says no as soon as there is anything to decide. Its answer
is that of the fold or none.
"""

from chargeplane.domain.ledger.entry import UNKNOWN_IDS, EntryKind, LedgerEntry
from chargeplane.domain.ledger.folding import fold, fold_transaction, scope
from chargeplane.domain.ledger.remarks import Remark, RemarkKind
from chargeplane.domain.ledger.running import Running
from chargeplane.domain.ledger.session import Session

__all__ = [
    "UNKNOWN_IDS",
    "EntryKind",
    "LedgerEntry",
    "Remark",
    "RemarkKind",
    "Running",
    "Session",
    "fold",
    "fold_transaction",
    "scope",
]
