"""A charging profile inside a remote start (K05, F01.FR.08; 1.6 section 5.11)."""

from __future__ import annotations

from collections.abc import Callable

from chargeplane.domain.tokens import IdToken
from chargeplane.station.hub import Hub
from chargeplane.station.signals import EvseChanged, ProfileWanted
from chargeplane.station.smart_charging.checking import is_enabled

__all__ = ["Starting"]

Check = Callable[[int, object], str | None]
Install = Callable[[int, object], None]


class Starting:
    """Keeps a profile until the transaction that it is for has begun."""

    def __init__(self, hub: Hub, check: Check, install: Install) -> None:
        """Args: the hub; how the family checks a profile for an EVSE, and installs it."""
        self._hub = hub
        self._check = check
        self._install = install
        self._waiting: dict[int, tuple[IdToken, object]] = {}
        """By EVSE; at most one each."""
        hub.hears(ProfileWanted, self._on_wanted)
        hub.hears(EvseChanged, self._on_changed)

    def _on_wanted(self, wanted: ProfileWanted) -> None:
        if not is_enabled(self._hub):
            return  # K05.FR.04: a station without smart charging passes it over
        reason = self._check(wanted.evse_id, wanted.profile)
        if reason is not None:
            wanted.refused(reason)  # K05.FR.05
        else:
            self._waiting[wanted.evse_id] = wanted.token, wanted.profile

    def _on_changed(self, changed: EvseChanged) -> None:
        waiting, evse = self._waiting.get(changed.evse_id), self._hub.evses.get(changed.evse_id)
        if waiting is None or evse is None or evse.token is None:
            return
        token, profile = waiting
        if not evse.token.same_as(token):
            del self._waiting[evse.id]  # somebody else was quicker
        elif evse.transaction is not None:
            del self._waiting[evse.id]
            self._install(evse.id, profile)
