"""Real peers written by others: the PyPI package ``ocpp``, and ``ocpp-rpc`` from npm.

``conversation`` is our end on a plain websockets connection; ``messages`` what is exchanged.
``central`` has them, and others, at the running program.
"""
