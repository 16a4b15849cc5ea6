"""Assembly of the application. A mistake in what a block declares ends the program at its start."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from chargeplane.runtime.access import Alarms, Policy
from chargeplane.runtime.bus import Bus
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import Authenticate, Idempotency, Principal, Requires, Routes
from chargeplane.runtime.rest.pages import page_request
from chargeplane.runtime.rest.times import span_of_query
from chargeplane.runtime.store import Store
from chargeplane.runtime.telemetry import Metrics
from chargeplane.web import console, documentation, health, status
from chargeplane.web.auditing import Auditing
from chargeplane.web.authentication import GUARDED, Authentication
from chargeplane.web.failures import HANDLERS
from chargeplane.web.headers import Outgoing
from chargeplane.web.live import Hub, Noticing, stream_handler
from chargeplane.web.requests import StrictRequest, each_once

__all__ = ["BODY_BYTES_MAX", "PREFIX", "Parts", "create_app"]

PREFIX = "/api/v1"
BODY_BYTES_MAX = 1_000_000
"""Of a request; a block that takes uploads raises it for its own routes."""


@dataclass(frozen=True)
class Parts:
    """What the application is made of."""

    store: Store
    clock: Clock
    metrics: Metrics
    authenticate: Authenticate
    """Whose a bearer token is."""
    routes: Sequence[Routes]
    version: str
    """Of the program, for the documentation and the status page."""
    console: Path = console.FOLDER
    """Where the built console is; without it the status page stands in its place."""
    policy: Policy = field(default_factory=Policy)
    """Of log-ins, and of the cookie of sessions."""
    bus: Bus | None = None
    """Tells the live stream what happens; without it, the stream only looks from time to time."""
    alarms: Alarms | None = None
    """Where wrong tokens and forged requests are told of."""
    recognise: Authenticate | None = None
    """The same as ``authenticate``, without a use of the token: for a stream that stays open."""


def create_app(parts: Parts) -> Litestar:
    """The application, ready for ``WebServer``.

    Raises:
        ValueError: a handler neither requires a permission nor is public, two blocks offer a
            service or a view of the same name, or two handlers have the same name.
    """
    _check(parts.routes)
    hub = Hub((view for each in parts.routes for view in each.views), parts.clock)
    if parts.bus is not None:
        parts.bus.listen(hub.hear)
    stream = stream_handler(
        hub,
        parts.authenticate,
        parts.clock,
        parts.policy,
        f"{PREFIX}/stream",
        parts.recognise or parts.authenticate,
    )
    services = {name: it for each in parts.routes for name, it in each.services.items()}
    places = {name: place for each in parts.routes for name, place in each.places.items()}
    services |= {"store": parts.store, "clock": parts.clock}
    routers = [
        Router(
            PREFIX,
            route_handlers=[*each.handlers],
            guards=[each_once],
            opt={**GUARDED, "places": frozenset(places)},
            tags=[each.title],
            security=[{documentation.SCHEME: []}],
        )
        for each in parts.routes
    ]
    return Litestar(
        [*routers, stream, *health.HANDLERS, *_pages(parts)],
        dependencies={**_provided(services), "metrics": _always(parts.metrics)},
        # Of the application, not of the routers: a router is copied with all that it refers to.
        middleware=[
            Authentication(parts.authenticate, parts.policy, places, parts.store, parts.alarms),
            Idempotency(parts.store, parts.clock),
            Auditing(parts.store, parts.clock, parts.policy, PREFIX),
        ],
        exception_handlers=HANDLERS,
        before_send=[Outgoing(parts.metrics), Noticing(hub)],
        lifespan=[_running(hub)],
        request_max_body_size=BODY_BYTES_MAX,
        request_class=StrictRequest,
        openapi_config=documentation.config(parts.version, _public(parts.routes)),
        logging_config=None,
        debug=False,
    )


def _running(hub: Hub) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """The hub works while the application does."""

    @asynccontextmanager
    async def running(_app: Litestar) -> AsyncIterator[None]:
        work = asyncio.create_task(hub.run(), name="live stream")
        yield
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)

    return running


def _pages(parts: Parts) -> tuple[HTTPRouteHandler, ...]:
    """What people look at."""
    if files := console.read(parts.console):
        return *console.handlers(files), *status.handlers(parts.version, ("/status",))
    return status.handlers(parts.version, ("/", "/status"))


def _check(routes: Sequence[Routes]) -> None:
    names = Counter(name for each in routes for name in each.services)
    if twice := [name for name, times in names.items() if times > 1]:
        raise ValueError(f"more than one block offers the service {', '.join(twice)}")
    operations = Counter(handler.fn.__name__ for each in routes for handler in each.handlers)
    if twice := [name for name, times in operations.items() if times > 1]:
        # Clients are generated with these names; the description could not be made.
        raise ValueError(f"more than one handler is named {', '.join(twice)}")
    for each in routes:
        for handler in each.handlers:
            if not is_judged(handler):
                raise ValueError(
                    f"{each.title}: {handler.fn.__name__} must say requires(...) or PUBLIC"
                )


def is_judged(handler: HTTPRouteHandler) -> bool:
    """Whether a handler says who may call it."""
    return bool(handler.opt.get("public")) or any(
        isinstance(guard, Requires) for guard in handler.guards or ()
    )


def _public(routes: Sequence[Routes]) -> frozenset[str]:
    """The names of the operations that need no token."""
    return frozenset(
        handler.fn.__name__
        for each in routes
        for handler in each.handlers
        if handler.opt.get("public")
    )


def _provided(services: Mapping[str, Any]) -> dict[str, Provide]:
    return {
        **{name: _always(service) for name, service in services.items()},
        "principal": Provide(_principal, sync_to_thread=False),
        "page": Provide(page_request, sync_to_thread=False),
        "span": Provide(span_of_query, sync_to_thread=False),
    }


def _always(service: object) -> Provide:
    def provide() -> Any:
        return service

    return Provide(provide, sync_to_thread=False)


def _principal(request: Request[Principal, str, State]) -> Principal:
    return request.user
