"""Tests of the block battery_swap of the virtual station."""
