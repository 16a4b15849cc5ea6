"""The REST interface of the whole program, with the routes of every block."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import httpx
import pytest

from tests.cli.calling import lines_until, ports, process, told
from tests.soak import cases
from tests.web.any_request import ask_everything

TOKEN = "a-token-of-my-own"


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("whole")
    with process(folder, "serve", *ports(), CHARGEPLANE_API_TOKEN=TOKEN) as running:
        yield told(lines_until(running, "Ctrl-C"), "Console").rstrip("/")


@pytest.mark.soak
def test_no_request_to_any_block_is_an_error_of_ours(address: str) -> None:
    seen = ask_everything(address, f"Bearer {TOKEN}", examples_max=cases(4, 1))
    assert sum(seen.values()) > 100
    assert not [status for status in seen if status >= 500]


def test_without_a_token_every_block_answers_401(address: str) -> None:
    document = httpx.get(f"{address}/api/openapi.json").json()
    guarded = [
        (method, path)
        for path, item in document["paths"].items()
        for method in item
        if path.startswith("/api/v1") and item[method].get("security")
    ]
    assert len(guarded) > 10
    with httpx.Client(base_url=address) as client:
        for method, path in guarded:
            place = path
            for each in document["paths"][path][method].get("parameters", ()):
                example = "1" if each["schema"].get("type") == "integer" else str(UUID(int=1))
                place = place.replace(f"{{{each['name']}}}", example)
            assert "{" not in place
            assert client.request(method, place).status_code == 401, (method, path)
