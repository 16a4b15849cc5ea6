"""Reports of charging profiles in 2.x: GetChargingProfiles, ReportChargingProfiles (K09)."""

from __future__ import annotations

from functools import partial
from itertools import groupby
from typing import cast

from chargeplane.domain.charging import Purpose
from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, given
from chargeplane.station.conversation import Outcome
from chargeplane.station.hub import Hub
from chargeplane.station.smart_charging.installed import Installed, Profiles, Wanted

__all__ = ["install"]

PROFILES_MAX = 10
"""Of one ReportChargingProfiles."""
_Status = v21.GetChargingProfileStatusEnumType


def install(hub: Hub, profiles: Profiles) -> None:
    """Answer requests for reports."""
    hub.answers(v21.GetChargingProfilesRequest, partial(_get, hub, profiles))


def _get(
    hub: Hub, profiles: Profiles, request: v21.GetChargingProfilesRequest
) -> v21.GetChargingProfilesResponse:
    found = _found(profiles, request)
    if not found:
        return v21.GetChargingProfilesResponse(status=_Status.NO_PROFILES)
    parts = _parts(found, request.request_id)

    def send(number: int, _outcome: Outcome | None = None) -> None:
        if number < len(parts):
            hub.ask(parts[number], partial(send, number + 1), early=True)

    hub.afterwards(lambda: send(0))
    return v21.GetChargingProfilesResponse(status=_Status.ACCEPTED)


def _found(profiles: Profiles, request: v21.GetChargingProfilesRequest) -> list[Installed]:
    criterion = request.charging_profile
    purpose, sources = criterion.charging_profile_purpose, criterion.charging_limit_source
    ids = criterion.charging_profile_id
    wanted = Wanted(
        frozenset(ids) if ids is not UNSET else None,
        given(request.evse_id),
        Purpose(purpose.value) if purpose else None,
        given(criterion.stack_level),
    )
    found = [each for each in profiles if wanted.fits(each)]
    if sources:
        found = [each for each in found if each.source in sources]
    return sorted(found, key=lambda each: (each.source, each.evse_id, each.profile.id))


def _parts(found: list[Installed], request_id: int) -> list[v21.ReportChargingProfilesRequest]:
    """One message for each source and EVSE; all but the last say that more come (K09.FR.02)."""
    parts: list[list[Installed]] = []
    for _, group in groupby(found, key=lambda each: (each.source, each.evse_id)):
        here = list(group)
        parts += [here[start : start + PROFILES_MAX] for start in range(0, len(here), PROFILES_MAX)]
    return [
        v21.ReportChargingProfilesRequest(
            request_id=request_id,
            charging_limit_source=rows[0].source,
            charging_profile=[cast(v21.ChargingProfileType, each.as_sent) for each in rows],
            tbc=True if number < len(parts) else UNSET,
            evse_id=rows[0].evse_id,
        )
        for number, rows in enumerate(parts, 1)
    ]
