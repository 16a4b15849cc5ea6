"""A control interface for virtual stations: REST, a WebSocket with frames, and a small page.

It is a tool for a desk: it has no log-in, is bound to loopback unless somebody says otherwise, and
refuses requests that another page or another host name makes a browser send.

* ``Panel``: the stations, what is told of them, what can be done with them
* ``create_control``: the application over it
"""

from __future__ import annotations

from chargeplane.station.control.app import create_control
from chargeplane.station.control.panel import Panel

__all__ = ["Panel", "create_control"]
