"""What blocks build their REST routes with."""
