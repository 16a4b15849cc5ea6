"""Repairs: a frame for every one, what each leaves alone, and what no input may do."""
