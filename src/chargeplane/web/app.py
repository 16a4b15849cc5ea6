"""Assembly of the application. A mistake in what a block declares ends the program at its start."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Litestar, Request, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.handlers import HTTPRouteHandler

from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import Authenticate, Idempotency, Principal, Requires, Routes
from chargeplane.runtime.rest.pages import page_request
from chargeplane.runtime.rest.times import span_of_query
from chargeplane.runtime.store import Store
from chargeplane.runtime.telemetry import Metrics
from chargeplane.web import documentation, health, status
from chargeplane.web.authentication import GUARDED, Authentication
from chargeplane.web.failures import HANDLERS
from chargeplane.web.headers import Outgoing
from chargeplane.web.requests import StrictRequest

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


def create_app(parts: Parts) -> Litestar:
    """The application, ready for ``WebServer``.

    Raises:
        ValueError: a handler neither requires a permission nor is public, two blocks offer a
            service of the same name, or two handlers have the same name.
    """
    _check(parts.routes)
    services = {name: it for each in parts.routes for name, it in each.services.items()}
    services |= {"store": parts.store, "clock": parts.clock}
    routers = [
        Router(
            PREFIX,
            route_handlers=[*each.handlers],
            opt=GUARDED,
            tags=[each.title],
            security=[{documentation.SCHEME: []}],
        )
        for each in parts.routes
    ]
    return Litestar(
        [*routers, *health.HANDLERS, *status.handlers(parts.version)],
        dependencies={**_provided(services), "metrics": _always(parts.metrics)},
        # Of the application, not of the routers: a router is copied with all that it refers to.
        middleware=[Authentication(parts.authenticate), Idempotency(parts.store, parts.clock)],
        exception_handlers=HANDLERS,
        before_send=[Outgoing(parts.metrics)],
        request_max_body_size=BODY_BYTES_MAX,
        request_class=StrictRequest,
        openapi_config=documentation.config(parts.version, _public(parts.routes)),
        logging_config=None,
        debug=False,
    )


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
