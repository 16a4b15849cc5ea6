"""Passwords of stations: under a key, in all spellings, and not too easy."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.runtime.passwords import (
    KEY_ID_CHARACTERS,
    KEY_ID_FROM,
    Passwords,
    hashed_password,
    new_password,
    weakness_of_password,
)

KEY = bytes(range(32))
# 1.6-J, 6.2.2: the example of the specification, whose bytes are no text.
EXAMPLE = bytes.fromhex("0001020304050607FFFFFFFFFFFFFFFFFFFFFFFF")


def test_only_the_right_password_is_right() -> None:
    passwords = Passwords([KEY])
    stored = passwords.hashed(b"nine-lives-of-a-cat")
    assert passwords.is_right(b"nine-lives-of-a-cat", stored)
    assert not passwords.is_right(b"nine-lives-of-a-dog", stored)
    assert not passwords.is_right(b"", stored)
    assert b"nine-lives" not in stored.encode()


def test_whoever_has_the_database_alone_cannot_try_passwords() -> None:
    stored = Passwords([KEY]).hashed(b"nine-lives-of-a-cat")
    for other in (Passwords(), Passwords([os.urandom(32)])):
        assert not other.is_right(b"nine-lives-of-a-cat", stored)


def test_two_stations_with_one_password_have_different_hashes() -> None:
    assert hashed_password(b"nine-lives-of-a-cat") != hashed_password(b"nine-lives-of-a-cat")


def test_a_new_key_comes_first_and_the_old_one_still_compares() -> None:
    old = Passwords([KEY]).hashed(b"nine-lives-of-a-cat")
    both = Passwords([os.urandom(32), KEY])
    assert both.is_right(b"nine-lives-of-a-cat", old)
    assert not Passwords([KEY]).is_right(b"x", both.hashed(b"x"))


@pytest.mark.parametrize(
    ("registered", "sent"),
    [
        (EXAMPLE, EXAMPLE),
        (EXAMPLE.hex().encode(), EXAMPLE),
        (EXAMPLE.hex().upper().encode(), EXAMPLE),
        (b"OCA_OCTT_admin_test", b"OCA_OCTT_admin_test".hex().encode()),
        (b"OCA_OCTT_admin_test", b"OCA_OCTT_admin_test"),
        (b"OCA_OCTT_admin_test".hex().encode(), b"OCA_OCTT_admin_test"),
    ],
    ids=["bytes", "digits-bytes", "capitals-bytes", "text-digits", "text-text", "digits-text"],
)
def test_a_1_6_key_is_right_in_bytes_and_in_digits(registered: bytes, sent: bytes) -> None:
    passwords = Passwords([KEY])
    assert passwords.is_right(sent, passwords.hashed(registered))


@given(st.binary(max_size=80), st.binary(max_size=80))
def test_any_bytes_can_be_compared(one: bytes, other: bytes) -> None:
    passwords = Passwords([KEY])
    stored = passwords.hashed(one)
    assert passwords.is_right(one, stored)
    alike = {other.hex().lower(), other.decode("latin-1").lower()}
    if not alike & {one.hex().lower(), one.decode("latin-1").lower()}:
        assert not passwords.is_right(other, stored)


@pytest.mark.parametrize("stored", ["", "sha256$00$11", "hmac-sha256$12345678$zz", "x$y$z$a"])
def test_what_is_no_hash_of_ours_is_never_right(stored: str) -> None:
    assert not Passwords().is_right(b"", stored)


def test_a_password_of_ours_fits_every_version_and_is_good_enough() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    assert {len(each) for each in made} == {20}  # 1.6: 20 bytes at most; 2.x: 16 to 40 characters
    assert [weakness_of_password(each, "CP-0001") for each in made] == [None] * 200


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("short", "16 to 64"),
        ("x9Kd2" * 14, "16 to 64"),
        ("aaaaaaaaaaaaaaaaaaaa", "different"),
        ("abcabcabcabcabcabcabc", "different"),
        ("k7Wd2pQz9k7Wd2pQz9k7Wd2", "repeats"),
        ("my-password-is-l0ng-9", "tried first"),
        ("r2-berlin-0042-Zw8m", "identity"),
        ("Zw8m-abcdefgh-92kd", "alphabet"),
        ("Zw8m-87654321-qkdh", "alphabet"),
        ("Zw8m-qwertyui-2kdh", "alphabet"),
        ("tab\tin-the-middle-42", "printed"),
    ],
)
def test_a_weak_password_is_refused_with_the_reason(password: str, why: str) -> None:
    assert why in (weakness_of_password(password, "berlin-0042") or "")


def test_a_long_random_sentence_is_good_enough() -> None:
    assert weakness_of_password("nine lives of a cat", "CP1") is None
    assert weakness_of_password("schön-wär-es-gewesen", "CP1") is None


def test_after_a_rotation_the_password_that_was_found_goes_under_the_new_key() -> None:
    stored = Passwords([KEY]).hashed(EXAMPLE)
    both = Passwords([os.urandom(32), KEY])
    assert both.key_ids[1] == Passwords([KEY]).key_ids[0]
    assert both.renewed(b"nine-lives-of-a-dog", stored) is None
    fresh = both.renewed(EXAMPLE.hex().encode(), stored)  # sent in another spelling
    assert fresh is not None
    assert fresh[KEY_ID_FROM - 1 :][:KEY_ID_CHARACTERS] == both.key_ids[0]
    assert both.is_right(EXAMPLE, fresh)
    assert both.renewed(EXAMPLE, fresh) is None
    assert not Passwords([KEY]).is_right(EXAMPLE, fresh)
