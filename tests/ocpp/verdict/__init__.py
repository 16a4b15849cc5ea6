"""The decoder against the official schemas: the same verdict on every message.

``generate`` makes messages and faults from a JSON schema alone, ``judges`` asks both sides, and
``exceptions`` lists where they may differ, and why.
"""
