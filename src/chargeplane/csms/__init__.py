"""The central system (CSMS): one folder for each functional block of OCPP, and what they stand on.

``contract`` is what a block and the gateway agree upon. ``inventory`` is which stations there are.
``gateway`` speaks with stations and asks the blocks. ``central`` puts all of it together.

A block is a folder with ``v1.py`` and ``v2.py`` (wire messages of a family <-> domain values),
``service.py`` (the rules), ``tables.py`` and ``api.py`` (its REST routes). Blocks never import each
other: what one needs of another is a protocol in ``contract``, or a domain event.
"""
