"""The links, over real sockets on loopback, each test on both transports."""
