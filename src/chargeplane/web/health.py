"""``/health`` (also ``/health/ready``), ``/health/live`` and ``/metrics``: for those who watch."""

from __future__ import annotations

from litestar import Response, get
from msgspec import Struct

from chargeplane.runtime.rest import Injected
from chargeplane.runtime.store import Store
from chargeplane.runtime.telemetry import Metrics
from chargeplane.runtime.telemetry.metrics import MEDIA_TYPE

__all__ = ["HANDLERS"]


class Live(Struct, frozen=True):
    """The program runs."""

    status: str = "live"


class Ready(Struct, frozen=True):
    """Whether the program can do its work."""

    status: str
    """``ready`` or ``not-ready``."""
    reason: str
    """Empty when it is ready. Never the database's own words, which may name hosts."""
    waiting_units: int
    """Units of work that wait for their commit."""


@get("/health/live", tags=["Health"], summary="Is the program alive?")
async def live() -> Live:
    """200 while the event loop turns."""
    return Live()


@get("/health", tags=["Health"], summary="Is it well?")
async def health(store: Injected[Store]) -> Response[Ready]:
    """The same as ``/health/ready``, for those who know one address."""
    return _told(store)


@get("/health/ready", tags=["Health"], summary="Can it work?")
async def ready(store: Injected[Store]) -> Response[Ready]:
    """200 while the store takes writes, 503 otherwise."""
    return _told(store)


def _told(store: Store) -> Response[Ready]:
    found = store.health
    if not found.writing:
        reason = "the writer of the store has ended"
    elif found.trouble is not None:
        reason = "the database is away; units wait for it"
    else:
        reason = ""
    status = "not-ready" if reason else "ready"
    return Response(Ready(status, reason, found.waiting_units), status_code=503 if reason else 200)


@get("/metrics", include_in_schema=False)
async def metrics_text(metrics: Injected[Metrics]) -> Response[bytes]:
    """Everything that is measured, as Prometheus reads it."""
    return Response(metrics.text(), media_type=MEDIA_TYPE)


HANDLERS = (live, health, ready, metrics_text)
