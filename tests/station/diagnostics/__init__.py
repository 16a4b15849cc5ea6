"""Tests of the block diagnostics of the virtual station."""
