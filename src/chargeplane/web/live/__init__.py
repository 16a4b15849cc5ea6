"""The live stream: what the REST interface answers, and then every change of it, as it happens.

A client asks for views over one WebSocket, gets each as a snapshot, and then patches. Nothing is
done for each event and each client:

* ``hub`` hears the bus. An event marks the rows that somebody sees and nothing else; with nobody
  there it costs one look into an empty table. Four times a second the marked rows are read once,
  for all who see them.
* ``group`` is one view of one tenant: which rows are shown, and which of them have changed.
* ``feed`` is one page of it: what is shown there now, and the differences to what was.
* ``outbox`` is what waits for one client. One that is slow loses patches and gets a new snapshot.
* ``connection`` is the conversation with one client, without its socket; ``route`` has the socket.

The views themselves are declared by the blocks, beside their routes (``runtime.rest.views``).
"""

from chargeplane.web.live.hub import Hub
from chargeplane.web.live.noticing import Noticing
from chargeplane.web.live.route import stream_handler

__all__ = ["Hub", "Noticing", "stream_handler"]
