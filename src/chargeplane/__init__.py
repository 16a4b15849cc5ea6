"""The control plane for EV charging: one program that speaks every version of OCPP.

`chargeplane.ocpp` is the typed protocol library, for both ends of the wire. It stands on its own:
it opens no sockets, reads no clock and needs nothing else of this package.
"""

__version__ = "0.1.0"
