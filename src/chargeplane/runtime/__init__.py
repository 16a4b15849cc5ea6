"""The machinery under the central system and the virtual stations: links, store, bus, clock, keys.

It knows how to reach the world and how to keep things; what charging is, it does not know.
"""
