"""The comparison finds a type that is looser, or stricter, than its schema."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import UNSET, Meta, UnsetType

from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import CustomDataType, Datatype, decode_custom
from tests.ocpp.verdict.generate import Fault
from tests.ocpp.verdict.test_verdict import disagreements, valid_messages

NAME = "ClearTariffsRequest"
EvseId = Annotated[int, Meta(ge=0)]
TariffIds = Annotated[list[Annotated[str, Meta(max_length=60)]], Meta(min_length=1)]


class Closed(Datatype, frozen=True, kw_only=True):
    """The rules of the real message; each of the others breaks one."""

    tariff_ids: TariffIds | UnsetType = UNSET
    evse_id: EvseId | UnsetType = UNSET
    custom_data: CustomDataType | UnsetType = UNSET


class AnyCount(Closed, frozen=True, kw_only=True):
    tariff_ids: list[Annotated[str, Meta(max_length=60)]] | UnsetType = UNSET


class AnyLength(Closed, frozen=True, kw_only=True):
    tariff_ids: Annotated[list[str], Meta(min_length=1)] | UnsetType = UNSET


class AnyNumber(Closed, frozen=True, kw_only=True):
    evse_id: int | UnsetType = UNSET


class WithNull(Datatype, frozen=True, kw_only=True):
    tariff_ids: TariffIds | UnsetType = UNSET
    evse_id: EvseId | UnsetType | None = UNSET
    custom_data: CustomDataType | UnsetType = UNSET


class WithText(Datatype, frozen=True, kw_only=True):
    tariff_ids: TariffIds | UnsetType = UNSET
    evse_id: EvseId | str | UnsetType = UNSET
    custom_data: CustomDataType | UnsetType = UNSET


class Open(Closed, frozen=True, kw_only=True, forbid_unknown_fields=False):
    pass


class Stricter(Closed, frozen=True, kw_only=True):
    evse_id: Annotated[int, Meta(ge=1)] | UnsetType = UNSET


def accepts(expected: type[Datatype]) -> Callable[[str], bool]:
    """Whether a type takes a message."""
    decode = msgspec.json.Decoder(expected, dec_hook=decode_custom).decode

    def judge(text: str) -> bool:
        try:
            decode(text)
        except (msgspec.MsgspecError, ValueError):
            return False
        return True

    return judge


def let_through(expected: type[Datatype]) -> set[Fault]:
    """The faults that a type takes and the schema does not."""
    found: list[Any] = disagreements(Version.V2_1, NAME, accepts(expected))
    return {mutant.fault for mutant, accepted in found if accepted}


@pytest.mark.parametrize(
    ("loosened", "faults"),
    [
        (AnyCount, {Fault.ITEMS_MIN}),
        (AnyLength, {Fault.LENGTH}),
        (AnyNumber, {Fault.MINIMUM}),
        (WithNull, {Fault.NULL}),
        (WithText, {Fault.TYPE}),
        (Open, {Fault.EXTRA}),
    ],
)
def test_a_type_that_is_too_loose_is_caught(loosened: type[Datatype], faults: set[Fault]) -> None:
    assert let_through(Closed) == set()
    assert let_through(loosened) == faults


def test_a_type_that_is_too_strict_is_caught() -> None:
    messages = valid_messages(Version.V2_1, NAME)
    assert all(map(accepts(Closed), messages))
    assert not all(map(accepts(Stricter), messages))
