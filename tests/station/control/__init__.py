"""The control interface of virtual stations."""
