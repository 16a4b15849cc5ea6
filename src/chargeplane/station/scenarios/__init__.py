"""Scenarios: files that say what people do at a station, and how they are played."""
