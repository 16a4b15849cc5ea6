"""Many stations with drivers who come to them, in one process, and what they did, counted."""
