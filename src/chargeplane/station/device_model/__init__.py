"""The device model of a station: which variables it has, what is in them, and reports of them."""
