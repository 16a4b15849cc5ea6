"""What can be started, stopped, unlocked and triggered; the same for both families."""

from __future__ import annotations

from functools import partial
from typing import Final

from chargeplane.domain.tokens import IdToken
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.signals import (
    BootWanted,
    Cause,
    CertificateWanted,
    HeartbeatWanted,
    SampleDue,
    Signal,
    StatusWanted,
    StopWanted,
)
from chargeplane.station.signals.files import (
    FirmwareStatusWanted,
    LogStatusWanted,
    PublishStatusWanted,
)

__all__ = ["stop", "target_of_start", "trigger", "unlock"]

# The words of both families that mean one message, whatever EVSE is named.
_WANTED: Final[dict[str, Signal]] = {
    "BootNotification": BootWanted(),
    "Heartbeat": HeartbeatWanted(),
    "SignChargingStationCertificate": CertificateWanted("ChargingStationCertificate"),
    "SignChargePointCertificate": CertificateWanted("ChargingStationCertificate"),
    "SignV2GCertificate": CertificateWanted("V2GCertificate"),
    "FirmwareStatusNotification": FirmwareStatusWanted(),
    "SignedFirmwareStatusNotification": FirmwareStatusWanted(),
    "PublishFirmwareStatusNotification": PublishStatusWanted(),
    "DiagnosticsStatusNotification": LogStatusWanted(),
    "LogStatusNotification": LogStatusWanted(),
}


def target_of_start(
    hub: Hub, evse_id: int | None, token: IdToken, group_id: str | None = None
) -> Evse | None:
    """The EVSE for a remote start; None: refuse it. B02.FR.05: also while not accepted."""
    if hub.registration != "Accepted":
        return None
    wanted = hub.evses.values() if evse_id is None else filter(None, [hub.evses.get(evse_id)])
    free = [
        each
        for each in wanted
        if each.token is None
        and each.is_operative
        and hub.takes_sessions
        and not each.fault
        and hub.bookings.admits(each, token, group_id)
    ]
    free.sort(key=lambda each: (not each.is_plugged, each.id))
    return free[0] if free else None


def stop(hub: Hub, evse: Evse | None) -> bool:
    """End the transaction of an EVSE by order of the central system."""
    if evse is None or hub.registration != "Accepted":
        return False
    hub.afterwards(lambda: hub.tell(StopWanted(evse.id, Cause.REMOTE_STOP)))
    return True


def unlock(hub: Hub, evse: Evse) -> None:
    """Open the lock; in 1.x a transaction ends with it."""
    if evse.transaction is not None:
        hub.tell(StopWanted(evse.id, Cause.UNLOCKED))


def trigger(hub: Hub, message: str, evse_id: int | None) -> bool:
    """Send a message soon after the answer; False if the station cannot.

    Args:
        hub: the station.
        message: a word of TriggerMessage, the same in both families.
        evse_id: whose; None for all.
    """
    evse_ids = list(hub.evses) if evse_id is None else [evse_id]
    signals: list[Signal]
    if message in _WANTED:
        signals = [_WANTED[message]]
    elif message == "StatusNotification":
        signals = [StatusWanted(evse_id)]
    elif message == "MeterValues":
        alone = hub.family.value.startswith("2")  # those of a transaction are TransactionEvents
        signals = [SampleDue(id_, Cause.TRIGGERED, in_transaction=not alone) for id_ in evse_ids]
    elif message == "TransactionEvent":
        busy = [id_ for id_ in evse_ids if hub.evses[id_].transaction]
        signals = [SampleDue(id_, Cause.TRIGGERED) for id_ in busy]
    else:
        return False
    for signal in signals:
        hub.afterwards(partial(hub.tell, signal))
    return True
