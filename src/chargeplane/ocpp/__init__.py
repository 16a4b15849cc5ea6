"""The typed protocol library: every message of OCPP 1.2, 1.5, 1.6, 2.0.1 and 2.1, for both ends.

No sockets, no clock, no asyncio: text and the current time go in, typed events and text come out.

* ``v12`` ``v15`` ``v16`` ``v201`` ``v21``: the messages, datatypes and enumerations of a version
* ``catalogue``: which actions there are, who may send them, with which types
* ``codec``: JSON payload <-> message, with the verdict of the official schemas
* ``peer``: one conversation as a state machine; ``frames``: what it puts on the wire
* ``soap``: the same messages in SOAP envelopes, and the WSDLs of both services
* ``family``: 1.2 and 1.5 as 1.6, 2.0.1 as 2.1, and back
* ``tolerance``: repairs of what real stations send
* ``signing``: signed messages
* ``errors``: who is to blame, and what to answer

A version is imported only when it is asked for: ``from chargeplane.ocpp import v201``.
"""
