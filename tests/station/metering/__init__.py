"""Tests of the block metering of the virtual station."""
