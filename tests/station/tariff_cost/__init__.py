"""Tests of the block tariff_cost of the virtual station."""
