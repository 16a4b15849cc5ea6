"""Fleets: many stations, the drivers who come to them, and what is counted."""
