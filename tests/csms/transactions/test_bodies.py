"""A row of the ledger gives back the entry that it was made of."""

from __future__ import annotations

from decimal import Decimal
from random import Random
from uuid import UUID

import msgspec
import pytest
from msgspec.structs import replace

from chargeplane.csms.transactions.bodies import entry_of
from chargeplane.csms.transactions.tables import daybook_row, ledger_row
from chargeplane.domain.ledger import UNKNOWN_IDS, LedgerEntry
from chargeplane.domain.metering import ENERGY_REGISTER, MeterValue, word_of
from chargeplane.runtime.store import Row, Sink, new_id, tenants
from tests.domain.ledger.histories import history

TENANT_ID = tenants.DEFAULT_TENANT_ID


def entries(family: int) -> list[LedgerEntry]:
    told = [entry for seed in range(20) for entry in history(Random(seed), family).entries]
    return [replace(each, tenant_id=str(TENANT_ID), frame_id=str(new_id())) for each in told]


def read(row: Row) -> LedgerEntry:
    sink, values = row
    assert isinstance(sink, Sink)
    found = dict(zip(sink.columns, values, strict=True))
    names = "tenant_id", "station_id", "transaction_id", "frame_id", "body"
    return entry_of(*(found[name] for name in names))


@pytest.mark.parametrize("family", [1, 2])
def test_an_entry_comes_back_as_it_was(family: int) -> None:
    for entry in entries(family):
        id_ = UUID(entry.frame_id)
        row = ledger_row(TENANT_ID, id_, entry, entry.received_at, is_loose=False)
        stored = read(row)
        assert stored == entry
        assert stored.content_hash == entry.content_hash
        if entry.transaction_id is not None:
            assert read(daybook_row(TENANT_ID, id_, entry, entry.received_at)) == entry


@pytest.mark.parametrize("unknown", [None, *sorted(UNKNOWN_IDS)])
def test_an_id_that_names_no_transaction_is_kept(unknown: str | None) -> None:
    entry = replace(entries(1)[1], transaction_id=unknown, key="")
    row = ledger_row(TENANT_ID, UUID(entry.frame_id), entry, entry.received_at, is_loose=True)
    assert read(row) == entry


@pytest.mark.parametrize("family", [1, 2])
def test_what_an_older_program_has_written_is_read_alike(family: int) -> None:
    for entry in entries(family):
        old = msgspec.json.encode(entry).decode()
        columns = TENANT_ID, entry.station_id, entry.known_id or "", UUID(entry.frame_id)
        assert entry_of(*columns, old) == entry


def test_a_body_says_nothing_that_follows_from_the_rest() -> None:
    entry = entries(2)[1]
    body = daybook_row(TENANT_ID, UUID(entry.frame_id), entry, entry.received_at)[1][-1]
    for left_out in (entry.tenant_id, entry.station_id, entry.frame_id, entry.transaction_id):
        assert str(left_out) not in body
    assert '"key"' not in body


def test_a_sample_with_its_defaults_is_written_without_them() -> None:
    at = entries(2)[0].reported_at
    said = MeterValue(
        sampled_at=at, value=Decimal(1), measurand=word_of(f"{ENERGY_REGISTER} "[:-1])
    )
    assert msgspec.json.encode(said) == msgspec.json.encode(
        MeterValue(sampled_at=at, value=Decimal(1))
    )
