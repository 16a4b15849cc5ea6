"""Every error becomes ``application/problem+json``; errors of ours tell nothing but an incident id.

What really happened is in the log, under the same id.
"""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import Any
from uuid import uuid4

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.types import ExceptionHandlersMap
from sqlalchemy.exc import DBAPIError, StatementError

from chargeplane.runtime.rest import FieldFault, Problem
from chargeplane.runtime.rest.problems import MEDIA_TYPE
from chargeplane.runtime.store import StoreError

__all__ = ["HANDLERS", "answer"]

_log = logging.getLogger(__name__)

AnyRequest = Request[Any, Any, State]

_SLUGS = {
    400: ("invalid-request", "The request is not valid"),
    401: ("unauthenticated", "Authentication needed"),
    403: ("forbidden", "Not permitted"),
    404: ("not-found", "Not found"),
    405: ("method-not-allowed", "The resource has no such method"),
    413: ("too-large", "The request is too large"),
    415: ("unsupported-media-type", "The body must be JSON"),
    429: ("too-many-requests", "Too many requests"),
}
# Parameters whose names in Python differ from those in the query.
_IN_QUERY = {"items_max": "limit", "starts_at": "from", "ends_at": "to"}
_MEMBER = re.compile(r"Object (?:missing required|contains unknown) field `(?P<name>.+)`")


def answer(problem: Problem) -> Response[bytes]:
    """A problem as an answer."""
    return Response(
        problem.encoded(),
        status_code=problem.status,
        media_type=MEDIA_TYPE,
        headers=dict(problem.headers),
    )


def on_problem(_request: AnyRequest, problem: Problem) -> Response[bytes]:
    """A handler, or what it called, said what is wrong."""
    return answer(problem)


def on_http(request: AnyRequest, error: HTTPException) -> Response[bytes]:
    """The framework refused the request."""
    if error.status_code >= 500:
        return on_anything(request, error)
    unknown = ("http-error", "The request cannot be served")
    slug, title = _SLUGS.get(error.status_code, unknown)
    faults = _faults(error.extra)
    # With faults by field, the framework's own detail only repeats the address.
    is_news = not faults and error.detail.lower() != HTTPStatus(error.status_code).phrase.lower()
    detail = error.detail if is_news else ""
    return answer(
        Problem(slug, error.status_code, title, detail, faults, dict(error.headers or {}))
    )


def on_store(request: AnyRequest, error: StoreError) -> Response[bytes]:
    """The database is away or overloaded; nothing was acknowledged."""
    _log.warning("%s %s: %s", request.method, request.url.path, error)
    title = "The database does not answer; try again"
    return answer(Problem("store-unavailable", 503, title, headers={"Retry-After": "1"}))


def on_statement(request: AnyRequest, error: StatementError) -> Response[bytes]:
    """A value that no column can hold (NUL, a year too far) came in with the request."""
    if isinstance(error, DBAPIError) or not isinstance(error.orig, ValueError | OverflowError):
        return on_anything(request, error)
    return answer(Problem.invalid(detail=f"a value cannot be stored: {error.orig}"))


def on_anything(request: AnyRequest, error: Exception) -> Response[bytes]:
    """An error of ours."""
    incident = str(uuid4())
    _log.error(
        "%s %s failed, incident %s", request.method, request.url.path, incident, exc_info=error
    )
    detail = "the error was logged under the id of this incident"
    return answer(
        Problem("internal-error", 500, "Something went wrong here", detail, incident=incident)
    )


def _faults(extra: object) -> tuple[FieldFault, ...]:
    """What the framework found, by field."""
    if not isinstance(extra, list):
        return ()
    found = []
    for each in extra:
        name, message = str(each.get("key", "")), str(each.get("message", ""))
        name = "" if name == "data" else _IN_QUERY.get(name, name)
        if about := _MEMBER.fullmatch(message):
            name = f"{name}.{about['name']}".lstrip(".")
        found.append(FieldFault(name or "body", message))
    return tuple(found)


HANDLERS: ExceptionHandlersMap = {
    Problem: on_problem,
    HTTPException: on_http,
    StoreError: on_store,
    StatementError: on_statement,
    Exception: on_anything,
}
