"""The machinery: real sockets, real databases, and a clock that is moved by hand."""
