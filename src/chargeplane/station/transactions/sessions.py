"""The rules of transactions on an EVSE, the same for both families."""

from __future__ import annotations

from functools import partial

from chargeplane.domain.tokens import IdToken
from chargeplane.station.evse import Evse
from chargeplane.station.hub import Hub
from chargeplane.station.remembering import keep_evse
from chargeplane.station.signals import (
    Cause,
    DutyWanted,
    EvseChanged,
    FaultChanged,
    LimitWanted,
    PluggedIn,
    ReservationUsed,
    SampleDue,
    StopWanted,
    TransactionEnded,
    TransactionResumed,
    TransactionStarted,
    Unplugged,
    UpdateWanted,
)
from chargeplane.station.transaction import Transaction
from chargeplane.station.transactions.telling import Teller

__all__ = ["Sessions"]

_AT_ONCE = frozenset(
    {Cause.RESET_HARD, Cause.RESET_SOFT, Cause.REBOOTED, Cause.UNLOCKED, Cause.FAULT}
)
"""What ends a transaction whatever TxStopPoint says."""


class Sessions:
    """Follows what happens at each EVSE, and starts and ends its transactions."""

    def __init__(self, hub: Hub, teller: Teller) -> None:
        self._hub = hub
        self._teller = teller

    def install(self) -> None:
        """Hear what matters."""
        hub = self._hub
        hub.hears(PluggedIn, self._on_plugged_in)
        hub.hears(Unplugged, self._on_unplugged)
        hub.hears(StopWanted, self._on_stop_wanted)
        hub.hears(SampleDue, self._on_sample_due)
        hub.hears(FaultChanged, self._on_fault)
        hub.hears(LimitWanted, self._on_limit_wanted)
        hub.hears(DutyWanted, self._on_duty_wanted)
        hub.hears(UpdateWanted, self._on_update_wanted)

    # What drivers do.

    def _on_plugged_in(self, signal: PluggedIn) -> None:
        evse = self._hub.evses[signal.evse_id]
        evse.served = False
        self._hub.timers.drop(("ev timeout", evse.id))
        self._hub.tell(EvseChanged(evse.id))  # the cable is told of first (E02)
        self._update(evse, Cause.PLUGGED)

    def _on_unplugged(self, signal: Unplugged) -> None:
        evse = self._hub.evses[signal.evse_id]
        if evse.transaction is None or self._hub.variables.flag(
            "TxCtrlr", "StopTxOnEVSideDisconnect"
        ):
            evse.token = None
        evse.served = False
        self._update(evse, Cause.UNPLUGGED)

    def _on_fault(self, signal: FaultChanged) -> None:
        evse = self._hub.evses[signal.evse_id]
        if signal.fault and evse.transaction is not None:
            self.stop(evse, Cause.FAULT, None)
        else:
            self._hub.tell(EvseChanged(evse.id))

    # What is wanted.

    def _on_stop_wanted(self, wanted: StopWanted) -> None:
        self.stop(self._hub.evses[wanted.evse_id], wanted.cause, None)

    def _on_sample_due(self, due: SampleDue) -> None:
        evse = self._hub.evses[due.evse_id]
        if due.in_transaction and evse.transaction is not None:
            self._hub.live(evse)
            self._teller.updated(evse, evse.transaction, due.cause, sampled=True)
            keep_evse(self._hub, evse)

    def _on_limit_wanted(self, wanted: LimitWanted) -> None:
        evse = self._hub.live(self._hub.evses[wanted.evse_id])
        before = evse.charging_state
        if wanted.by_profiles:
            evse.profile_w, evse.profile_phases = wanted.limit_w, wanted.phases
            evse.setpoint_w = wanted.setpoint_w
        else:
            evse.limit_w = wanted.limit_w
        if evse.charging_state != before:
            self._update(evse, Cause.CHARGING_STATE)
        else:
            self.watch_battery(evse)

    # Interruptions.

    def hold(self, evse: Evse, cause: Cause) -> None:
        """Let no power flow for a while; the transaction stays."""
        self._hub.live(evse).held = True
        self._update(evse, cause)

    def cap(self, evse: Evse, cause: Cause) -> None:
        """A limit is reached: let no power flow (E16.FR.05), which may end it (E16.FR.06)."""
        self._hub.live(evse).capped = True
        self._update(evse, cause)

    def uncap(self, evse: Evse) -> None:
        """The limit was raised."""
        before, evse.capped = self._hub.live(evse).charging_state, False
        self._go_on(evse, before)

    def resume(self, evse: Evse) -> None:
        """Go on after the station, or the EVSE, was away (2.1 E17.FR.14)."""
        transaction = evse.transaction
        assert transaction is not None
        evse.closed = evse.is_plugged and evse.token is not None and not evse.fault
        evse.conditions = _conditions(evse, closing=evse.closed)
        self._update(evse, Cause.RESUMED if evse.conditions else Cause.POWER_LOST)
        if evse.transaction is not None:
            self._hub.tell(TransactionResumed(evse.id, transaction.id))

    def release(self, evse: Evse) -> None:
        """Power may flow again."""
        if evse.transaction is not None and evse.held:
            before, evse.held = self._hub.live(evse).charging_state, False
            self._go_on(evse, before)

    def _go_on(self, evse: Evse, before: str) -> None:
        evse.conditions = _conditions(evse, closing=evse.closed)
        self._tell_state(evse, before)
        self.watch_battery(evse)
        self._hub.tell(EvseChanged(evse.id))

    def end(self, evse: Evse, cause: Cause) -> None:
        """End a transaction whatever TxStopPoint says."""
        evse.token = None
        self._update(evse, cause, at_once=True)

    def _on_duty_wanted(self, wanted: DutyWanted) -> None:
        evse = self._hub.live(self._hub.evses[wanted.evse_id])
        before, evse.duty = evse.charging_state, wanted.duty
        if evse.charging_state != before:
            self._update(evse, Cause.CHARGING_STATE)
        else:
            self.watch_battery(evse)

    def _on_update_wanted(self, wanted: UpdateWanted) -> None:
        evse = self._hub.live(self._hub.evses[wanted.evse_id])
        if evse.transaction is not None:
            self._teller.updated(evse, evse.transaction, wanted.cause)

    # The rules.

    def authorize(
        self,
        evse: Evse,
        token: IdToken,
        cause: Cause,
        group_id: str | None,
        remote_start_id: int | None,
    ) -> None:
        """Somebody may charge; a transaction begins if nothing else is wanting."""
        evse.token = token
        booked = self._hub.bookings.find(evse, token, group_id)
        if booked is not None:
            self._hub.bookings.remove(booked.id)
            evse.reservation_id = booked.id
            self._hub.tell(ReservationUsed(evse.id, booked.id))
        transaction = evse.transaction
        if transaction is not None:
            transaction.token, transaction.group_id = token, group_id
            transaction.remote_start_id = remote_start_id
            transaction.reservation_id, evse.reservation_id = evse.reservation_id, None
        if not evse.is_plugged:
            timeout_s = self._hub.variables.number("TxCtrlr", "EVConnectionTimeOut")
            self._hub.after(timeout_s, ("ev timeout", evse.id), partial(self._no_ev, evse))
        self._update(evse, cause, group_id=group_id, remote_start_id=remote_start_id)

    def _no_ev(self, evse: Evse) -> None:
        """Nobody plugged in in time (E03.FR.05)."""
        evse.token = evse.reservation_id = None
        self._update(evse, Cause.EV_TIMEOUT)

    def stop(self, evse: Evse, cause: Cause, token: IdToken | None) -> None:
        """Nobody may charge any more; ``token`` is who ended it, if one did."""
        at_once = cause in _AT_ONCE or evse.token is None
        evse.token = None
        evse.served = evse.is_plugged
        self._update(evse, cause, token=token, at_once=at_once)

    def _update(
        self,
        evse: Evse,
        cause: Cause,
        *,
        token: IdToken | None = None,
        group_id: str | None = None,
        remote_start_id: int | None = None,
        at_once: bool = False,
    ) -> None:
        """Something has changed: start, tell or end."""
        self._hub.live(evse)
        state = evse.charging_state
        should_close = evse.is_plugged and evse.token is not None and not evse.fault
        if not should_close:
            evse.closed = False
        before, evse.conditions = evse.conditions, _conditions(evse, closing=should_close)
        begun, ceased = evse.conditions - before, before - evse.conditions
        if evse.transaction is None:
            # No energy without a transaction, whatever TxStartPoint says: a second charge of a
            # vehicle that stayed begins when it is allowed to.
            starts = begun & (self._start_points() | {"EnergyTransfer"})
            if starts and self.may_start(evse):
                self._start(evse, cause, group_id, remote_start_id)
        elif at_once or not evse.conditions or ceased & self._stop_points():
            # Without cable and token there is nothing left that it could be about.
            self._end(evse, cause, token)
        else:
            self._teller.updated(evse, evse.transaction, cause)
            state = evse.charging_state
        evse.closed = should_close and evse.transaction is not None
        evse.conditions = _conditions(evse, closing=evse.closed)
        self._tell_state(evse, state if evse.closed else evse.charging_state)
        self.watch_battery(evse)
        keep_evse(self._hub, evse)
        self._hub.tell(EvseChanged(evse.id))

    def _tell_state(self, evse: Evse, before: str) -> None:
        if evse.transaction is not None and evse.charging_state != before:
            self._teller.updated(evse, evse.transaction, Cause.CHARGING_STATE)

    def watch_battery(self, evse: Evse) -> None:
        """Notice when the vehicle stops of itself."""
        full_at_s = evse.full_at_s()
        key = ("battery", evse.id)
        if full_at_s is None:
            self._hub.timers.drop(key)
        else:
            at_s = full_at_s / self._hub.speed
            self._hub.timers.set(key, at_s, partial(self._on_full, evse))

    def _on_full(self, evse: Evse) -> None:
        self._update(evse, Cause.CHARGING_STATE)

    def may_start(self, evse: Evse) -> bool:
        """Whether a transaction may begin there."""
        return evse.is_operative and self._hub.takes_sessions and not evse.fault

    def _start(
        self, evse: Evse, cause: Cause, group_id: str | None, remote_start_id: int | None
    ) -> None:
        evse.transaction = transaction = Transaction(
            id=self._hub.new_id(),
            evse_id=evse.id,
            connector_id=evse.connector_id,
            started_at=self._hub.time(),
            meter_start_wh=evse.register_wh,
            token=evse.token,
            group_id=group_id,
            remote_start_id=remote_start_id,
            reservation_id=evse.reservation_id,
        )
        evse.reservation_id = None
        self._teller.started(evse, transaction, cause)
        self._hub.tell(TransactionStarted(evse.id, transaction.id))

    def _end(self, evse: Evse, cause: Cause, token: IdToken | None) -> None:
        transaction = evse.transaction
        assert transaction is not None
        self._teller.ended(evse, transaction, cause, token)
        evse.transaction = evse.token = evse.reservation_id = None
        evse.held = evse.capped = False
        evse.served = evse.is_plugged
        energy_wh = evse.register_wh - transaction.meter_start_wh
        self._hub.tell(TransactionEnded(evse.id, transaction.id, cause, energy_wh))

    def _start_points(self) -> frozenset[str]:
        fixed = self._teller.start_points
        return fixed or frozenset(self._hub.variables.words("TxCtrlr", "TxStartPoint"))

    def _stop_points(self) -> frozenset[str]:
        variables, fixed = self._hub.variables, self._teller.stop_points
        if fixed is None:
            return frozenset(variables.words("TxCtrlr", "TxStopPoint"))
        if variables.flag("TxCtrlr", "StopTxOnEVSideDisconnect"):
            return fixed
        return fixed - {"EVConnected"}


def _conditions(evse: Evse, *, closing: bool) -> frozenset[str]:
    """Which points of TxStartPoint hold."""
    holds = {
        "EVConnected": evse.is_plugged,
        "Authorized": evse.token is not None,
        "PowerPathClosed": closing,
        "EnergyTransfer": closing and evse.ev is not None and evse.ev.power_w(evse.offered_w) > 0,
    }
    return frozenset(point for point, it_does in holds.items() if it_does)
