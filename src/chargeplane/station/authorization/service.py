"""Who may charge: the local list, the cache, the central system's answer, or rules for being alone.

The list comes before the cache (C13.FR.01). With ``LocalPreAuthorize`` what they accept needs no
question (C12, C14); without a connection they decide where ``LocalAuthorizeOffline`` allows it
(C13), and ``OfflineTxForUnknownIdEnabled`` admits those of whom nothing is known (C15).
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec import structs

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp.wire import Request
from chargeplane.station.conversation import Outcome
from chargeplane.station.device_model.variables import Place
from chargeplane.station.hub import Hub
from chargeplane.station.known_tokens import ACCEPTED, Known, TokenCache
from chargeplane.station.signals import (
    AuthorizationWanted,
    Decision,
    DriverTariffHeard,
    TokenInfoHeard,
)

__all__ = ["Authorization"]

_OFFLINE = "offline"
_UNKNOWN = "Unknown"
_KNOWN_BYTES = 200
"""About what one entry of the cache takes."""


class Authorization:
    """Decides about tokens, and remembers (C10 to C16)."""

    def __init__(
        self,
        hub: Hub,
        request: Callable[[IdToken], Request],
        answer: Callable[[IdToken, Outcome], Known | None],
        conflict: Callable[[Known], None] = lambda _: None,
    ) -> None:
        """Take up the cache of earlier.

        Args:
            hub: the station.
            request: how the family says Authorize.
            answer: how its answer is read; None if there was none.
            conflict: told when the central system refuses a token that the list accepts.
        """
        self._hub = hub
        self._request = request
        self._answer = answer
        self._conflict = conflict
        self._cache = TokenCache(hub.memory)
        storage = hub.variables.at(Place("AuthCacheCtrlr", "Storage"))
        storage.read = lambda: str(len(self._cache) * _KNOWN_BYTES)
        hub.hears(AuthorizationWanted, self._on_wanted)
        hub.hears(TokenInfoHeard, self._on_info)

    def clear(self) -> bool:
        """Empty the cache; False if it is switched off (C11.FR.04)."""
        if not self._has("AuthCacheCtrlr", "Enabled"):
            return False
        self._cache.clear()
        return True

    def _on_info(self, heard: TokenInfoHeard) -> None:
        """An answer about a transaction says nothing of the tariff."""
        tariff = self._cache.tariff_of(heard.known.token)
        self._learn(structs.replace(heard.known, tariff=tariff))

    def _on_wanted(self, wanted: AuthorizationWanted) -> None:
        hub, token = self._hub, wanted.token
        known = self._known(token)
        if not self._has("AuthCtrlr", "Enabled"):
            wanted.decided(Decision(True, ACCEPTED))
        elif known is not None and self._decides(known, wanted):
            wanted.decided(self._decision(known))
        elif not hub.is_online:
            wanted.decided(self._alone(known))
        elif self._has("AuthCtrlr", "DisableRemoteAuthorization"):
            wanted.decided(self._decision(known) if known else Decision(False, _UNKNOWN))
        else:
            hub.ask(self._request(token), lambda outcome: self._done(wanted, outcome))

    def _decides(self, known: Known, wanted: AuthorizationWanted) -> bool:
        """Whether no question is needed, connected or not."""
        if known.status != ACCEPTED:
            listed = self._listed(known.token) is not None
            component = "LocalAuthListCtrlr" if listed else "AuthCacheCtrlr"
            return self._hub.is_online and self._has(component, "DisablePostAuthorize")
        same_group = known.group_id is not None and known.group_id == wanted.group_id
        if same_group and self._hub.is_online:
            return True  # C09.FR.07
        return self._hub.is_online and self._has("AuthCtrlr", "LocalPreAuthorize")

    def _done(self, wanted: AuthorizationWanted, outcome: Outcome) -> None:
        known = self._answer(wanted.token, outcome)
        if known is None:
            wanted.decided(self._alone(self._known(wanted.token)))
            return
        self._learn(known)
        wanted.decided(self._decision(known.at(self._hub.time())))

    def _alone(self, known: Known | None) -> Decision:
        """What the station decides without the central system (C13, C15)."""
        if known is not None and self._has("AuthCtrlr", "LocalAuthorizeOffline"):
            return self._decision(known)
        unknown_may = self._has("AuthCtrlr", "OfflineTxForUnknownIdEnabled")
        return Decision(unknown_may and known is None, _OFFLINE)

    def _decision(self, known: Known) -> Decision:
        accepted = known.status == ACCEPTED
        master = self._hub.variables.text("AuthCtrlr", "MasterPassGroupId")
        is_master = bool(master) and (known.group_id or "").casefold() == master.casefold()
        status = known.status
        if accepted and known.tariff:
            refusals: list[str] = []
            self._hub.tell(DriverTariffHeard(known.token, known.tariff, refusals.append))
            if refusals:
                accepted, status = False, refusals[0]
        return Decision(accepted, status, known.group_id, accepted and is_master, known.evse_ids)

    def _known(self, token: IdToken) -> Known | None:
        """What the list says, or else the cache, at this time."""
        now = self._hub.time()
        known = self._listed(token)
        if known is None and self._has("AuthCacheCtrlr", "Enabled"):
            lifetime_s = self._hub.variables.number("AuthCacheCtrlr", "LifeTime")
            known = self._cache.find(token, now, lifetime_s)
        return known.at(now) if known else None

    def _listed(self, token: IdToken) -> Known | None:
        if not self._has("LocalAuthListCtrlr", "Enabled"):
            return None
        return self._hub.local_list.find(token)

    def _learn(self, known: Known) -> None:
        """Remember what the central system says of a token (C10.FR.04, C10.FR.05)."""
        if self._has("AuthCacheCtrlr", "Enabled"):
            self._cache.remember(known, self._hub.time())
        listed = self._listed(known.token)
        if listed is not None and listed.status == ACCEPTED != known.status:
            self._conflict(known)

    def _has(self, component: str, variable: str) -> bool:
        return self._hub.variables.flag(component, variable)
