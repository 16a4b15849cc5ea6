"""SetDisplayMessage, GetDisplayMessages, ClearDisplayMessage and CostUpdated (O01-O06, I02)."""

from __future__ import annotations

from functools import partial

import msgspec

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET, decode_custom
from chargeplane.station.conversation import Outcome
from chargeplane.station.device_model.variables import Place
from chargeplane.station.hub import Hub
from chargeplane.station.signals import EvseChanged, TransactionEnded
from chargeplane.station.signals.screens import CostShown, MessageShown

__all__ = ["MESSAGES_MAX", "Messages"]

MESSAGES_MAX = 20
"""As DisplayMessageCtrlr.DisplayMessages says."""
REPORTED_MAX = 10
"""Messages of one NotifyDisplayMessages."""
_DRAWER = "display"
_Status = v21.DisplayMessageStatusEnumType
_Get = v21.GetDisplayMessagesStatusEnumType
_Clear = v21.ClearMessageStatusEnumType


class Messages:
    """By id."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._by_id: dict[int, v21.MessageInfoType] = {}
        self.shown: v21.MessageInfoType | None = None
        for text in hub.memory.take_all(_DRAWER, msgspec.Raw).values():
            each = msgspec.json.decode(text, type=v21.MessageInfoType, dec_hook=decode_custom)
            self._by_id[each.id] = each
        place = Place("DisplayMessageCtrlr", "DisplayMessages")
        hub.variables.at(place).read = lambda: str(len(self._by_id))
        hub.answers(v21.SetDisplayMessageRequest, self._on_set)
        hub.answers(v21.GetDisplayMessagesRequest, self._on_get)
        hub.answers(v21.ClearDisplayMessageRequest, self._on_clear)
        hub.answers(v21.CostUpdatedRequest, self._on_cost)
        hub.hears(TransactionEnded, self._on_ended)
        hub.hears(EvseChanged, lambda _: self._show())

    def _on_set(self, request: v21.SetDisplayMessageRequest) -> v21.SetDisplayMessageResponse:
        status = self._status_of(request.message)
        if status is _Status.ACCEPTED:
            message = request.message
            self._by_id[message.id] = message
            self._hub.memory.put(
                _DRAWER, str(message.id), msgspec.Raw(msgspec.json.encode(message))
            )
            self._hub.afterwards(self._show)
        return v21.SetDisplayMessageResponse(status=status)

    def _status_of(self, message: v21.MessageInfoType) -> v21.DisplayMessageStatusEnumType:
        """O01.FR.06, O01.FR.07, O01.FR.17; O02.FR.01."""
        words, component = self._hub.variables.words, "DisplayMessageCtrlr"
        if message.message.format.value not in words(component, "SupportedFormats"):
            return _Status.NOT_SUPPORTED_MESSAGE_FORMAT
        if message.priority.value not in words(component, "SupportedPriorities"):
            return _Status.NOT_SUPPORTED_PRIORITY
        if message.state and message.state.value not in words(component, "SupportedStates"):
            return _Status.NOT_SUPPORTED_STATE
        running = {each.transaction.id for each in self._hub.transactions() if each.transaction}
        if message.transaction_id and message.transaction_id not in running:
            return _Status.UNKNOWN_TRANSACTION
        full = len(self._by_id) >= MESSAGES_MAX and message.id not in self._by_id
        return _Status.REJECTED if full else _Status.ACCEPTED

    def _on_get(self, request: v21.GetDisplayMessagesRequest) -> v21.GetDisplayMessagesResponse:
        found = [
            each
            for each in self._by_id.values()
            if (request.id is UNSET or each.id in request.id)
            and request.priority in {UNSET, each.priority}
            and request.state in {UNSET, each.state}
        ]
        if not found:
            return v21.GetDisplayMessagesResponse(status=_Get.UNKNOWN)
        parts = [found[at : at + REPORTED_MAX] for at in range(0, len(found), REPORTED_MAX)]

        def send(number: int, _outcome: Outcome | None = None) -> None:
            if number < len(parts):
                self._hub.ask(
                    v21.NotifyDisplayMessagesRequest(
                        message_info=parts[number],
                        request_id=request.request_id,
                        tbc=True if number + 1 < len(parts) else UNSET,
                    ),
                    partial(send, number + 1),
                )

        self._hub.afterwards(lambda: send(0))
        return v21.GetDisplayMessagesResponse(status=_Get.ACCEPTED)

    def _on_clear(self, request: v21.ClearDisplayMessageRequest) -> v21.ClearDisplayMessageResponse:
        known = self._remove(request.id)
        return v21.ClearDisplayMessageResponse(status=_Clear.ACCEPTED if known else _Clear.UNKNOWN)

    def _on_cost(self, request: v21.CostUpdatedRequest) -> v21.CostUpdatedResponse:
        shown = CostShown(request.transaction_id, request.total_cost)
        self._hub.afterwards(lambda: self._hub.tell(shown))
        return v21.CostUpdatedResponse()

    def _on_ended(self, ended: TransactionEnded) -> None:
        """Messages of a transaction go with it (O02.FR.02)."""
        for each in list(self._by_id.values()):
            if each.transaction_id == ended.transaction_id:
                self._remove(each.id)

    def _remove(self, message_id: int) -> bool:
        gone = self._by_id.pop(message_id, None)
        if gone is not None:
            self._hub.memory.drop(_DRAWER, str(message_id))
            self._show()
        return gone is not None

    def _show(self) -> None:
        """The most important message of the moment is on the screen."""
        now, state = self._hub.time(), self._state()
        due = [
            each
            for each in self._by_id.values()
            if (each.start_date_time is UNSET or each.start_date_time <= now)
            and (each.end_date_time is UNSET or now < each.end_date_time)
            and (each.state is UNSET or each.state.value == state)
        ]
        order = [each.value for each in v21.MessagePriorityEnumType]
        due.sort(key=lambda each: (order.index(each.priority.value), -each.id))
        before, self.shown = self.shown, due[0] if due else None
        if self.shown is not None and self.shown is not before:
            self._hub.tell(MessageShown(self.shown.id, self.shown.message.content))
        ends = [
            (moment - now).total_seconds()
            for each in self._by_id.values()
            for moment in (each.start_date_time, each.end_date_time)
            if moment is not UNSET and moment > now
        ]
        if ends:
            self._hub.after(min(ends), "display", self._show)

    def _state(self) -> str:
        evses = self._hub.evses.values()
        if any(each.fault for each in evses):
            return "Faulted"
        if any(each.power_w > 0 for each in evses):
            return "Charging"
        return "Idle" if self._hub.is_operative else "Unavailable"
