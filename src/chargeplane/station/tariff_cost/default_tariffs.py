"""Default tariffs of EVSEs: the one that holds, and those that will (2.1, I07)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import UTC, datetime

import msgspec

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import decode_custom
from chargeplane.station.hub import Hub

__all__ = ["TARIFFS_MAX", "DefaultTariffs"]

TARIFFS_MAX = 10
"""Of one EVSE, with those that are not valid yet."""
_DRAWER = "default tariffs"
_ALWAYS = datetime.min.replace(tzinfo=UTC)


class DefaultTariffs:
    """By EVSE, in the memory of the station (I07.FR.13)."""

    def __init__(self, hub: Hub) -> None:
        """Take up what is remembered."""
        self._hub = hub
        self._by_evse: dict[int, list[v21.TariffType]] = {each: [] for each in hub.evses}
        for key, kept in hub.memory.take_all(_DRAWER, list[msgspec.Raw]).items():
            if int(key) in self._by_evse:
                self._by_evse[int(key)] = [
                    msgspec.json.decode(text, type=v21.TariffType, dec_hook=decode_custom)
                    for text in kept
                ]

    def __iter__(self) -> Iterator[tuple[v21.TariffType, list[int]]]:
        """Each tariff, and the EVSEs where it is installed (I09.FR.04)."""
        found: dict[str, tuple[v21.TariffType, list[int]]] = {}
        for evse_id in self._by_evse:
            for tariff in self._current(evse_id):
                found.setdefault(tariff.tariff_id, (tariff, []))[1].append(evse_id)
        return iter(found.values())

    def find(self, evse_id: int) -> v21.TariffType | None:
        """The one that holds now (I07.FR.14, I07.FR.19)."""
        now = self._hub.time()
        valid = [each for each in self._current(evse_id) if _from(each) <= now]
        return valid[-1] if valid else None

    def has_room(self, evse_id: int) -> bool:
        """Whether one more may be installed there; 0: everywhere."""
        return all(len(self._current(each)) < TARIFFS_MAX for each in self._where(evse_id))

    def install(self, evse_id: int, tariff: v21.TariffType) -> None:
        """Have it at an EVSE, or with 0 at each (I07.FR.11, I07.FR.12).

        One that counts at once takes the place of the one that does (I07.FR.20 to FR.22).
        """
        now = self._hub.time()
        for each in self._where(evse_id):
            others = self._current(each)
            if not tariff.valid_from:
                others = [other for other in others if _from(other) > now]
            self._keep(each, [*others, tariff])

    def remove(self, tariff_ids: Collection[str] | None, evse_id: int | None) -> list[str]:
        """Forget those of these ids at this EVSE; None: of all, at all. The ids (I10)."""
        gone: dict[str, None] = {}
        for each in self._where(evse_id or 0):
            stays = []
            for tariff in self._current(each):
                if tariff_ids is None or tariff.tariff_id in tariff_ids:
                    gone[tariff.tariff_id] = None
                else:
                    stays.append(tariff)
            self._keep(each, stays)
        return list(gone)

    def _where(self, evse_id: int) -> list[int]:
        return [evse_id] if evse_id else list(self._by_evse)

    def _current(self, evse_id: int) -> list[v21.TariffType]:
        """Without those whose time is over; what holds is first, if anything does."""
        installed, now = self._by_evse[evse_id], self._hub.time()
        valid = [each for each in installed if _from(each) <= now]
        coming = sorted((each for each in installed if _from(each) > now), key=_from)
        # Of several that count from the same time, the one that came last.
        holds = [max(reversed(valid), key=_from)] if valid else []
        self._by_evse[evse_id] = holds + coming
        return self._by_evse[evse_id]

    def _keep(self, evse_id: int, tariffs: list[v21.TariffType]) -> None:
        self._by_evse[evse_id] = tariffs
        kept = [msgspec.Raw(msgspec.json.encode(each)) for each in self._current(evse_id)]
        if kept:
            self._hub.memory.put(_DRAWER, str(evse_id), kept)
        else:
            self._hub.memory.drop(_DRAWER, str(evse_id))


def _from(tariff: v21.TariffType) -> datetime:
    return tariff.valid_from or _ALWAYS
