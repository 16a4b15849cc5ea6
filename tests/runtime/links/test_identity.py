"""The identity in a request target."""

import unicodedata
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.runtime.links.identity import (
    IDENTITY_LENGTH_MAX,
    IdentityFault,
    identity_before_slash,
    identity_of_target,
    path_of_target,
)

VISIBLE = st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters="/")
IDENTITIES = (
    st.text(VISIBLE, min_size=1, max_size=IDENTITY_LENGTH_MAX)
    .map(lambda text: unicodedata.normalize("NFC", text).strip())
    .filter(lambda text: 0 < len(text) <= IDENTITY_LENGTH_MAX and text not in {".", ".."})
)
FRONTS = st.sampled_from(["/", "//", "/ocpp/", "/a/b/c/", "/%2F/", "wss://host:9000/x/"])
ENDS = st.sampled_from(["", "?", "?token=/x/y", "#z"])


@given(IDENTITIES, FRONTS, ENDS, st.booleans())
def test_any_identity_comes_back_from_any_path(
    identity: str, front: str, end: str, every_byte: bool
) -> None:
    encoded = (
        "".join(f"%{byte:02x}" for byte in identity.encode()) if every_byte else quote(identity, "")
    )
    assert identity_of_target(front + encoded + end) == identity


@given(st.text(st.characters(codec="ascii"), max_size=80), FRONTS)
def test_whatever_the_target_the_result_is_a_possible_identity_or_a_fault(
    tail: str, front: str
) -> None:
    try:
        identity = identity_of_target(front + tail)
    except IdentityFault:
        return
    if identity is not None:
        assert 1 <= len(identity) <= IDENTITY_LENGTH_MAX
        assert "/" not in identity
        assert identity.isprintable()


@given(IDENTITIES)
def test_decoding_happens_once(identity: str) -> None:
    twice = quote(quote(identity, ""), "")
    once = quote(identity, "")
    if len(once) <= IDENTITY_LENGTH_MAX:
        assert identity_of_target(f"/{twice}") == once


@pytest.mark.parametrize(
    "segment",
    "%2e %2E%2e . .. a%2Fb %2f a%00 %0d%0aX %7f %c2%80 %e2%80%ae %e2%80%a8 %20a a%20 %ff %c3 "
    "%e2%82 % %1 %g0 a%".split(),
)
def test_an_impossible_identity_is_a_fault(segment: str) -> None:
    with pytest.raises(IdentityFault):
        identity_of_target(f"/ocpp/{segment}")


@pytest.mark.parametrize("target", ["/", "", "*", "/ocpp/", "/?a", "ws://host", "ws://host/"])
def test_a_path_may_have_no_identity(target: str) -> None:
    expected = "*" if target == "*" else None
    assert identity_of_target(target) == expected


def test_the_longest_identity_has_48_characters() -> None:
    assert identity_of_target("/" + "%C3%A9" * 48) == "é" * 48
    with pytest.raises(IdentityFault, match="longer than 48"):
        identity_of_target("/" + "%C3%A9" * 49)


def test_one_name_has_one_spelling() -> None:
    assert identity_of_target("/e%CC%81") == identity_of_target("/%C3%A9") == "é"


def test_a_path_is_taken_out_of_any_target() -> None:
    assert path_of_target("http://host:1/soap/1.2?wsdl") == "/soap/1.2"
    assert path_of_target("/x?u=http://y/z") == "/x"


@pytest.mark.parametrize(
    ("target", "identity"),
    [
        ("/ocpp/CP1/", "CP1"),
        ("/a/b/CP%201//?x=/", "CP 1"),
        ("ws://example.com/ocpp/CP1/", "CP1"),
        ("/ocpp/", None),
        ("//ocpp/", None),
        ("/", None),
        ("", None),
    ],
)
def test_a_slash_may_stand_behind_the_identity(target: str, identity: str | None) -> None:
    assert identity_of_target(target) is None
    assert identity_before_slash(target) == identity


def test_what_stands_before_a_slash_must_be_an_identity_too() -> None:
    with pytest.raises(IdentityFault, match="longer than"):
        identity_before_slash(f"/ocpp/{'x' * 49}/")
