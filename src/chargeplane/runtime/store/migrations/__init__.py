"""The migrations of the core tables, and the environment in which all migrations run."""
