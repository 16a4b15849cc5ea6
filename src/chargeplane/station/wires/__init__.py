"""How a station's frames get to the central system: over a WebSocket, or as SOAP over HTTP.

A ``Dialer`` opens ``Line`` after ``Line``; the station neither knows nor cares which kind.
"""

from __future__ import annotations

from chargeplane.station.wires.json_wire import JsonDialer
from chargeplane.station.wires.lines import Dialer, Heard, Line, NotConnected
from chargeplane.station.wires.soap_wire import SoapDialer

__all__ = ["Dialer", "Heard", "JsonDialer", "Line", "NotConnected", "SoapDialer"]
