"""The HTTP application: it puts together what the blocks offer, and adds what all of it needs.

``create_app(parts)`` makes the application; ``WebServer`` runs it inside the program's event loop.

==========================  ======================================================================
``/``                       the operator console (``ui/``, built into ``static/``)
``/status``                 a plain status page; it stands at ``/`` if the console was not built
``/api/v1/...``             the REST interface: the routes of all blocks, behind bearer tokens
``/api/openapi.json``       its description (OpenAPI 3.1); ``/api/docs`` is the same for people
``/health/live``            200 while the event loop turns
``/health``                 200 while the store takes writes, 503 with the reason otherwise; so
                            does ``/health/ready``
``/metrics``                Prometheus
==========================  ======================================================================
"""

from chargeplane.web.app import Parts, create_app
from chargeplane.web.server import WebServer, listening_at

__all__ = ["Parts", "WebServer", "create_app", "listening_at"]
