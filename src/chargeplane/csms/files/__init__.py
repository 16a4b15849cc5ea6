"""Files that stations send and fetch: one-time addresses, and nothing that can be used again.

    granted (station, purpose, size, expiry) -> the station's PUT or GET at the address -> used
                                             -> its time is over -> expired

The address holds a random token of 256 bits, of which only the hash is kept. It counts for one
station, one direction and one purpose, up to a size and a time, and for as many uses as were
granted: one, if nobody says more. All that is wrong with an address is answered alike.

A transfer that breaks off gives its use back, and leaves nothing behind. Commands that have
stations send or fetch files (N01 get-log, L01 update-firmware) ask for an address by the contract
in ``csms.exchange``. Files that many stations fetch lie on a shelf (``shelf``); what is old or too
much goes again (``tidying``).
"""

from __future__ import annotations

from chargeplane.csms.contract import Block
from chargeplane.csms.exchange import FileFault
from chargeplane.csms.files.api import routes
from chargeplane.csms.files.service import Direction, Files
from chargeplane.csms.files.shelf import Shelf
from chargeplane.csms.files.tidying import Tidying

__all__ = ["Direction", "FileFault", "Files", "Shelf", "Tidying", "block"]


def block(files: Files) -> Block:
    """The block."""
    return Block("files", routes=(routes(files),))
