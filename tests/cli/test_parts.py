"""Where stations are told to send and fetch files."""

from __future__ import annotations

from typing import Any

import pytest

from chargeplane.cli.parts import files_url
from chargeplane.runtime.settings import Settings

CASES = [
    ({"public_url": "https://cp.example/"}, False, "https://cp.example/api/v1"),
    ({"host": "127.0.0.1", "port": 81}, False, "http://127.0.0.1:81/api/v1"),
    ({"host": "::1", "port": 81}, False, "http://[::1]:81/api/v1"),
    ({"host": "192.0.2.7", "port": 81}, False, "http://192.0.2.7:81/api/v1"),
    ({"host": "0.0.0.0", "port": 81}, True, "http://127.0.0.1:81/api/v1"),
    ({"host": "0.0.0.0", "port": 81}, False, ""),
]
IDS = ["public", "this machine", "IPv6", "one address", "demonstration", "all addresses"]


@pytest.mark.parametrize(("given", "is_demo", "url"), CASES, ids=IDS)
def test_stations_are_told_an_address_that_they_can_reach_or_none(
    given: dict[str, Any], is_demo: bool, url: str
) -> None:
    assert files_url(Settings(**given), is_demo=is_demo) == url
