"""Tests of the block payment of the virtual station."""
