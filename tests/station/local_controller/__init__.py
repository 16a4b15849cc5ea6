"""The local controller."""
