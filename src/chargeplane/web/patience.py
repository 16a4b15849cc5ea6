"""uvicorn's HTTP with an end to its patience: it would wait for ever for the end of a request.

Nobody needs to log in to say half a request, and each connection is a file that a station lacks.
"""

from __future__ import annotations

import asyncio
from typing import Final

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

__all__ = ["Patient", "over_max"]

HEAD_S = 10.0
"""From the connection, or the first byte of a further request, to the end of the head."""
SILENCE_S = 30.0
"""How long a body may make us wait for its next byte."""
OVER_MAX: Final = 32


def over_max(connections_max: int) -> int:
    """Connections above the bound that are told 503; further ones are just cut."""
    return min(OVER_MAX, connections_max // 4 + 1)


class Patient(H11Protocol):
    """One connection of a browser or a program."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        most = self.limit_concurrency
        if most is not None and len(self.connections) > most + over_max(most):
            transport.abort()
        else:
            self._wait(HEAD_S)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        said = self.conn.their_state
        if said is h11.SEND_BODY:
            self._wait(SILENCE_S)
        elif said is not h11.IDLE or self.timeout_keep_alive_task is not None:
            self._stop_waiting()
        elif self._deadline is None:  # a further head has begun; it does not put its end off
            self._wait(HEAD_S)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def _wait(self, most_s: float) -> None:
        self._stop_waiting()
        self._deadline = self.loop.call_later(most_s, self._give_up)

    def _stop_waiting(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _give_up(self) -> None:
        if self.flow.read_paused:  # it is we who do not read
            self._wait(SILENCE_S)
        else:
            self.transport.abort()
