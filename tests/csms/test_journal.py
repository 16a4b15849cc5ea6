"""The journal names what happened, and the ids to look further."""

from __future__ import annotations

import logging
from decimal import Decimal
from typing import Any

import pytest

from chargeplane.csms.journal import note
from chargeplane.domain.events import HeartbeatReceived, TransactionEnded, TransactionRepaired
from chargeplane.domain.ledger import Remark, RemarkKind
from tests.csms.making import NOW

FACTS: dict[str, Any] = {
    "tenant_id": "t",
    "station_id": "CP1",
    "reported_at": NOW,
    "received_at": NOW,
}


def test_a_line_has_the_ids_of_station_and_transaction(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    note(TransactionEnded(**FACTS, transaction_id="tx", energy_wh=Decimal(1200)))
    [line] = caplog.records
    assert line.message == "transaction ended"
    said = (line.__dict__["station_id"], line.__dict__["transaction_id"])
    assert said == ("CP1", "tx")
    assert repr(line.__dict__["energy_wh"]) == "1200.0"  # a number, in JSON too
    assert "stop_reason" not in line.__dict__


def test_a_repair_names_its_remarks(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    remark = Remark(RemarkKind.OFFLINE, "reason")
    note(TransactionRepaired(**FACTS, transaction_id="tx", energy_wh=Decimal(1), remarks=(remark,)))
    assert caplog.records[0].__dict__["remarks"] == ["offline"]


def test_what_happens_all_the_time_is_no_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    note(HeartbeatReceived(**FACTS))
    assert not caplog.records
