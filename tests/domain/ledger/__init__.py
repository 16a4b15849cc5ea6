"""The session ledger and its fold."""
