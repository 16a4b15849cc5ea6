"""Tests of the block der of the virtual station."""
