"""The oddities of real stations, as switches by name.

A quirk stands between the station, which is correct, and the wire: it changes frames that go out,
or how connections are opened and kept. A few act on the station itself. Each is one entry of
``QUIRKS``, with the row of the list of field quirks that it stands for; adding one is adding an
entry. So a correct central system can be shown to survive each.
"""

from __future__ import annotations

from chargeplane.station.quirks.behaving import REACTED_TO
from chargeplane.station.quirks.disguise import Disguise
from chargeplane.station.quirks.frames import Said
from chargeplane.station.quirks.registry import QUIRKS, Quirk

__all__ = ["QUIRKS", "REACTED_TO", "Disguise", "Quirk", "Said"]
