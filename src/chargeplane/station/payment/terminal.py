"""A payment terminal: what it settled is told, and numbers for receipts are checked."""

from __future__ import annotations

from chargeplane.ocpp import v21
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.conversation import Outcome
from chargeplane.station.hub import Hub
from chargeplane.station.signals.screens import PaymentEnded, VatNumberGiven, WebPaymentStarted

__all__ = ["Terminal"]


class Terminal:
    """Between driver, terminal and central system."""

    def __init__(self, hub: Hub) -> None:
        self._hub = hub
        self._receipts = 0
        hub.answers(v21.NotifyWebPaymentStartedRequest, self._on_web_payment)
        hub.hears(PaymentEnded, self._on_ended)
        hub.hears(VatNumberGiven, self._on_vat_number)

    def _on_web_payment(
        self, request: v21.NotifyWebPaymentStartedRequest
    ) -> v21.NotifyWebPaymentStartedResponse:
        """C25.FR.27."""
        started = WebPaymentStarted(request.evse_id, request.timeout)
        self._hub.afterwards(lambda: self._hub.tell(started))
        return v21.NotifyWebPaymentStartedResponse()

    def _on_ended(self, ended: PaymentEnded) -> None:
        """C20.FR.05, C21.FR.02, C21.FR.04, C22."""
        variables, receipt_id = self._hub.variables, ""
        settled = ended.status == "Settled"
        if settled and not variables.flag("PaymentCtrlr", "ReceiptByCSMS"):
            self._receipts += 1
            receipt_id = f"{self._hub.identity}-{self._receipts}"
        server = variables.text("PaymentCtrlr", "ReceiptServerUrl")
        self._hub.ask(
            v21.NotifySettlementRequest(
                psp_ref=ended.psp_ref,
                status=v21.PaymentStatusEnumType(ended.status),
                settlement_amount=ended.amount,
                settlement_time=self._hub.time(),
                transaction_id=ended.transaction_id or UNSET,
                receipt_id=receipt_id or UNSET,
                receipt_url=f"{server}{receipt_id}" if receipt_id else UNSET,
            )
        )

    def _on_vat_number(self, given: VatNumberGiven) -> None:
        def done(outcome: Outcome) -> None:
            given.done(
                isinstance(outcome, v21.VatNumberValidationResponse)
                and outcome.status is v21.GenericStatusEnumType.ACCEPTED
            )

        request = v21.VatNumberValidationRequest(
            vat_number=given.vat_number, evse_id=given.evse_id or UNSET
        )
        self._hub.ask(request, done)
