"""What holds for every route: judged, described, with headers, offline."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from litestar import get
from litestar.handlers import HTTPRouteHandler
from sqlalchemy import Connection

from chargeplane.runtime.clock import SimulatedClock
from chargeplane.runtime.rest import PUBLIC, Routes, requires
from chargeplane.runtime.store import Function, Settings, StoreClosed
from chargeplane.web import status
from chargeplane.web.headers import SECURITY_HEADERS
from tests.web.serving import VERSION, Serving, serving

PAGES = [
    "/",
    "/status",
    "/setup",
    "/pages/setup.js",
    "/api/docs",
    "/api",
    "/pages/status.js",
    "/pages/status.css",
    "/pages/docs.css",
]
EVERYWHERE = [*PAGES, "/health/live", "/metrics", "/nothing", "/api/v1/me", "/api/openapi.json"]
# Whoever logs in has no token yet.
OPEN = {
    "log_in", "offer_passkey", "log_in_with_passkey", "set_up_installation", "show_oidc",
    "begin_oidc", "finish_oidc",
}  # fmt: skip


@get("/open")
async def unjudged() -> None:
    """Nobody said who may call this."""


@get("/open", opt=PUBLIC)
async def public() -> None:
    """Everybody may."""


async def test_a_handler_that_does_not_say_who_may_call_it_ends_the_program(
    settings: Settings, clock: SimulatedClock
) -> None:
    with pytest.raises(ValueError, match="unjudged must say requires"):
        async with serving(settings, clock, [Routes("Open", (unjudged,))]):
            pytest.fail("it was served")


async def test_two_blocks_cannot_offer_one_service(
    settings: Settings, clock: SimulatedClock
) -> None:
    blocks = [Routes("One", (), {"meters": 1}), Routes("Two", (), {"meters": 2})]
    with pytest.raises(ValueError, match="more than one block offers the service meters"):
        async with serving(settings, clock, blocks):
            pytest.fail("it was served")


@get("/elsewhere", opt=PUBLIC)
async def me() -> None:
    """Somebody else has this name already."""


async def test_two_operations_cannot_have_one_name(
    settings: Settings, clock: SimulatedClock
) -> None:
    with pytest.raises(ValueError, match="more than one handler is named me"):
        async with serving(settings, clock, [Routes("Other", (me,))]):
            pytest.fail("it was served")


async def test_a_public_handler_needs_no_token_and_a_guarded_one_does(
    settings: Settings, clock: SimulatedClock
) -> None:
    async with serving(settings, clock, [Routes("Open", (public,))]) as rest:
        assert (await rest.client.get("/api/v1/open")).status_code == 200
        assert (await rest.client.get("/api/v1/me")).status_code == 401


async def test_every_route_below_the_prefix_is_guarded_or_public(rest: Serving) -> None:
    paths = set()
    for route in rest.app.routes:
        for handler in getattr(route, "route_handlers", ()):
            if isinstance(handler, HTTPRouteHandler) and route.path.startswith("/api/v1"):
                assert handler.opt.get("guarded"), route.path
                paths.add(route.path)
    assert {"/api/v1/users", "/api/v1/me"} <= paths


@pytest.mark.parametrize("path", EVERYWHERE)
async def test_every_answer_has_the_security_headers(rest: Serving, path: str) -> None:
    answer = await rest.client.get(path)
    for name, value in SECURITY_HEADERS.items():
        assert answer.headers.get_list(name.decode()) == [value.decode()]
    assert "cache-control" in answer.headers
    assert "unsafe" not in answer.headers["content-security-policy"]


class Outward(HTMLParser):
    """Finds what a page would load, run or apply by itself."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("src", "href") and not re.match(r"[/#](?!/)", value or ""):
                self.found.append(f"{tag} {name}={value}")
            if name.startswith("on") or name == "style":
                self.found.append(f"{tag} {name}")
        if tag == "style" or (tag == "script" and not dict(attrs).get("src")):
            self.found.append(f"inline {tag}")


@pytest.mark.parametrize("path", ["/status", "/api/docs"])
async def test_a_page_asks_no_other_host_and_runs_nothing_inline(rest: Serving, path: str) -> None:
    answer = await rest.client.get(path)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    reader = Outward()
    reader.feed(answer.text)
    assert reader.found == []
    assert VERSION in answer.text


async def test_the_description_has_contents_that_lead_somewhere_and_code_without_backticks(
    rest: Serving,
) -> None:
    page = (await rest.client.get("/api/docs")).text
    contents = re.findall(r'<a href="#(part-[a-z0-9-]+)">', page)
    assert "part-schemas" in contents
    assert contents == re.findall(r'<h2 id="(part-[a-z0-9-]+)">', page)
    assert "<code>Idempotency-Key</code>" in page
    assert "`" not in page.partition('<h2 id="part-schemas">')[0]


async def test_what_a_page_needs_is_there_and_nothing_else_is(rest: Serving) -> None:
    page = (await rest.client.get("/status")).text
    needed = set(re.findall(r'(?:src|href)="(/pages/[^"]+)"', page))
    assert len(needed) == 3
    for path in needed:
        assert (await rest.client.get(path)).status_code == 200
    for path in ("/pages/status.html", "/pages/..%2fapp.py", "/pages/../app.py", "/pages/"):
        assert (await rest.client.get(path)).status_code == 404


def test_the_script_of_the_status_page_writes_text_and_never_markup() -> None:
    script = (Path(status.__file__).parent / "pages" / "status.js").read_text(encoding="utf-8")
    for danger in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert danger not in script


async def described(rest: Serving) -> dict[str, Any]:
    document: dict[str, Any] = (await rest.client.get("/api/openapi.json")).json()
    return document


async def test_the_description_is_openapi_3_1_and_complete(rest: Serving) -> None:
    document = await described(rest)
    assert document["openapi"].startswith("3.1")
    assert document["info"]["version"] == VERSION
    served = {
        (re.sub(r"{(\w+):\w+}", r"{\1}", route.path), method.lower())
        for route in rest.app.routes
        if route.path.startswith("/api/v1")
        for method in getattr(route, "methods", ())
        if method != "OPTIONS"
    }
    told = {
        (path, method)
        for path, item in document["paths"].items()
        for method in item
        if path.startswith("/api/v1")
    }
    assert told == served


async def test_the_description_tells_problems_keys_and_who_needs_a_token(rest: Serving) -> None:
    document = await described(rest)
    problem = {"$ref": "#/components/responses/Problem"}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            assert operation["responses"]["4XX"] == problem
            is_guarded = path.startswith("/api/v1") and operation["operationId"] not in OPEN
            assert bool(operation.get("security")) is is_guarded, path
            assert ("401" in operation["responses"]) is is_guarded
            names = [each["name"] for each in operation.get("parameters", [])]
            assert ("Idempotency-Key" in names) is (is_guarded and method == "post")
    assert "PageOfUserView" in document["components"]["schemas"]


async def test_every_reference_of_the_description_leads_somewhere(rest: Serving) -> None:
    answer = await rest.client.get("/api/openapi.json")
    document = answer.json()
    references = set(re.findall(r'"#/components/(\w+)/([^"]+)"', answer.text))
    assert references
    for kind, name in references:
        assert name in document["components"][kind]


async def test_operations_have_the_names_of_their_functions(rest: Serving) -> None:
    users = (await described(rest))["paths"]["/api/v1/users"]
    assert (users["get"]["operationId"], users["post"]["operationId"]) == ("list_users", "add_user")


async def test_health_tells_alive_and_ready(rest: Serving) -> None:
    assert (await rest.client.get("/health/live")).json() == {"status": "live"}
    ready = await rest.client.get("/health/ready")
    assert ready.status_code == 200
    assert ready.json() == {"status": "ready", "reason": "", "waiting_units": 0}
    assert (await rest.client.get("/health")).json() == ready.json()


async def test_a_store_that_has_ended_is_not_ready(
    settings: Settings, clock: SimulatedClock
) -> None:
    async with serving(settings, clock) as rest:
        await rest.store.__aexit__(None, None, None)
        answer = await rest.client.get("/health/ready")
        assert (await rest.client.get("/health")).status_code == 503
        assert answer.status_code == 503
        assert answer.json()["status"] == "not-ready"
        assert (await rest.client.get("/health/live")).status_code == 200
        with pytest.raises(StoreClosed):
            await rest.store.write(Function(nothing))


def nothing(_connection: Connection) -> None:
    """Write nothing."""


async def test_metrics_count_answers_and_commits(rest: Serving) -> None:
    await rest.client.get("/nothing")
    await rest.client.request("BREW", "/health/live")
    answer = await rest.client.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    text = answer.text
    assert 'chargeplane_http_requests_total{method="GET",status="404"} 1.0' in text
    assert 'chargeplane_http_requests_total{method="other",status="405"} 1.0' in text
    assert re.search(r"chargeplane_commit_seconds_count [1-9]", text)
    assert 'chargeplane_queue_depth{queue="store-writes"} 0.0' in text


def test_a_permission_is_needed_by_name() -> None:
    assert requires("stations:command").permission == "stations:command"


@pytest.mark.parametrize("path", ["/api/nothing", "/api/v1/nothing", "/api/a/b", "/api/v1/me/x"])
async def test_an_unknown_address_of_the_interface_is_told_alike_by_every_method(
    rest: Serving, path: str
) -> None:
    for method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"):
        answer = await rest.client.request(method, path, headers={"Accept": "text/html"})
        assert (method, answer.status_code) == (method, 404)
        assert answer.headers["content-type"] == "application/problem+json"


async def test_a_page_is_looked_at_by_head_as_by_get(rest: Serving) -> None:
    for path in ("/", "/stations"):
        got, looked = [
            await rest.client.request(method, path, headers={"Accept": "text/html"})
            for method in ("GET", "HEAD")
        ]
        assert (looked.status_code, looked.content) == (got.status_code, b"")
        assert looked.headers["content-type"] == got.headers["content-type"]


def test_the_set_up_page_has_all_its_words_in_both_languages() -> None:
    folder = Path(status.__file__).parent / "pages"
    script = (folder / "setup.js").read_text(encoding="utf-8")
    german, english = (
        re.findall(
            r"^    (\w+): \"", script.partition(f"  {language}: {{")[2].partition("  },")[0], re.M
        )
        for language in ("de", "en")
    )
    page = (folder / "setup.html").read_text(encoding="utf-8")
    shown = set(re.findall(r'data-word="(\w+)"', page))
    said = set(re.findall(r"words\.(\w+)", script))
    assert german == english
    assert shown | said <= set(german)
    assert len(shown) > 5
