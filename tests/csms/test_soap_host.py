"""With which hosts a station can be registered."""

from __future__ import annotations

import pytest

from chargeplane.csms.soap_host import SoapHostFault, soap_host

GOOD = {
    "192.0.2.7": "192.0.2.7",
    "127.0.0.9": "127.0.0.9",
    "::ffff:192.0.2.7": "192.0.2.7",
    "2001:DB8:0:0::7": "2001:db8::7",
    "CP1.Example.com": "cp1.example.com",
    "xn--mnchen-3ya.example": "xn--mnchen-3ya.example",
    "charge_point-1": "charge_point-1",
    "0": None,
    "3221225991": None,
    "0300.0.2.7": None,
    "cp1.0x7f": None,
    "192.0.2.300": None,
    "192.0.2.7:80": None,
    "http://192.0.2.7": None,
    "cp1.example/": None,
    "a@cp1.example": None,
    "[2001:db8::7]": None,
    "2001:db8::7%eth0": None,
    "cp1.example.": None,
    " cp1.example": None,
    "cp1.example\n": None,
    "cp1..example": None,
    "-cp1.example": None,
    "m\u00fcnchen.example": None,
    "\u212aiosk.example": None,
    "a" * 64: None,
    ".".join(["a" * 50] * 5): None,
    "169.254.169.254": None,
    "::ffff:169.254.169.254": None,
    "fe80::1": None,
    "0.0.0.0": None,
    "::": None,
    "224.0.0.1": None,
    "": None,
}


@pytest.mark.parametrize(("text", "expected"), GOOD.items(), ids=ascii)
def test_a_host_is_an_address_or_a_name_and_nothing_more(text: str, expected: str | None) -> None:
    if expected is not None:
        assert soap_host(text) == expected
        return
    with pytest.raises(SoapHostFault, match="give an IP address or a host name|nothing is sent"):
        soap_host(text)
