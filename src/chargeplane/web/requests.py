"""Requests whose body can be anything: what is no JSON is the sender's mistake, never an error."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.datastructures import State

from chargeplane.runtime.rest import Problem

__all__ = ["StrictRequest"]


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
