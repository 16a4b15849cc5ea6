"""Requests of all kinds against a running server, made from its own description.

Half of them keep to the description, half break it. Other test modules give their own server.
"""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from typing import Any, cast

import requests
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from chargeplane.web import WebServer
from tests.web.serving import Serving

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
    negative_data_rejection,
]


@contextmanager
def served_in_thread(serving: AbstractAsyncContextManager[Serving]) -> Iterator[tuple[str, str]]:
    """The address of a real server in another thread, and an administrator's token."""
    told: list[tuple[str, str]] = []
    ready, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with serving as rest, WebServer(rest.app, "127.0.0.1", 0) as server:
            token = rest.admin.headers["Authorization"]
            told.append((f"http://127.0.0.1:{server.port}", token))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=loop.run_until_complete, args=(serve(),))
    thread.start()
    try:
        assert ready.wait(20), "the server did not start"
        yield told[0]
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def ask_everything(address: str, token: str, *, examples_max: int, only: str = "") -> Counter[int]:
    """Send requests of both kinds to every operation; how often each status was answered.

    Raises:
        FailureGroup: an answer is an error of ours, or not what the description says.
    """
    document = requests.get(f"{address}/api/openapi.json", timeout=10).json()
    seen: Counter[int] = Counter()
    with requests.Session() as session:
        for found in schemathesis.openapi.from_dict(document).get_all_operations():
            operation = cast(Any, found).ok()
            if only and operation.path != only:
                continue
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                if mode is GenerationMode.NEGATIVE and not _can_be_broken(operation):
                    continue
                _ask(operation.as_strategy(mode), address, token, session, seen, examples_max)
    return seen


def _can_be_broken(operation: Any) -> bool:
    raw = operation.definition.raw
    return "requestBody" in raw or any(each["in"] == "query" for each in raw.get("parameters", []))


def _ask(
    cases: st.SearchStrategy[Any],
    address: str,
    token: str,
    session: requests.Session,
    seen: Counter[int],
    examples_max: int,
) -> None:
    @settings(
        max_examples=examples_max,
        deadline=None,
        database=None,
        derandomize=True,
        suppress_health_check=list(HealthCheck),
    )
    @given(cases)
    def ask(case: Any) -> None:
        case.headers["Authorization"] = token
        answer = case.call(base_url=address, session=session, timeout=10)
        seen[answer.status_code] += 1
        if answer.status_code != 429:  # the log-in's own bound; not what is tested here
            case.validate_response(answer, checks=CHECKS)

    ask()
