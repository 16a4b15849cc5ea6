"""Fleets in simulated time."""
