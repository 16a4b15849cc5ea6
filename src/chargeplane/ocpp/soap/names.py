"""The names that SOAP and WS-Addressing give to things."""

from __future__ import annotations

__all__ = ["ANONYMOUS", "CONTENT_TYPE", "FAULT_ACTION", "SOAP_11", "SOAP_12", "WSA"]

CONTENT_TYPE = "application/soap+xml; charset=utf-8"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"

ANONYMOUS = f"{WSA}/anonymous"
"""The address that means: answer in the same HTTP exchange."""
FAULT_ACTION = f"{WSA}/soap/fault"
"""The Action of every fault that has none of its own (WS-Addressing SOAP Binding, 6)."""
