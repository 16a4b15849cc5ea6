"""Tests of the block display of the virtual station."""
