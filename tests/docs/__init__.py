"""What the documentation claims, tried."""
