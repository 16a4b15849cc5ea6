"""Who may charge: the central system's answer, or the cache, or the rule for being offline."""

from __future__ import annotations

from collections.abc import Callable

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp.wire import Request
from chargeplane.station.conversation import Outcome
from chargeplane.station.hub import Hub
from chargeplane.station.signals import AuthorizationWanted, Decision

__all__ = ["Authorization"]

CACHED_MAX = 500
"""Tokens in the cache; the one that was used longest ago goes first."""

_OFFLINE = "offline"


class Authorization:
    """Decides about tokens, and remembers (C10-C12, C15)."""

    def __init__(
        self,
        hub: Hub,
        request: Callable[[IdToken], Request],
        decision: Callable[[Outcome], Decision | None],
    ) -> None:
        """Args: the hub, and how the family says Authorize and reads its answer."""
        self._hub = hub
        self._request = request
        self._decision = decision
        self._cache: dict[str, Decision] = {}
        hub.hears(AuthorizationWanted, self._on_wanted)

    def clear(self) -> bool:
        """Empty the cache; False if it is switched off."""
        self._cache.clear()
        return self._hub.variables.flag("AuthCacheCtrlr", "Enabled")

    def _on_wanted(self, wanted: AuthorizationWanted) -> None:
        token, settings = wanted.token, self._hub.variables
        cached = self._cached(token)
        early = settings.flag("AuthCtrlr", "LocalPreAuthorize")
        if not settings.flag("AuthCtrlr", "Enabled"):
            wanted.decided(Decision(True, "Accepted"))
        elif cached is not None and cached.accepted and early:
            wanted.decided(cached)
        elif self._hub.is_online:
            self._hub.ask(self._request(token), lambda outcome: self._done(wanted, outcome))
        else:
            wanted.decided(self._alone(token))

    def _done(self, wanted: AuthorizationWanted, outcome: Outcome) -> None:
        decision = self._decision(outcome)
        if decision is not None:
            self._remember(wanted.token, decision)
        wanted.decided(decision or self._alone(wanted.token))

    def _alone(self, token: IdToken) -> Decision:
        """What the station decides without the central system (C15)."""
        settings = self._hub.variables
        cached = self._cached(token)
        if cached is not None and settings.flag("AuthCtrlr", "LocalAuthorizeOffline"):
            return cached
        unknown_may = settings.flag("AuthCtrlr", "OfflineTxForUnknownIdEnabled")
        return Decision(unknown_may and cached is None, _OFFLINE)

    def _cached(self, token: IdToken) -> Decision | None:
        if not self._hub.variables.flag("AuthCacheCtrlr", "Enabled"):
            return None
        found = self._cache.pop(token.key, None)
        if found is not None:
            self._cache[token.key] = found  # the last used stands last
        return found

    def _remember(self, token: IdToken, decision: Decision) -> None:
        if self._hub.variables.flag("AuthCacheCtrlr", "Enabled"):
            self._cache.pop(token.key, None)
            self._cache[token.key] = decision
            if len(self._cache) > CACHED_MAX:
                del self._cache[next(iter(self._cache))]
