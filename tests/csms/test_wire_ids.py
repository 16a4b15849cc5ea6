"""Ids for the wire."""

from __future__ import annotations

from chargeplane.csms.wire_ids import WIRE_ID_MAX, new_wire_id


def test_ids_are_positive_numbers_of_31_bits_and_differ() -> None:
    ids = [new_wire_id() for _ in range(1_000)]
    assert all(1 <= each <= WIRE_ID_MAX < 2**31 for each in ids)
    assert len(set(ids)) > 990
