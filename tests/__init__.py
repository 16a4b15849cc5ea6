"""The test suite: it mirrors src/, with architecture/, interop/ and fuzz/ beside."""
