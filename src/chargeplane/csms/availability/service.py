"""Which report counts, and what is to be told of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from chargeplane.csms.availability.tables import Key, key_of, row_of, statuses
from chargeplane.csms.contract import Decision, Heard, Station
from chargeplane.domain.addresses import EvseAddress
from chargeplane.domain.events import ConnectorStatusChanged, Event
from chargeplane.domain.status import StatusReport, newer
from chargeplane.ocpp.wire import Response
from chargeplane.runtime.store import Row, Store

__all__ = ["CONNECTORS_MAX", "REFRESHED_AFTER", "Availability", "Statuses"]

_log = logging.getLogger(__name__)

CONNECTORS_MAX = 512
"""Of one station; what it reports beyond them is answered and not kept."""
REFRESHED_AFTER = timedelta(minutes=15)
"""So old may the times of a row be when the same is reported again."""

Reported = tuple[EvseAddress, StatusReport]


@dataclass(slots=True, eq=False)
class Statuses:
    """What is at hand of one station."""

    newest: dict[Key, StatusReport]
    """Of each connector. Its times may be newer than those of the row, all else is as stored."""
    stored_at: dict[Key, datetime]
    """When the report of the row was received."""

    @classmethod
    def of(cls, stored: dict[Key, StatusReport]) -> Statuses:
        """As the store has them."""
        return cls(stored, {key: report.received_at for key, report in stored.items()})

    def keep(self, taken: dict[Key, StatusReport]) -> None:
        """These are rows now."""
        self.newest |= taken
        self.stored_at |= {key: report.received_at for key, report in taken.items()}


class Availability:
    """Decides about reports of status. Reads the store once for each connection of a station."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def decide(
        self, heard: Heard, reported: Iterable[Reported], response: Response
    ) -> Decision | Awaitable[Decision]:
        """What to make of some reports, in their order."""
        known = heard.station.get(Statuses)
        if known is None:
            return self._first(heard, tuple(reported), response)
        return _decision(heard, known, reported, response)

    async def _first(
        self, heard: Heard, reported: tuple[Reported, ...], response: Response
    ) -> Decision:
        station = heard.station
        known = await self.known(station)
        return _decision(heard, known, reported, response)

    async def known(self, station: Station) -> Statuses:
        """What is known of a station, from the store if it is not at hand."""
        known = station.get(Statuses)
        if known is not None:
            return known
        look = partial(statuses, tenant_id=station.tenant_id, station_id=station.id)
        read = Statuses.of(await self._store.read(look))
        found: Statuses = station.state.setdefault(
            Statuses, read
        )  # a SOAP station asks in parallel
        return found


def _decision(
    heard: Heard, known: Statuses, reported: Iterable[Reported], response: Response
) -> Decision:
    taken: dict[Key, StatusReport] = {}
    events: list[Event] = []
    for evse, report in reported:
        key = key_of(evse)
        before = taken.get(key) or known.newest.get(key)
        if before is None and len(known.newest) + len(taken) >= CONNECTORS_MAX:
            _log.warning(
                "the station reports more connectors than are kept",
                extra={"station_id": heard.station.id},
            )
        elif before is None or _says_something_new(before, report):
            taken[key] = report
            events.append(_event(heard, evse, report, before))
        elif newer(before, report) is before:
            continue
        elif key in taken or report.received_at - known.stored_at[key] >= REFRESHED_AFTER:
            taken[key] = report
        else:
            known.newest[key] = report
    if not taken:
        return Decision(response, durable=False)
    station = heard.station
    rows: tuple[Row, ...] = tuple(
        row_of(station.tenant_id, station.id, key, report) for key, report in taken.items()
    )
    return Decision(response, rows, tuple(events), kept=partial(known.keep, taken))


def _says_something_new(before: StatusReport, report: StatusReport) -> bool:
    return newer(before, report) is report and (
        report.status is not before.status
        or report.error_code != before.error_code
        or report.info != before.info
        or report.vendor_error_code != before.vendor_error_code
    )


def _event(
    heard: Heard, evse: EvseAddress, report: StatusReport, before: StatusReport | None
) -> ConnectorStatusChanged:
    return ConnectorStatusChanged(
        tenant_id=heard.station.tenant,
        station_id=heard.station.id,
        reported_at=report.reported_at,
        received_at=report.received_at,
        frame_id=heard.frame,
        evse=evse,
        status=report.status,
        previous=before.status if before else None,
        error_code=report.error_code,
        info=report.info,
        vendor_error_code=report.vendor_error_code,
    )
