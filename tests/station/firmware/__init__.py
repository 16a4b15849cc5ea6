"""Tests of the block firmware of the virtual station."""
