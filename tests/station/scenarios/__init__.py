"""Scenarios: files, and how they are played."""
