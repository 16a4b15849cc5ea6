"""What a payment terminal says, and the address in the QR code."""

from __future__ import annotations

import pytest

from chargeplane.ocpp import v21
from chargeplane.station.payment.qr_code import address, one_time_password
from chargeplane.station.signals.screens import PaymentEnded, VatNumberGiven, WebPaymentStarted
from tests.station.stage import online


@pytest.mark.parametrize("by_csms", ["true", "false"])
def test_a_settlement_is_told_with_its_receipt(by_csms: str) -> None:
    stage = online("2.1", variables={"PaymentCtrlr.ReceiptByCSMS": by_csms})
    stage.core.want(PaymentEnded("psp-1", "Settled", 12.5, "tx"), stage.now_s)
    stage.core.want(PaymentEnded("psp-2", "Failed", 1.0), stage.now_s)
    stage.carry()
    first, second = stage.central.all(v21.NotifySettlementRequest)
    assert (first.settlement_amount, first.status.value) == (12.5, "Settled")
    assert bool(first.receipt_url) == (by_csms == "false")
    assert not second.receipt_url


def test_a_vat_number_is_checked_by_the_central_system() -> None:
    stage, heard = online("2.1"), list[bool]()
    stage.core.want(VatNumberGiven("DE123456789", 1, heard.append), stage.now_s)
    stage.carry()
    assert heard == [True]


def test_a_payment_on_the_web_is_shown() -> None:
    stage = online("2.1")
    stage.ask(v21.NotifyWebPaymentStartedRequest(evse_id=1, timeout=60))
    assert stage.saw(WebPaymentStarted) == [WebPaymentStarted(1, 60)]


def test_the_address_of_the_code_changes_with_its_interval() -> None:
    template = "https://pay.example/{version}/{chargingstationid}/{evse}?t={totp}"
    said = {"WebPaymentsCtrlr.URLTemplate": template, "WebPaymentsCtrlr.SharedSecret": "secret"}
    stage = online("2.1", variables=said)
    first = address(stage.core.hub, 1, maxtime=600)
    assert first.startswith("https://pay.example/v1/CP1/1?t=")
    assert first.endswith("&maxtime=600")
    assert address(stage.wait(61).core.hub, 1, maxtime=600) != first


def test_a_password_depends_on_the_interval_alone() -> None:
    assert one_time_password("s", 60.0, 60, 8) == one_time_password("s", 119.9, 60, 8)
    assert one_time_password("s", 60.0, 60, 8) != one_time_password("s", 120.0, 60, 8)
    assert len(one_time_password("s", 0.0, 60, 32)) == 32
