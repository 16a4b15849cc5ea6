"""SOAP: payloads, headers, faults, WSDLs, hostile input, and zeep as the other end."""
