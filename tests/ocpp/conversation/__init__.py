"""Frames and conversations: the state machine without sockets and with a clock of its own."""
