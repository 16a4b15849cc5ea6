"""The device model: variables, their rules, and reports of them."""
