"""The device model: what stations report of it, and what came of reading and writing it."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection

from chargeplane.csms.contract import Decision, Heard, Station
from chargeplane.csms.provisioning import history, tables
from chargeplane.csms.provisioning.history import Source
from chargeplane.csms.provisioning.tables import Reading, Report
from chargeplane.csms.wire_ids import new_wire_id
from chargeplane.domain.commands import Accepted, Outcome, Refused, Variable
from chargeplane.domain.events import Event, VariablesReported
from chargeplane.ocpp.errors import ErrorCode, RemoteError
from chargeplane.ocpp.wire import Response
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Row, Rows, Store, StoreError, Unit

__all__ = ["DeviceModel", "Item", "Part", "outcome_of_items"]

_log = logging.getLogger(__name__)


class Part(NamedTuple):
    """One message of a report."""

    request_id: int
    number: int
    """From 0 (B07.FR.10)."""
    is_last: bool
    generated_at: datetime
    readings: Sequence[Reading]


@dataclass(frozen=True, slots=True)
class Item:
    """What came of one variable of a command; ``status`` is the station's word."""

    variable: Variable
    status: str
    is_done: bool
    value: str | None = None
    reason: str | None = None


class DeviceModel:
    """Keeps what stations say about their variables."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    # Reports --------------------------------------------------------------------------------

    async def request(self, station: Station, base: str) -> int:
        """A new id for a report. It is durable before anybody is asked for it."""
        request_id = new_wire_id()
        work = partial(
            tables.request_report,
            tenant_id=station.tenant_id,
            station_id=station.id,
            request_id=request_id,
            base=base,
            at=self._clock.now(),
        )
        await self._store.write(Function(work))
        return request_id

    async def reported(self, heard: Heard, part: Part, response: Response) -> Decision:
        """A part of a report (B07.FR.03, B08.FR.03). The last one makes it complete.

        Raises:
            RemoteError: the station is not accepted, and was not asked for it (B02.FR.09).
        """
        station = heard.station
        known = await self._store.read(partial(_look, station, part))
        if not known.is_welcome:
            reason = "the station is not accepted yet, and was not asked for this report"
            raise RemoteError(ErrorCode.SECURITY_ERROR, reason)
        report = known.report
        rows: list[Row] = []
        if known.has_room:
            mine, at = (station.tenant_id, station.id), heard.received_at
            rows += tables.report_rows(*mine, part.readings, part.generated_at, at)
            changes = history.changes_of(known.values, part.readings)
            rows += history.rows(*mine, changes, Source.REPORT, at)
            if changes and known.is_full:
                self._submit(station, Function(lambda each: history.prune(each, *mine)))
        else:
            _log.warning(
                "the station reports more variables than are kept", extra={"station_id": station.id}
            )
        events: list[Event] = []
        if report is not None:
            is_next = part.number == report.parts_count
            is_complete = part.is_last and is_next
            if part.number >= report.parts_count:  # not a repetition
                report = report._replace(parts_count=report.parts_count + 1)
            ended_at = heard.received_at if part.is_last else None
            rows.append(tables.report_row(station.tenant_id, station.id, report, ended_at))
            if part.is_last:
                events.append(_event(heard, part, report, is_complete))
        return Decision(response, tuple(rows), tuple(events))

    # Reading and writing --------------------------------------------------------------------

    def was_read(self, station: Station, readings: Iterable[Reading]) -> None:
        """Note what a station has answered. Nobody waits for it: it can be asked again."""
        at, readings = self._clock.now(), [*readings]
        rows = tables.value_rows(station.tenant_id, station.id, readings, at)
        if rows:
            self._note_changes(station, readings, Source.READ, at)
            self._submit(station, Rows(rows))

    def was_set(self, station: Station, values: Sequence[tuple[Variable, str]]) -> None:
        """Note what a station has taken."""
        at = self._clock.now()
        readings = [Reading(variable, value) for variable, value in values]
        self._note_changes(station, readings, Source.SET, at)
        work = partial(
            tables.note_set,
            tenant_id=station.tenant_id,
            station_id=station.id,
            values=values,
            at=at,
        )
        self._submit(station, Function(work))

    def _note_changes(
        self, station: Station, readings: Sequence[Reading], source: Source, at: datetime
    ) -> None:
        """To be submitted before the values: units are written in their order."""
        work = partial(
            history.note,
            tenant_id=station.tenant_id,
            station_id=station.id,
            readings=readings,
            source=source,
            at=at,
            by_name=history.actor(),
        )
        self._submit(station, Function(work))

    def _submit(self, station: Station, unit: Unit[Any]) -> None:
        def told(_: object, error: Exception | None) -> None:
            if error is not None:
                _log.warning(
                    "the variables were not noted: %s", error, extra={"station_id": station.id}
                )

        try:
            if not self._store.submit(unit, told):
                _log.warning(
                    "the variables were not noted: no room", extra={"station_id": station.id}
                )
        except StoreError as error:
            told(None, error)


def outcome_of_items(items: Sequence[Item], response: dict[str, Any]) -> Outcome:
    """The outcome of a command about several variables; each is told in ``results``.

    It is accepted if any variable was; the reason then names what was not.
    """
    response = {**response, "results": [msgspec.to_builtins(each) for each in items]}
    failed = Counter(each.status for each in items if not each.is_done)
    count = sum(failed.values())
    done = next((each for each in items if each.is_done), None)
    told = ", ".join(f"{number} × {status}" for status, number in failed.most_common())
    reason = f"{count} of {len(items)} variables: {told}" if count else None
    if done is None and items:
        first = items[0]
        return Refused(status=first.status, reason=first.reason or reason, response=response)
    return Accepted(status=done.status if done else "Accepted", reason=reason, response=response)


class _Known(NamedTuple):
    """What is known when a part of a report comes."""

    report: Report | None
    """It was asked for and is not complete."""
    is_welcome: bool
    has_room: bool
    values: dict[str, str | None]
    is_full: bool
    """The history of the station."""


def _look(station: Station, part: Part, connection: Connection) -> _Known:
    mine = station.tenant_id, station.id
    keys = (tables.key_of(each.variable) for each in part.readings)
    return _Known(
        tables.report_that_is_open(connection, *mine, part.request_id),
        station.is_accepted or tables.report_of(connection, *mine, part.request_id) is not None,
        tables.has_room(connection, *mine),
        history.values_of(connection, *mine, keys),
        history.is_full(connection, *mine),
    )


def _event(heard: Heard, part: Part, report: Report, is_complete: bool) -> VariablesReported:
    return VariablesReported(
        tenant_id=heard.station.tenant,
        station_id=heard.station.id,
        reported_at=part.generated_at,
        received_at=heard.received_at,
        frame_id=heard.frame,
        request_id=part.request_id,
        parts_count=report.parts_count,
        is_complete=is_complete,
    )
