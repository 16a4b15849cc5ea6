"""Users, tokens and roles."""
