"""One module for each rule. A rule takes a path and its text, and yields what is wrong."""
