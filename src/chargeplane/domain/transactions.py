"""The words for what happens to a transaction: states, reasons of its end, what the car does."""

from enum import StrEnum

__all__ = ["ChargingState", "SessionState", "StopReason"]


class SessionState(StrEnum):
    """``repaired`` is over as well, but something about its figures had to be worked out."""

    ACTIVE = "active"
    ENDED = "ended"
    REPAIRED = "repaired"


class ChargingState(StrEnum):
    """What goes on in a transaction that is active."""

    IDLE = "idle"
    EV_CONNECTED = "ev_connected"
    CHARGING = "charging"
    SUSPENDED_EV = "suspended_ev"
    SUSPENDED_EVSE = "suspended_evse"


class StopReason(StrEnum):
    """Why a transaction ended: the union of both families."""

    DEAUTHORIZED = "deauthorized"
    EMERGENCY_STOP = "emergency_stop"
    ENERGY_LIMIT_REACHED = "energy_limit_reached"
    ENERGY_TRANSFER_REJECTED = "energy_transfer_rejected"
    EV_DISCONNECTED = "ev_disconnected"
    GROUND_FAULT = "ground_fault"
    HARD_RESET = "hard_reset"
    IMMEDIATE_RESET = "immediate_reset"
    LOCAL = "local"
    LOCAL_OUT_OF_CREDIT = "local_out_of_credit"
    MASTER_PASS = "master_pass"
    OTHER = "other"
    OVERCURRENT_FAULT = "overcurrent_fault"
    POWER_LOSS = "power_loss"
    POWER_QUALITY = "power_quality"
    REBOOT = "reboot"
    REMOTE = "remote"
    SOC_LIMIT_REACHED = "soc_limit_reached"
    SOFT_RESET = "soft_reset"
    STOPPED_BY_EV = "stopped_by_ev"
    TIME_LIMIT_REACHED = "time_limit_reached"
    TIMEOUT = "timeout"
    UNLOCK_COMMAND = "unlock_command"
