"""SetNetworkProfile of 2.x (B09), and the key SecurityProfile of 1.6 (A05)."""

from __future__ import annotations

from functools import partial

from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import given
from chargeplane.station.device_model.variables import Place
from chargeplane.station.hub import Hub
from chargeplane.station.network import NetworkProfile
from chargeplane.station.signals import RedialWanted, SettingChanged

__all__ = ["install_v1", "install_v2"]

_Status = v21.SetNetworkProfileStatusEnumType


def install_v1(hub: Hub) -> None:
    """Follow the key; the answer goes first, then the station connects anew."""
    level = hub.variables.at(Place("SecurityCtrlr", "SecurityProfile"))

    def changed(change: SettingChanged) -> None:
        is_level = (change.component, change.variable) == ("SecurityCtrlr", "SecurityProfile")
        if is_level and hub.network.upgrade(int(level.value)):
            hub.afterwards(lambda: hub.tell(RedialWanted()))

    hub.hears(SettingChanged, changed)


def install_v2(hub: Hub) -> None:
    """Keep profiles; they are used when the priority names their slot, and the station boots."""
    hub.answers(v21.SetNetworkProfileRequest, partial(_set, hub))


def _set(hub: Hub, request: v21.SetNetworkProfileRequest) -> v21.SetNetworkProfileResponse:
    data = request.connection_data
    profile = NetworkProfile(
        data.ocpp_csms_url, data.security_profile, given(data.basic_auth_password)
    )
    slot = request.configuration_slot
    reason = hub.network.reason_against(slot, profile, used=hub.version is Version.V2_0_1)
    if data.ocpp_transport is v21.OCPPTransportEnumType.SOAP:
        reason = "InvalidNetworkConf"
    if reason is None:
        hub.network.keep(slot, profile)
        return v21.SetNetworkProfileResponse(status=_Status.ACCEPTED)
    info = v21.StatusInfoType(reason_code=reason)
    return v21.SetNetworkProfileResponse(status=_Status.REJECTED, status_info=info)
