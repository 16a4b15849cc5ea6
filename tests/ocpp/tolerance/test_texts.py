"""Text repairs: what is cut is not guessed, what is clear is kept, and nothing takes long."""

from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chargeplane.ocpp.tolerance import REPAIRS, TOLERANT, Stage
from chargeplane.ocpp.tolerance.text import DEPTH_MAX, TEXT_LENGTH_MAX
from tests.ocpp.tolerance.frames import TEXTS

STOP = '[2,"41","StopTransaction",{"transactionId":7,"meterStop":12345,"idTag":"AB12"}]'


def repaired(text: str) -> object:
    found = TOLERANT.text(text)
    return json.loads(found[0]) if found else None


def test_a_value_that_was_cut_is_left_out_and_never_shortened() -> None:
    """Or a bill would be made out of the first digits of a meter reading."""
    whole = json.loads(STOP)
    for length in range(1, len(STOP)):
        elements = repaired(STOP[:length])
        assert isinstance(elements, list)
        assert elements[:3] == whole[: min(3, len(elements))]
        for payload in elements[3:]:
            assert payload.items() <= whole[3].items()


def test_what_stands_before_the_cut_is_kept() -> None:
    cut = STOP[: STOP.index("45,")]
    assert repaired(cut) == [2, "41", "StopTransaction", {"transactionId": 7}]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ('["a\\"]', ["a"]),
        ('["a\\" , "b"]', ["a", "b"]),
        ('["a" "b"]', ["a", "b"]),
        ('["say ""hi"" twice"]', ['say ""hi"" twice']),
        ('[""]x', [""]),
        ("['']", None),
        ("['', 1]", ["", 1]),
        ('[{"a":1}}]', [{"a": 1}]),
        ("[1]]", [1]),
        ("[{'a':[1,{'b':2]}]", [{"a": [1, {"b": 2}]}]),
        ('["\\ud83d\\ude00\\ude00"]', ["\U0001f600\ufffd"]),
        ('["\\u00e9\\u00zz"]', ["é\\u00zz"]),
        ("\0[1]\0", [1]),
        ("[1\0,\0 2]", [1, 2]),
        ("[-007, 1e5, 1.50]x", ["-007", 1e5, 1.5]),
        ('["\ud800"]', ["\ufffd"]),
        ("{a:{}", {"a": {}}),
        ("[yes]", ["yes"]),
    ],
)
def test_what_is_clear_is_read(text: str, meant: object) -> None:
    if meant is not None:
        assert repaired(text) == meant


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "hello",
        "12",
        '"a"',
        '["a":1]',
        "[:]",
        '{"a" 1}',
        "{[1]}",
        "[(1)]",
        "{:1}",
    ],
)
def test_what_is_not_clear_is_not_read(text: str) -> None:
    assert TOLERANT.text(text) is None


def test_the_length_and_the_depth_are_bounded() -> None:
    longest = f'["{"a" * (TEXT_LENGTH_MAX - 4)}",'
    assert len(longest) == TEXT_LENGTH_MAX
    assert TOLERANT.text(longest) is not None
    assert TOLERANT.text(f"{longest} ") is None
    assert TOLERANT.text("[" * DEPTH_MAX) is not None
    assert TOLERANT.text("[" * (DEPTH_MAX + 1)) is None


@pytest.mark.parametrize(
    "text",
    [
        '["' + '\\", ' * 60_000,
        "['" * 100_000,
        '["a"' + "\0" * 100_000 + '"b"',
        '["' + ('"' + " " * 50) * 2_000,
        '["' + "\\" * 100_001,
        "[" + "," * 100_000,
        "[" + "1 " * 50_000,
        "[" + '"\\",' * 30_000,
    ],
)
@pytest.mark.timeout(5)
def test_no_text_takes_long(text: str) -> None:
    found = TOLERANT.text(text)
    assert found is None or len(found[1]) <= len(TEXTS)


PIECES = st.sampled_from([*"[]{},:\"'\\ \n\0", '"a"', "1", "-", "null", "NaN", "\\u", "é"])


@given(st.lists(PIECES).map("".join) | st.text() | st.text().map(lambda inner: f"[{inner}"))
@example("[\ud800")
@example("[1" + "0" * 5000 + "]")
def test_no_text_raises_and_what_comes_out_parses(text: str) -> None:
    found = TOLERANT.text(text)
    if found is None:
        return
    msgspec.json.decode(found[0])
    names = [repair.name for repair in found[1]]
    assert len(names) == len(set(names)), "each is reported once"
    assert all(REPAIRS[name].stage is Stage.TEXT for name in names)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=15,
)


@given(st.lists(JSON))
def test_a_correct_text_means_the_same_afterwards(value: object) -> None:
    text = json.dumps(value, ensure_ascii=False)
    found = TOLERANT.text(text)
    assert found is not None
    assert json.loads(found[0]) == value
    assert found[1] == ()


@given(st.lists(JSON), st.data())
def test_a_correct_text_that_is_cut_still_parses(value: object, data: st.DataObject) -> None:
    text = json.dumps(value)
    cut = text[: data.draw(st.integers(1, len(text)))]
    assert TOLERANT.text(cut) is not None
