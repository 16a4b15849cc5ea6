"""What the product thinks in: values and rules that know no version of OCPP, no I/O and no clock.

* ``addresses``, ``tokens``, ``metering``, ``money``, ``status``, ``transactions``: values.
* ``times``: which of two clocks to believe.
* ``events``: what a station told us. ``commands``: what we want of it, and what came of it.
* ``ledger``: every transaction message as received, and the fold that makes sessions of them.
* ``charging``: charging profiles, and what results from all of them over time.

The blocks translate between the wire and these types in their ``v1.py`` and ``v2.py``.
"""
