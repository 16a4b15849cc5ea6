"""Requests that can hold anything: what cannot be read is the sender's mistake, never an error."""

from __future__ import annotations

from collections import Counter
from typing import Any

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.handlers import BaseRouteHandler

from chargeplane.runtime.rest import Problem

__all__ = ["StrictRequest", "each_once"]


class StrictRequest(Request[Any, Any, State]):
    """A request that says in our words why its body cannot be read."""

    async def json(self) -> Any:
        """The body, parsed.

        Raises:
            Problem: it is not UTF-8, or nested so deeply that no parser follows.
        """
        try:
            return await super().json()
        except UnicodeDecodeError as error:
            raise Problem.invalid(detail="the body is not UTF-8") from error
        except RecursionError as error:
            raise Problem.invalid(detail="the body is nested too deeply") from error


def each_once(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Guard all routes: no query parameter may be given twice.

    Whoever checks the first one, such as a proxy, and whoever uses the last one would see two
    different requests. No route of ours takes a list there.

    Raises:
        Problem: one is.
    """
    if b"&" not in connection.scope["query_string"]:
        return
    times = Counter(name for name, _ in connection.query_params.multi_items())
    for name, count in times.items():
        if count > 1:
            raise Problem.of_field(name, "it may be given once")
