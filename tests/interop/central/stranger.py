"""What the tests see of a station, whoever wrote it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from chargeplane.ocpp.versions import Version

__all__ = [
    "HANG_UP",
    "Answer",
    "Asked",
    "ErrorAnswer",
    "Memory",
    "Payload",
    "Stranger",
    "has_all",
]

Payload: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class ErrorAnswer:
    """A CALLERROR, or a SOAP fault; ``code`` is the word of OCPP-J."""

    code: str


HANG_UP = None
"""No answer: the station closes the connection."""

Answer: TypeAlias = Payload | ErrorAnswer | None


@dataclass(frozen=True)
class Asked:
    """A request of the central system, as the station's own library has read it."""

    action: str
    payload: Payload


@dataclass
class Memory:
    """What a station answers, and what it has heard."""

    answers: dict[str, Answer] = field(default_factory=dict)
    """By action. What is not here is not implemented."""
    asked: list[Asked] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    """What its library holds against a message of the central system."""

    def answer_to(self, action: str, payload: Payload) -> Answer:
        """Remember a request; what to answer."""
        self.asked.append(Asked(action, payload))
        return self.answers.get(action, ErrorAnswer("NotImplemented"))


class Stranger(Protocol):
    """A connected station."""

    id: str
    version: Version
    memory: Memory

    async def ask(self, action: str, payload: Payload) -> Payload:
        """Send a request with this payload, in the names of the wire; the answer's payload.

        Raises whatever its library raises if the answer is an error or breaks the schema.
        """
        ...

    async def aclose(self) -> None:
        """Go away."""
        ...


def has_all(whole: Any, part: Any) -> bool:
    """Whether a payload has these members, at any depth, and perhaps others."""
    if isinstance(part, dict):
        return all(name in whole and has_all(whole[name], part[name]) for name in part)
    if isinstance(part, list):
        return len(whole) == len(part) and all(map(has_all, whole, part))
    return bool(whole == part)
