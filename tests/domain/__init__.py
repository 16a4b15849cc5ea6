"""The values and rules of the domain."""
