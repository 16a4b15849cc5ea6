"""Generators and maintenance scripts; nothing here is part of the installed package."""
