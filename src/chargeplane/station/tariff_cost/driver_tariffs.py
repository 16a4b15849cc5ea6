"""Tariffs of drivers, which come with their authorization and are kept while in use (2.1, I08)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import msgspec

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import decode_custom
from chargeplane.station.device_model.variables import Place
from chargeplane.station.hub import Hub
from chargeplane.station.known_tokens import key_of
from chargeplane.station.signals import AlertWanted, DriverTariffHeard, EvseChanged

__all__ = ["DriverTariffs"]

_CTRLR = "TariffCostCtrlr"
_GOOD = "Accepted"


class _Held(NamedTuple):
    token: IdToken
    tariff: v21.TariffType | None
    """None: the station cannot process it, and the central system counts (I08.FR.33)."""


class DriverTariffs:
    """By token. Only of those who are authorized at an EVSE (I08.FR.06, I08.FR.07)."""

    def __init__(self, hub: Hub, judged: Callable[[v21.TariffType], str]) -> None:
        """Args: the hub, and what says whether a tariff can be processed, or why it cannot."""
        self._hub = hub
        self._judged = judged
        self._held: dict[str, _Held] = {}
        hub.hears(DriverTariffHeard, self._on_heard)
        hub.hears(EvseChanged, lambda _: self._tidy())

    def has(self, token: IdToken) -> bool:
        """Whether a tariff of its own came with this token."""
        return key_of(token) in self._held

    def find(self, token: IdToken) -> v21.TariffType | None:
        """Its tariff; None: the station must not count.

        Raises:
            KeyError: none came with it.
        """
        return self._held[key_of(token)].tariff

    def __iter__(self) -> Iterator[tuple[IdToken, v21.TariffType]]:
        """Those that the station counts by."""
        return ((each.token, each.tariff) for each in self._held.values() if each.tariff)

    def _on_heard(self, heard: DriverTariffHeard) -> None:
        """I08.FR.04, I08.FR.30 to FR.36."""
        if self._hub.variables.text(_CTRLR, "Enabled", "Tariff") != "true":
            return
        self._tidy()
        key = key_of(heard.token)
        tariff = msgspec.json.decode(heard.tariff, type=v21.TariffType, dec_hook=decode_custom)
        status = self._judged(tariff)
        self._set_problem("" if status == _GOOD else status)
        if status == _GOOD:
            self._held[key] = _Held(heard.token, tariff)
            return
        self._held.pop(key, None)
        match self._hub.variables.text(_CTRLR, "HandleFailedTariff", "Tariff"):
            case "Deauthorize":
                heard.refused(status)
            case "CentralCost":
                self._held[key] = _Held(heard.token, None)

    def _set_problem(self, why: str) -> None:
        variable = self._hub.variables.at(Place(_CTRLR, "Problem"))
        value = "true" if why else "false"
        if variable.value != value:
            variable.value = value
            self._hub.variables.changed(variable)
            self._hub.tell(AlertWanted(_CTRLR, "Problem", why))

    def _tidy(self) -> None:
        if not self._held:
            return
        in_use = set[str]()
        for evse in self._hub.evses.values():
            running = evse.transaction.token if evse.transaction else None
            in_use |= {key_of(token) for token in (evse.token, running) if token is not None}
        self._held = {key: each for key, each in self._held.items() if key in in_use}
