"""Batteries come in and go out, for a driver whom the central system has named."""

from __future__ import annotations

from dataclasses import dataclass

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v21
from chargeplane.station.hub import Hub
from chargeplane.station.signals.screens import BatteryInserted, BatteryTaken, SwapOffered
from chargeplane.station.tokens_2x import id_token_2x, token_of_2x

__all__ = ["Cabinet"]

SOH_PERCENT = 97.0
_Kind = v21.BatterySwapEventEnumType
_Status = v21.GenericStatusEnumType
_TIMER = "battery swap"


@dataclass(slots=True)
class _Swap:
    token: IdToken
    request_id: int
    is_in: bool = False


class Cabinet:
    """At most one swap goes on at a time."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._slots: dict[int, v21.BatteryDataType] = {}
        self._swap: _Swap | None = None
        hub.answers(v21.RequestBatterySwapRequest, self._on_request)
        hub.hears(BatteryInserted, self._on_inserted)
        hub.hears(BatteryTaken, self._on_taken)

    def _on_request(self, request: v21.RequestBatterySwapRequest) -> v21.RequestBatterySwapResponse:
        """S02.FR.01, S02.FR.04."""
        if self._swap is not None or self._charged() is None:
            info = v21.StatusInfoType(reason_code="NoBatteryAvailable")
            return v21.RequestBatterySwapResponse(status=_Status.REJECTED, status_info=info)
        self._swap = swap = _Swap(token_of_2x(request.id_token), request.request_id)
        wait_s = self._hub.variables.number("BatterySwapCtrlr", "Timeout", "In")
        offered = SwapOffered(swap.token, swap.request_id)
        self._hub.afterwards(lambda: self._hub.tell(offered))
        self._hub.after(wait_s, _TIMER, self._abort)  # S02.FR.05
        return v21.RequestBatterySwapResponse(status=_Status.ACCEPTED)

    def _charged(self) -> v21.BatteryDataType | None:
        """A battery that may be taken (S04.FR.05)."""
        least = self._hub.variables.number("BatterySwapCtrlr", "TargetSoC")
        return next((each for each in self._slots.values() if each.soc >= least), None)

    def _abort(self) -> None:
        self._swap = None

    def _on_inserted(self, inserted: BatteryInserted) -> None:
        """Without a swap somebody of the operator fills the cabinet, and nobody is told."""
        battery = v21.BatteryDataType(
            evse_id=inserted.evse_id,
            serial_number=inserted.serial_number,
            soc=inserted.soc_percent,
            soh=SOH_PERCENT,
        )
        self._slots[inserted.evse_id] = battery
        swap = self._swap
        if swap is not None and not swap.is_in:
            swap.is_in = True
            self._tell(_Kind.BATTERY_IN, battery, swap)
            wait_s = self._hub.variables.number("BatterySwapCtrlr", "Timeout", "Out")
            self._hub.after(wait_s, _TIMER, self._on_timeout)

    def _on_taken(self, taken: BatteryTaken) -> None:
        battery, swap = self._slots.pop(taken.evse_id, None), self._swap
        if battery is not None and swap is not None and swap.is_in:
            self._hub.timers.drop(_TIMER)
            self._swap = None
            self._tell(_Kind.BATTERY_OUT, battery, swap)

    def _on_timeout(self) -> None:
        """S03.FR.06."""
        battery, swap = self._charged(), self._swap
        self._swap = None
        if battery is not None and swap is not None:
            self._tell(_Kind.BATTERY_OUT_TIMEOUT, battery, swap)

    def _tell(
        self, kind: v21.BatterySwapEventEnumType, battery: v21.BatteryDataType, swap: _Swap
    ) -> None:
        self._hub.ask(
            v21.BatterySwapRequest(
                battery_data=[battery],
                event_type=kind,
                id_token=id_token_2x(swap.token),
                request_id=swap.request_id,
            )
        )
