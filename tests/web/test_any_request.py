"""Whatever is asked, the answer is never an error of ours, and is what the description says."""

from __future__ import annotations

import pytest
from litestar import get
from schemathesis.core.failures import FailureGroup

from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.rest import Injected, PageRequest, Routes, requires
from chargeplane.runtime.store import Settings
from tests.soak import cases
from tests.web.any_request import ask_everything, served_in_thread
from tests.web.serving import serving


@pytest.mark.soak
def test_no_request_is_an_error_of_ours_and_no_broken_one_is_accepted(settings: Settings) -> None:
    with served_in_thread(serving(settings, SystemClock())) as (address, token):
        seen = ask_everything(address, token, examples_max=cases(10, 4))
    assert {200, 201, 400, 404} <= set(seen), seen
    assert sum(seen.values()) > cases(150, 60)
    assert not [status for status in seen if status >= 500]


@get("/planted", guards=[requires("planted:read")])
async def planted(page: Injected[PageRequest]) -> list[int]:
    """Fail for some of the pages that the description allows."""
    return [1_000 // (page.items_max % 2)]


def test_a_planted_error_is_found(settings: Settings) -> None:
    block = Routes("Planted", (planted,))
    with (
        served_in_thread(serving(settings, SystemClock(), [block])) as (address, token),
        pytest.raises(FailureGroup, match="Server error"),
    ):
        ask_everything(address, token, examples_max=10, only="/api/v1/planted")
