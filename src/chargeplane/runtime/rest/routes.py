"""How a block declares its routes, and how a handler gets what it works with.

Names that every handler may ask for: ``store``, ``clock``, ``principal``, ``page``, ``span``; and
the services of its own block.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import SkipValidation
from sqlalchemy import Connection

from chargeplane.runtime.rest.views import View

__all__ = ["COMMON", "Injected", "Place", "Routes"]

T = TypeVar("T")

Injected: TypeAlias = NamedDependency[SkipValidation[T]]
"""Marks a parameter of a handler that is not part of the request: ``store: Injected[Store]``."""

Place = Callable[[Connection, UUID, Any, frozenset[str]], bool]
"""Whether something of a tenant is at one of these sites."""

COMMON = frozenset({"store", "clock", "principal", "page", "span"})
"""Names that are there for every handler."""


@dataclass(frozen=True)
class Routes:
    """The part of the REST interface that one block offers.

    Attributes:
        title: the heading of these routes in the documentation, such as ``Stations``.
        handlers: made by Litestar's ``get``, ``post`` and so on, with paths below ``/api/v1``.
        services: objects that the handlers ask for by name. A name may be taken once only.
        views: what it shows in the live stream.
        places: by the name of a path parameter: whether what it names is at one of some sites. It
            is asked before every handler of any block that has such a parameter, whenever the
            principal is limited to sites.
    """

    title: str
    handlers: tuple[HTTPRouteHandler, ...]
    services: Mapping[str, Any] = field(default_factory=dict)
    views: tuple[View, ...] = ()
    places: Mapping[str, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse services that would hide what every handler may ask for."""
        if taken := COMMON & set(self.services):
            raise ValueError(f"{', '.join(sorted(taken))}: every handler has this already")
