"""The audit log: who did what to what and why, so that nobody can change it unseen.

Each tenant has a chain of entries. An entry holds the SHA-256 of the one before, so that changing,
removing or inserting one breaks the chain (``chain.check``). It is written in the transaction of
the change itself: while a request or a command is at work, every unit of work that it writes
carries the note of it (``noting``), and what is not stored is not noted, and the other way round.

The head of a chain, its number and digest, can be kept elsewhere: against it even a chain that was
made anew from its beginning does not hold (``chargeplane audit verify --head``).
"""

from chargeplane.runtime.audit.chain import Broken, Entry, Head, append, check, entries, head
from chargeplane.runtime.audit.noting import Actor, Note, noted

__all__ = [
    "Actor",
    "Broken",
    "Entry",
    "Head",
    "Note",
    "append",
    "check",
    "entries",
    "head",
    "noted",
]
