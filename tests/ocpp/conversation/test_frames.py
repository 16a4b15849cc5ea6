"""What stands in the tables of the versions, and the bounds before any parsing."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.ocpp.frames import RULES, Call, CallResultError, Send, UnknownType, too_deep, write
from chargeplane.ocpp.versions import Version


def test_every_version_has_rules() -> None:
    assert set(RULES) == set(Version)
    assert all(RULES[version].version is version for version in Version)


def test_only_2_1_has_send_and_callresulterror() -> None:
    assert [v for v in Version if RULES[v].sends] == [Version.V2_1]
    assert [v for v in Version if RULES[v].result_errors] == [Version.V2_1]
    assert {Send, CallResultError} <= set(RULES[Version.V2_1].frames)


def test_only_2_x_answers_what_it_cannot_read_and_with_the_id_minus_one() -> None:
    ids = {version: RULES[version].unreadable_id for version in Version}
    assert ids == {
        Version.V1_2: None,
        Version.V1_5: None,
        Version.V1_6: None,
        Version.V2_0_1: "-1",
        Version.V2_1: "-1",
    }


def test_an_unknown_message_type_is_refused_in_2_0_1_and_ignored_elsewhere() -> None:
    refusing = [v for v in Version if RULES[v].unknown_type is UnknownType.REFUSE]
    assert refusing == [Version.V2_0_1]


@pytest.mark.parametrize("version", list(Version))
def test_a_call_is_read_the_same_way_in_every_version(version: Version) -> None:
    frame = RULES[version].decode('[2,"17","Heartbeat",{}]')
    assert isinstance(frame, Call)
    assert (frame.message_id, frame.action, bytes(frame.payload)) == ("17", "Heartbeat", b"{}")


@pytest.mark.parametrize("message_id", ["", "x" * 37])
def test_the_fast_decoder_takes_ids_of_1_to_36_characters(message_id: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        RULES[Version.V1_6].decode(write(2, message_id, "Heartbeat", {}))
    assert RULES[Version.V1_6].decode(write(2, "x" * 36, "Heartbeat", {}))


def test_depth_counts_arrays_and_objects_but_not_brackets_in_strings() -> None:
    assert not too_deep('[2,"a","X",{"a":[{"b":[]}]}]', 5)
    assert too_deep('[2,"a","X",{"a":[{"b":[]}]}]', 4)
    assert not too_deep(write(2, "[" * 100, '{"' * 100, {}), 2)
    assert not too_deep('[2,"\\"[[[[[[","X",{}]', 2)


def test_depth_is_found_in_text_that_breaks_off() -> None:
    assert too_deep("[" * 100, 99)
    assert not too_deep("[" * 100, 100)
    assert too_deep('{"a":' * 100, 50)


def _depth(value: object) -> int:
    if isinstance(value, list):
        return 1 + max(map(_depth, value), default=0)
    if isinstance(value, dict):
        return 1 + max(map(_depth, value.values()), default=0)
    return 0


_JSON = st.recursive(
    st.none() | st.integers() | st.text(alphabet='[]{}"\\a'),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(alphabet='[]{}"\\a'), inner, max_size=3)
    ),
    max_leaves=30,
)


@given(_JSON, st.integers(1, 8))
@settings(max_examples=300)
def test_depth_of_any_json_is_exact(value: object, depth_max: int) -> None:
    text = msgspec.json.encode(value).decode()
    assert too_deep(text, depth_max) == (_depth(value) > depth_max)


def test_depth_takes_linear_time_on_hostile_text() -> None:
    for text in ('["' * 200_000, "[]" * 300_000, '[{"a":' * 100_000, '"\\' * 300_000):
        too_deep(text, 32)
