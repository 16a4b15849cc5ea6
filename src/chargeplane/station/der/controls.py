"""The controls that a station has, and which of them are in force (R04)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, decode_custom, given
from chargeplane.station.hub import Hub

__all__ = ["CONTROLS_MAX", "Body", "Control", "Controls", "body_of"]

CONTROLS_MAX = 50
_DRAWER = "der controls"
_TIMER = "der"
_SETTLE_S = 0.001

Body = (
    v21.DERCurveType
    | v21.EnterServiceType
    | v21.FixedPFType
    | v21.FixedVarType
    | v21.FreqDroopType
    | v21.LimitMaxDischargeType
)
_FIELDS = (
    "curve",
    "enter_service",
    "fixed_pf_absorb",
    "fixed_pf_inject",
    "fixed_var",
    "freq_droop",
    "limit_max_discharge",
)


def body_of(request: v21.SetDERControlRequest) -> Body | None:
    """What a control says; None: not exactly one thing that this station knows."""
    found = [each for name in _FIELDS if (each := getattr(request, name)) is not UNSET]
    return found[0] if len(found) == 1 else None


@dataclass(slots=True)
class Control:
    """One control."""

    sent: v21.SetDERControlRequest
    body: Body
    start: datetime
    end: datetime | None
    is_superseded: bool = False
    is_started: bool = False
    """Whether it was told that it acts; of scheduled ones."""

    @property
    def id(self) -> str:
        return self.sent.control_id

    @property
    def type(self) -> v21.DERControlEnumType:
        return self.sent.control_type

    @property
    def is_default(self) -> bool:
        return self.sent.is_default

    @property
    def priority(self) -> int:
        """The lowest is the most important."""
        return self.body.priority

    def holds(self, at: datetime) -> bool:
        """Whether its time is now."""
        return self.start <= at and (self.end is None or at < self.end)


class Controls:
    """By id."""

    def __init__(self, hub: Hub) -> None:
        """Recall what is remembered (R01.FR.03)."""
        self._hub = hub
        self._by_id: dict[str, Control] = {}
        self.changed: Callable[[], None] = lambda: None
        """Told when other controls are in force."""
        for text in hub.memory.take_all(_DRAWER, msgspec.Raw).values():
            sent = msgspec.json.decode(text, type=v21.SetDERControlRequest, dec_hook=decode_custom)
            self._put(sent)

    def __iter__(self) -> Iterator[Control]:
        return iter(self._by_id.values())

    def __len__(self) -> int:
        return len(self._by_id)

    def set(self, sent: v21.SetDERControlRequest) -> list[str]:
        """Keep a control; the ids of those that do not act because of another one."""
        control = self._put(sent)
        self._hub.memory.put(_DRAWER, sent.control_id, msgspec.Raw(msgspec.json.encode(sent)))
        now, superseded = self._hub.time(), list[str]()
        for other in self._rivals(control):
            if other.priority < control.priority and (control.is_default or other.is_started):
                control.is_superseded = True  # R04.FR.08
                superseded.append(control.id)
            elif other.priority >= control.priority and (
                control.is_default or not other.holds(now) or control.holds(now)
            ):
                other.is_superseded = True  # R04.FR.03, R04.FR.06
                superseded.append(other.id)
        return superseded

    def _put(self, sent: v21.SetDERControlRequest) -> Control:
        body = body_of(sent)
        assert body is not None
        start = given(getattr(body, "start_time", UNSET)) or self._hub.time()
        duration_s = given(getattr(body, "duration", UNSET))
        ends = duration_s is not None and not sent.is_default
        end = start + timedelta(seconds=duration_s or 0.0) if ends else None
        control = Control(sent, body, start, end)
        self._by_id[control.id] = control
        return control

    def _rivals(self, control: Control) -> list[Control]:
        return [
            each
            for each in self
            if each is not control
            and not each.is_superseded
            and (each.type, each.is_default) == (control.type, control.is_default)
        ]

    def clear(self, gone: list[Control]) -> None:
        """Forget controls; what a default one superseded is not called back."""
        for each in gone:
            del self._by_id[each.id]
            self._hub.memory.drop(_DRAWER, each.id)

    def in_force(self) -> dict[v21.DERControlEnumType, Control]:
        """What acts now: a scheduled control before the default one (R04.FR.09, R04.FR.11)."""
        now, found = self._hub.time(), dict[v21.DERControlEnumType, Control]()
        for each in self:
            if each.is_superseded or not (each.is_default or each.holds(now)):
                continue
            known = found.get(each.type)
            if known is None or (known.is_default and not each.is_default):
                found[each.type] = each
        return found

    def follow(self) -> None:
        """Start and end what is due, tell of it, and come back for the next one."""
        hub, now = self._hub, self._hub.time()
        for each in [each for each in self if not each.is_default]:
            if each.end is not None and now >= each.end:  # R04.FR.10, R04.FR.22
                self.clear([each])
                if each.is_started and not each.is_superseded:
                    self._tell(each, now, started=False)
            elif each.holds(now) and not each.is_started and not each.is_superseded:
                each.is_started = True
                weaker = [other for other in self._rivals(each) if other.is_started]
                for other in weaker:
                    other.is_superseded = True  # R04.FR.07
                self._tell(each, now, started=True, over=[other.id for other in weaker])
        self.changed()
        moments = [
            moment
            for each in self
            if not each.is_default
            for moment in (each.start, each.end)
            if moment is not None and moment > now
        ]
        if moments:
            delay_s = (min(moments) - now).total_seconds()
            hub.after(max(delay_s, _SETTLE_S), _TIMER, self.follow)

    def _tell(
        self, control: Control, now: datetime, *, started: bool, over: list[str] | None = None
    ) -> None:
        """R04.FR.20, R04.FR.21."""
        self._hub.ask(
            v21.NotifyDERStartStopRequest(
                control_id=control.id, started=started, timestamp=now, superseded_ids=over or UNSET
            )
        )
