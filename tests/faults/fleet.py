"""Stations that charge without end, say everything until it is answered, and remember all of it.

A station has one message on its way. When the connection goes, it dials again and repeats the
message with the same content and a new message id (2.x Part 4, 4.1.4; 1.6 3.7). What it was
answered is in ``acknowledged``, what it has measured in ``measured``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Generator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import NamedTuple

from chargeplane.domain.ledger import EntryKind
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import HandshakeRefused, Wheel
from tests.faults.wire import Payload, Refused, Wire

__all__ = ["Fleet", "Said", "Station"]

EVSE = {"id": 1, "connectorId": 1}


LONG_REST = timedelta(hours=49)
"""What happened so long ago is not folded again together with a new message."""


def _long_ago() -> datetime:
    """A station has waited for a year to tell us all this."""
    return datetime.now(UTC).replace(microsecond=0) - timedelta(days=380)


class Said(NamedTuple):
    """The content of a transaction message, in neutral words."""

    station_id: str
    kind: EntryKind
    wire_id: str
    seq_no: int | None
    at: datetime
    register_wh: int


class Message(NamedTuple):
    """A request, and what it says; the ``wire_id`` of a 1.x start is in its answer."""

    action: str
    payload: Payload
    said: Said


Script = Generator[Message, Payload, None]


class Fleet:
    """All stations of a test."""

    def __init__(self, port: Callable[[], Awaitable[int]], count: int, seed: int) -> None:
        """Half of them speak 1.6; ``port`` waits until there is a server."""
        self.port = port
        self.wheel = Wheel()
        self.is_last_round = False
        """No station begins another transaction."""
        self.acknowledged_count = 0
        self.refused_count = 0
        versions = Version.V1_6, Version.V2_0_1
        self.stations = [
            Station(self, f"CP{number:03}", versions[number % 2], Random(f"{seed}/{number}"))
            for number in range(count)
        ]
        self._marks: list[tuple[int, asyncio.Future[None]]] = []

    async def run(self) -> None:
        """Until every station has finished its last transaction."""
        async with asyncio.TaskGroup() as group:
            for station in self.stations:
                group.create_task(station.run())

    def count(self) -> None:
        """One more message was acknowledged."""
        self.acknowledged_count += 1
        for mark in self._marks:
            if mark[0] <= self.acknowledged_count and not mark[1].done():
                mark[1].set_result(None)

    async def more(self, count: int) -> None:
        """Wait for so many more acknowledgements."""
        mark = self.acknowledged_count + count, asyncio.get_running_loop().create_future()
        self._marks.append(mark)
        await mark[1]
        self._marks.remove(mark)

    async def everyone(self) -> None:
        """Wait until each station has had one more acknowledgement."""
        before = {station: len(station.acknowledged) for station in self.stations}
        while any(len(station.acknowledged) == count for station, count in before.items()):
            await self.more(1)

    def cut(self) -> None:
        """All stations lose their connections."""
        for station in self.stations:
            if station.wire is not None:
                station.wire.link.cut("the network is gone")

    async def silence(self, duration_s: float) -> None:
        """Wait until nothing is acknowledged for so long."""
        count = -1
        while count != self.acknowledged_count:
            count = self.acknowledged_count
            await asyncio.sleep(duration_s)

    @property
    def acknowledged(self) -> list[Said]:
        """What all stations were answered to."""
        return [said for station in self.stations for said in station.acknowledged]

    @property
    def measured(self) -> dict[tuple[str, str], int]:
        """The energy (Wh) of each transaction whose end was answered, by station and wire id."""
        return {
            (station.name, wire_id): energy_wh
            for station in self.stations
            for wire_id, energy_wh in station.measured.items()
        }


@dataclass(eq=False)
class Station:
    """One station, charging at its only EVSE."""

    fleet: Fleet
    name: str
    version: Version
    dice: Random
    acknowledged: list[Said] = field(default_factory=list)
    measured: dict[str, int] = field(default_factory=dict)
    wires: int = 0
    wire: Wire | None = None
    register_wh: int = 0
    now: datetime = field(default_factory=_long_ago)

    async def run(self) -> None:
        """Say everything, each until it is answered."""
        script = self.script_v1() if self.version is Version.V1_6 else self.script_v2()
        message = next(script, None)
        while message is not None:
            try:
                wire = await Wire.dial(
                    await self.fleet.port(), self.name, self.version, self.fleet.wheel
                )
                self.wires += 1
                self.wire = wire
                while message is not None:
                    message = await self._say(wire, script, message)
                wire.link.close()
            except (OSError, HandshakeRefused):
                await asyncio.sleep(0.01)  # the pause before dialling again

    async def _say(self, wire: Wire, script: Script, message: Message) -> Message | None:
        """Say it once more; the next one if it was answered."""
        try:
            answer = await wire.ask(message.action, message.payload)
        except Refused:
            self.fleet.refused_count += 1
            await asyncio.sleep(0.1)  # as 2.x asks for: MessageAttemptInterval
            return message
        said = message.said
        if not said.wire_id:
            said = said._replace(wire_id=str(answer["transactionId"]))
        self.acknowledged.append(said)
        self.fleet.count()
        try:
            return script.send(answer)
        except StopIteration:
            return None

    def script_v2(self) -> Script:
        """Transactions of 2.0.1."""
        number = 0
        while not self.fleet.is_last_round:
            self._rest()
            number += 1
            wire_id, seq_no, start_wh = f"{self.name}-{number}", 0, self.register_wh
            yield self._event("Started", wire_id, seq_no, "Transaction.Begin")
            for _ in range(self.dice.randrange(6)):
                seq_no += 1
                self._flow()
                yield self._event("Updated", wire_id, seq_no, "Sample.Periodic")
            self._flow()
            yield self._event("Ended", wire_id, seq_no + 1, "Transaction.End")
            self.measured[wire_id] = self.register_wh - start_wh

    def script_v1(self) -> Script:
        """Transactions of 1.6."""
        while not self.fleet.is_last_round:
            self._rest()
            at, start_wh = self._tick(), self.register_wh
            begin = {"connectorId": 1, "idTag": self.name, "meterStart": start_wh}
            answer = yield self._message("StartTransaction", begin, EntryKind.STARTED, "", at)
            number = answer["transactionId"]
            for _ in range(self.dice.randrange(6)):
                self._flow()
                at = self._tick()
                sample = {"value": str(self.register_wh), "unit": "Wh"}
                values = {
                    "connectorId": 1,
                    "transactionId": number,
                    "meterValue": [{"timestamp": _text(at), "sampledValue": [sample]}],
                }
                yield self._message("MeterValues", values, EntryKind.METER, str(number), at)
            self._flow()
            at = self._tick()
            end = {"transactionId": number, "idTag": self.name, "meterStop": self.register_wh}
            yield self._message("StopTransaction", end, EntryKind.ENDED, str(number), at)
            self.measured[str(number)] = self.register_wh - start_wh

    def _message(
        self, action: str, payload: Payload, kind: EntryKind, wire_id: str, at: datetime
    ) -> Message:
        if action != "MeterValues":
            payload = {**payload, "timestamp": _text(at)}
        said = Said(self.name, kind, wire_id, None, at, self.register_wh)
        return Message(action, payload, said)

    def _event(self, kind: str, wire_id: str, seq_no: int, context: str) -> Message:
        at = self._tick()
        sample = {"value": self.register_wh, "context": context}
        payload: Payload = {
            "eventType": kind,
            "timestamp": _text(at),
            "triggerReason": "MeterValuePeriodic" if kind == "Updated" else "Authorized",
            "seqNo": seq_no,
            "transactionInfo": {"transactionId": wire_id},
            "evse": EVSE,
            "meterValue": [{"timestamp": _text(at), "sampledValue": [sample]}],
        }
        if kind == "Started":
            payload["idToken"] = {"idToken": self.name, "type": "ISO14443"}
        said = Said(self.name, EntryKind(kind.lower()), wire_id, seq_no, at, self.register_wh)
        return Message("TransactionEvent", payload, said)

    def _tick(self) -> datetime:
        """The station's clock, which shows milliseconds."""
        self.now += timedelta(milliseconds=self.dice.randrange(1, 60_000))
        return self.now

    def _rest(self) -> None:
        """Until the next car: a minute, or so long that this transaction is history."""
        self.now += self.dice.choice((timedelta(minutes=1), timedelta(minutes=1), LONG_REST))

    def _flow(self) -> None:
        self.register_wh += self.dice.randrange(1, 40)


def _text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
