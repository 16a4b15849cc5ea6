"""Faults from outside: kills, full disks, locks, databases that go away, and what stations send.

``server`` is the central system as a process that can be killed at any moment, ``hosting`` starts
it. ``fleet`` has stations that remember what they were told, each on a ``wire``; ``ledgers``
compares that with the database. ``wild`` are stations that keep to no protocol.
"""
