"""Signed messages: round trips, tampering, and hostile input."""
