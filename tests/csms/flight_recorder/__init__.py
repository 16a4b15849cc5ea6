"""The flight recorder, read."""
