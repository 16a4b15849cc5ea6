"""The virtual station."""
