"""Errors as the REST interface tells them: ``application/problem+json`` (RFC 9457).

    raise Problem.not_found("station", "CP1")

A ``slug`` is part of the contract: programs tell problems apart by it, people read the rest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from msgspec import Struct

__all__ = ["MEDIA_TYPE", "FieldFault", "Problem", "ProblemBody", "type_of"]

MEDIA_TYPE = "application/problem+json"
_TYPE_PREFIX = "urn:problem-type:chargeplane:"
FAULTS_MAX = 100
"""Faults by field in one answer; more help nobody."""


class FieldFault(Struct, frozen=True):
    """What is wrong with one field of a request."""

    field: str
    """The name of a query parameter, or the path of a member of the body: ``evses.0.id``."""
    message: str


class ProblemBody(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem as it is sent."""

    type: str
    title: str
    status: int
    detail: str = ""
    errors: tuple[FieldFault, ...] = ()
    incident: str = ""
    """Of an error of ours: the same id is in the log, beside what really happened."""


@dataclass(eq=False)
class Problem(Exception):
    """An answer that is an error. Raise it anywhere below a handler."""

    slug: str
    status: int
    title: str
    detail: str = ""
    errors: Sequence[FieldFault] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    incident: str = ""

    def __str__(self) -> str:
        return f"{self.status} {self.slug}: {self.detail or self.title}"

    def body(self) -> ProblemBody:
        """The members that are sent."""
        return ProblemBody(
            type=type_of(self.slug),
            title=self.title,
            status=self.status,
            detail=self.detail,
            errors=tuple(self.errors)[:FAULTS_MAX],
            incident=self.incident,
        )

    def encoded(self) -> bytes:
        """The body as JSON."""
        return msgspec.json.encode(self.body())

    @classmethod
    def invalid(cls, *faults: FieldFault, detail: str = "") -> Problem:
        """400: fields of the request cannot be used."""
        return cls("invalid-request", 400, "The request is not valid", detail, faults)

    @classmethod
    def of_field(cls, name: str, message: str) -> Problem:
        """400: one field of the request cannot be used."""
        return cls.invalid(FieldFault(name, message))

    @classmethod
    def not_found(cls, what: str, which: object) -> Problem:
        """404: there is no such thing, or it belongs to another tenant."""
        return cls("not-found", 404, "Not found", f"there is no {what} {which}")

    @classmethod
    def forbidden(cls, detail: str) -> Problem:
        """403: the principal is known and may not do this."""
        return cls("forbidden", 403, "Not permitted", detail)

    @classmethod
    def conflict(cls, slug: str, detail: str) -> Problem:
        """409: the request is fine, and the state of things forbids it."""
        return cls(slug, 409, "In conflict with the current state", detail)

    @classmethod
    def unauthenticated(cls, detail: str) -> Problem:
        """401: nobody known sent this."""
        return cls(
            "unauthenticated",
            401,
            "Authentication needed",
            detail,
            headers={"WWW-Authenticate": 'Bearer realm="chargeplane"'},
        )


def type_of(slug: str) -> str:
    """The URI of a kind of problem."""
    return _TYPE_PREFIX + slug
