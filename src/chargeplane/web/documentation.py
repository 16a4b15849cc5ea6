"""The description of the REST interface: OpenAPI 3.1 for programs, one plain page for people.

The page is made here from the same description. It has no script and needs no other host.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
from litestar import MediaType, Request, Response, Router
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import OpenAPIRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme

from chargeplane.runtime.rest import Problem
from chargeplane.web.describing import described
from chargeplane.web.failures import answer

__all__ = ["SCHEME", "config"]

SCHEME = "bearer"
_METHODS = ("get", "post", "put", "patch", "delete")
_DESCRIPTION = (
    "Errors are `application/problem+json` (RFC 9457). Lists come in pages: pass `next` as `cursor`"
    " for the one after. Every POST honours `Idempotency-Key` for 24 hours."
)


def config(version: str, public: frozenset[str]) -> OpenAPIConfig:
    """Where and how the description is served; ``public``: the operations that need no token."""
    return OpenAPIConfig(
        title="chargeplane",
        version=version,
        description=_DESCRIPTION,
        path="/api",
        openapi_router=Router(
            "/api", route_handlers=[], include_in_schema=False, after_request=_told
        ),
        render_plugins=[_Page("/docs", public), _Json("/openapi.json", public)],
        operation_id_creator=_name,
        components=Components(
            security_schemes={
                SCHEME: SecurityScheme(
                    type="http", scheme="bearer", description="A token: `cp_...`"
                )
            }
        ),
        use_handler_docstrings=True,
    )


async def _told(response: Response[Any]) -> Response[Any]:
    """Of an unknown address the framework tells in HTML, which no program reads."""
    if response.status_code == 404:
        return answer(Problem("not-found", 404, "Not found"))
    return response


class _Json(OpenAPIRenderPlugin):
    """The description for programs."""

    def __init__(self, path: str, public: frozenset[str]) -> None:
        super().__init__(path=path, media_type=MediaType.JSON)
        self._public = public

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return msgspec.json.encode(described(openapi_schema, self._public))


class _Page(OpenAPIRenderPlugin):
    """The description as one page."""

    def __init__(self, path: str, public: frozenset[str]) -> None:
        super().__init__(path=path)
        self._public = public

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        return "".join(_page(described(openapi_schema, self._public))).encode()


def _name(handler: HTTPRouteHandler, _method: Any, _path: Any) -> str:
    """Operations are named like their functions; clients are generated from these names."""
    return str(handler.fn.__name__)


def _page(schema: dict[str, Any]) -> Iterator[str]:
    info = schema["info"]
    yield (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_safe(info['title'])} REST</title>"
        '<link rel="icon" href="/pages/icon.svg"><link rel="stylesheet" href="/pages/docs.css">'
        f"</head><body><main><h1>{_safe(info['title'])} <small>{_safe(info['version'])}</small>"
        f"</h1><p>{_prose(info.get('description', ''))}</p>"
        '<p>For programs: <a href="/api/openapi.json">/api/openapi.json</a></p>'
    )
    by_tag: dict[str, list[str]] = {}
    for path, item in schema["paths"].items():
        for method in _METHODS:
            if operation := item.get(method):
                tag = (operation.get("tags") or ["Other"])[0]
                by_tag.setdefault(tag, []).append("".join(_operation(method, path, operation)))
    tags = [*sorted(by_tag), "Schemas"]
    links = " · ".join(f'<a href="#{_place(tag)}">{_safe(tag)}</a>' for tag in tags)
    yield f'<nav aria-label="Contents">{links}</nav>'
    for tag, operations in sorted(by_tag.items()):
        yield f'<h2 id="{_place(tag)}">{_safe(tag)}</h2>{"".join(operations)}'
    yield f'<h2 id="{_place("Schemas")}">Schemas</h2>'
    for name, each in sorted(schema.get("components", {}).get("schemas", {}).items()):
        yield (
            f'<details id="{_safe(name)}"><summary><code>{_safe(name)}</code></summary>'
            f"<pre>{_safe(json.dumps(each, indent=2))}</pre></details>"
        )
    yield "</main></body></html>"


def _operation(method: str, path: str, operation: dict[str, Any]) -> Iterator[str]:
    yield (
        f'<details class="operation"><summary><b class="{method}">{method.upper()}</b> '
        f"<code>{_safe(path)}</code> <span>{_safe(operation.get('summary', ''))}</span></summary>"
        f"<p>{_prose(operation.get('description', ''))}</p>"
    )
    if parameters := operation.get("parameters"):
        rows = "".join(
            f"<tr><td><code>{_safe(each['name'])}</code></td><td>{_safe(each['in'])}</td>"
            f"<td>{_prose(each.get('description') or '')}</td></tr>"
            for each in parameters
        )
        yield f"<table><thead><tr><th>Parameter<th>In<th>Meaning</tr></thead>{rows}</table>"
    if body := operation.get("requestBody"):
        yield f"<p>Body: {_schemas(body)}</p>"
    rows = "".join(
        f"<tr><td>{_safe(code)}</td><td>{_prose(each.get('description', ''))}</td>"
        f"<td>{_schemas(each)}</td></tr>"
        for code, each in operation.get("responses", {}).items()
    )
    yield f"<table><thead><tr><th>Answer<th>Meaning<th>Body</tr></thead>{rows}</table></details>"


def _schemas(holder: dict[str, Any]) -> str:
    """Links to the schemas of a body."""
    if holder.get("$ref"):
        return '<a href="#ProblemBody">ProblemBody</a>'
    links = []
    for kind, media in holder.get("content", {}).items():
        reference = media.get("schema", {}).get("$ref", "")
        name = reference.rpartition("/")[2]
        links.append(f'<a href="#{_safe(name)}">{_safe(name)}</a>' if name else _safe(kind))
    return ", ".join(links)


def _safe(text: object) -> str:
    return html.escape(str(text))


def _prose(text: object) -> str:
    """Text in which backticks mark code, as the descriptions have it for all readers."""
    return re.sub(r"(`+)([^`]+)\1", r"<code>\2</code>", _safe(text))


def _place(tag: str) -> str:
    """Where a part of the page is; schemas have their own names as ids."""
    return "part-" + re.sub(r"[^a-z0-9]+", "-", tag.lower())
