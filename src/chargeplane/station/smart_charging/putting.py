"""SetChargingProfile of 2.x, and profiles that come with a remote start (K01, K05)."""

from __future__ import annotations

from msgspec.structs import replace

from chargeplane.domain.charging import Kind, Purpose
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.hub import Hub
from chargeplane.station.smart_charging.checking import reason_against
from chargeplane.station.smart_charging.dynamic import Dynamic
from chargeplane.station.smart_charging.installed import Installed, Profiles
from chargeplane.station.smart_charging.limiting import Limiting
from chargeplane.station.smart_charging.needs import Needs
from chargeplane.station.smart_charging.profiles_2x import profile_of_2x, reason_against_2x

__all__ = ["Putting"]

_Set = v21.ChargingProfileStatusEnumType


class Putting:
    """Checks profiles and installs them."""

    def __init__(self, hub: Hub, profiles: Profiles, limiting: Limiting, needs: Needs) -> None:
        self._hub = hub
        self._profiles = profiles
        self._limiting = limiting
        self._needs = needs
        self.dynamic: Dynamic | None = None
        """Of 2.1 alone."""

    def on_request(self, request: v21.SetChargingProfileRequest) -> v21.SetChargingProfileResponse:
        """Answer SetChargingProfile."""
        evse_id, sent = request.evse_id, request.charging_profile
        reason = self._reason(evse_id, sent, starting=False)
        if reason is None:
            self._hub.afterwards(lambda: self._apply(evse_id))
            self._put(evse_id, sent)
            return v21.SetChargingProfileResponse(status=_Set.ACCEPTED)
        info = v21.StatusInfoType(reason_code=reason)
        return v21.SetChargingProfileResponse(status=_Set.REJECTED, status_info=info)

    def reason_to_start(self, evse_id: int, sent: object) -> str | None:
        """Why a profile may not come with a remote start (K05.FR.02, K05.FR.05)."""
        assert isinstance(sent, v21.ChargingProfileType)
        if sent.charging_profile_purpose.value != Purpose.TX or sent.transaction_id is not UNSET:
            return "InvalidProfile"
        return self._reason(evse_id, sent, starting=True)

    def start(self, evse_id: int, sent: object) -> None:
        """Its transaction has begun."""
        assert isinstance(sent, v21.ChargingProfileType)
        transaction = self._hub.evses[evse_id].transaction
        assert transaction is not None
        self._put(evse_id, replace(sent, transaction_id=transaction.id))
        self._limiting.apply()

    def draw_delays(self) -> None:
        """Each transaction has random delays of its own (K01.FR.93)."""
        for each in list(self._profiles):
            sent = each.as_sent
            by_chance = (
                isinstance(sent, v21.ChargingProfileType)
                and sent.charging_schedule[0].randomized_delay
            )
            if by_chance and isinstance(sent, v21.ChargingProfileType):
                self._put(each.evse_id, sent)

    def _apply(self, evse_id: int) -> None:
        self._limiting.apply()
        self._needs.answer_profile(evse_id)

    def _put(self, evse_id: int, sent: v21.ChargingProfileType) -> None:
        now = self._limiting.now()
        profile = profile_of_2x(sent, now, self._hub.rng)
        if profile.kind is Kind.DYNAMIC and profile.updated_at is not None:
            sent = replace(sent, dyn_update_time=profile.updated_at)  # K28.FR.05
        installed = Installed(evse_id, profile, sent)
        self._profiles.put(installed)
        if self.dynamic is not None:
            self.dynamic.arm(installed)

    def _reason(self, evse_id: int, sent: v21.ChargingProfileType, *, starting: bool) -> str | None:
        is_tx = sent.charging_profile_purpose.value == Purpose.TX
        if is_tx and sent.transaction_id is UNSET and not starting:
            return "MissingParam"  # K01.FR.03
        hub, profiles = self._hub, self._profiles
        reason = reason_against_2x(hub, evse_id, sent)
        if reason is not None:
            return reason
        profile = profile_of_2x(sent, self._limiting.now(), hub.rng)
        reason = reason_against(hub, profiles, evse_id, profile, starting=starting)
        return reason or self._of_rivals(Installed(evse_id, profile, sent))

    def _of_rivals(self, new: Installed) -> str | None:
        """Two never stand in the same place (K01.FR.06, K01.FR.39, K01.FR.52, K01.FR.53)."""
        profile, evse_id, profiles = new.profile, new.evse_id, self._profiles
        if any(each.profile.may_meet(profile) for each in profiles.rivals(evse_id, profile)):
            return "DuplicateProfile"
        if profile.purpose is not Purpose.TX_DEFAULT:
            return None
        others = {each.evse_id for each in profiles} - {evse_id}
        elsewhere = others if evse_id == 0 else others & {0}
        taken = any(profiles.rivals(each, profile) for each in elsewhere)
        return "DuplicateProfile" if taken else None
