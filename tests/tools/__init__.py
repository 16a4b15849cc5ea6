"""The maintenance scripts."""
