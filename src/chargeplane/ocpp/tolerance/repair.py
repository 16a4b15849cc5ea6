"""What is said of a repair that was made."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Repair"]

SHOWN_LENGTH_MAX = 60


@dataclass(frozen=True, slots=True)
class Repair:
    """One change that was made to what the other end sent."""

    name: str
    """Of the rule, a key of ``REPAIRS``."""
    path: str
    """The JSON path of the value (``$.connectorId``); empty for repairs of the text."""
    before: object
    """What stood there, whole; for a text, a piece of it; None for what was not there."""
    after: object
    """What stands there now; None for what was left out."""

    def __str__(self) -> str:
        place = f" at {self.path}" if self.path else ""
        return f"{self.name}{place}: {_shown(self.before)} -> {_shown(self.after)}"


def _shown(value: object) -> str:
    if value is None:
        return "nothing"
    # Only the beginning of a long text is worth writing out.
    text = repr(value[: SHOWN_LENGTH_MAX + 1] if isinstance(value, str) else value)
    return text if len(text) <= SHOWN_LENGTH_MAX else f"{text[:SHOWN_LENGTH_MAX]}..."
