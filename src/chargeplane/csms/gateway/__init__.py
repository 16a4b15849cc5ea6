"""The gateway: everything between a station's connection and the functional blocks.

``admission`` says who may connect, ``owners`` which connection speaks for a station. A
``conversation`` (JSON) or ``soap`` reads messages and asks the ``dispatcher``, which lets a block
decide and answers when the decision is durable. ``desk`` carries commands the other way.
"""
