"""Charging profiles on a virtual station."""
