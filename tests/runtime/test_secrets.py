"""Secrets at rest: only the right key opens them, and only where they belong."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.runtime.secrets import (
    KEY_BYTES,
    KEY_VARIABLE,
    KEYS_MAX,
    SECRET_BYTES_MAX,
    SecretError,
    Secrets,
    add_key,
    id_of_key,
    keep_keys,
    load_keys,
    new_key,
)

OLD, NEW = b"o" * KEY_BYTES, b"n" * KEY_BYTES


@given(st.binary(max_size=200), st.lists(st.text(max_size=5), max_size=3))
def test_what_was_sealed_for_a_place_opens_there(secret: bytes, place: list[str]) -> None:
    try:
        "".join(place).encode()
    except UnicodeEncodeError:
        place = ["plain"]
    secrets = Secrets([OLD])
    assert secrets.open(secrets.seal(secret, *place), *place) == secret


def test_two_seals_of_the_same_secret_differ_and_show_nothing_of_it() -> None:
    secrets = Secrets([OLD])
    one, two = secrets.seal(b"hunter2", "a"), secrets.seal(b"hunter2", "a")
    assert one != two
    assert "hunter2" not in one
    assert one.startswith(f"s1.{secrets.key_id}.")


@pytest.mark.parametrize("place", [(), ("a",), ("ab", "c"), ("a", "bc", ""), ("abc",), ("b", "a")])
def test_a_secret_opens_nowhere_but_where_it_belongs(place: tuple[str, ...]) -> None:
    secrets = Secrets([OLD])
    stored = secrets.seal(b"x", "a", "bc")
    with pytest.raises(SecretError):
        secrets.open(stored, *place)


@given(st.data())
def test_a_secret_with_one_changed_bit_does_not_open(data: st.DataObject) -> None:
    secrets = Secrets([OLD])
    stored = bytearray(secrets.seal(b"some secret", "a").encode())
    stored[data.draw(st.integers(0, len(stored) - 2))] ^= data.draw(st.sampled_from([1, 2, 4]))
    with pytest.raises(SecretError):
        secrets.open(stored.decode(), "a")


@pytest.mark.parametrize("stored", ["", "s1", "s1.", "s1.0.", "s2.0.AAAA", "s1.0.!", "plain text"])
def test_what_is_no_sealed_secret_is_told(stored: str) -> None:
    with pytest.raises(SecretError):
        Secrets([OLD]).open(stored)


def test_a_short_seal_of_a_known_key_does_not_open() -> None:
    secrets = Secrets([OLD])
    with pytest.raises(SecretError):
        secrets.open(f"s1.{secrets.key_id}.AAAA")


def test_a_new_key_seals_while_the_old_one_still_opens() -> None:
    stored = Secrets([OLD]).seal(b"x", "a")
    both = Secrets([NEW, OLD])
    assert both.open(stored, "a") == b"x"
    assert not both.is_current(stored)
    resealed = both.reseal(stored, "a")
    assert both.is_current(resealed)
    assert both.reseal(resealed, "a") == resealed
    assert Secrets([NEW]).open(resealed, "a") == b"x"
    with pytest.raises(SecretError, match="is not here"):
        Secrets([NEW]).open(stored, "a")


@pytest.mark.parametrize(
    "keys", [[], [b"short"], [OLD] * (KEYS_MAX + 1)], ids=["none", "short", "too many"]
)
def test_keys_that_cannot_be_used_are_refused(keys: list[bytes]) -> None:
    with pytest.raises(SecretError):
        Secrets(keys)


def test_a_secret_that_is_too_long_is_refused() -> None:
    secrets = Secrets([OLD])
    assert secrets.seal(bytes(SECRET_BYTES_MAX))
    with pytest.raises(SecretError):
        secrets.seal(bytes(SECRET_BYTES_MAX + 1))


def test_a_key_file_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    made = load_keys({}, file)
    assert file.stat().st_mode & 0o777 == 0o600
    assert load_keys({}, file) == made
    assert load_keys({}, tmp_path / "other.key") != made


def test_keys_of_the_environment_come_first_and_no_file_is_made(tmp_path: Path) -> None:
    one, two = new_key(), new_key()
    keys = load_keys({KEY_VARIABLE: f"{one} {two}"}, tmp_path / "secret.key")
    assert len(keys) == 2
    assert not (tmp_path / "secret.key").exists()


@pytest.mark.parametrize("text", ["", "\n", "not base64!", "AAAA"])
def test_a_file_without_a_usable_key_is_told_and_its_content_is_not(
    tmp_path: Path, text: str
) -> None:
    file = tmp_path / "secret.key"
    file.write_text(text, encoding="ascii")
    with pytest.raises(SecretError) as caught:
        load_keys({}, file)
    assert "secret.key" in str(caught.value)
    assert "not base64!" not in str(caught.value)


def test_a_new_key_goes_on_top_of_a_file_and_those_that_nothing_needs_go(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    old = load_keys({}, file)
    both = add_key(file)
    assert (both[1:], both == load_keys({}, file)) == (old, True)
    assert file.stat().st_mode & 0o777 == 0o600
    assert keep_keys(file, {id_of_key(old[0])}) == both
    assert keep_keys(file, set()) == both[:1]  # the first one always stays
    assert load_keys({}, file) == both[:1]


def test_a_draft_that_a_kill_has_left_behind_is_no_obstacle(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    old = load_keys({}, file)
    file.with_name("secret.key.draft").write_text("half a ke", encoding="ascii")
    assert load_keys({}, file) == old
    assert add_key(file)[1:] == old


def test_a_file_takes_as_many_keys_as_are_read_and_no_more(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    keys = load_keys({}, file)
    for _ in range(KEYS_MAX - 1):
        keys = add_key(file)
    assert Secrets(keys).key_id == id_of_key(keys[0])
    with pytest.raises(SecretError, match="old ones"):
        add_key(file)
    assert load_keys({}, file) == keys


def test_of_commands_that_add_keys_at_once_none_loses_a_key(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    load_keys({}, file)
    with ThreadPoolExecutor(8) as pool:
        added = list(pool.map(lambda _: add_key(file)[0], range(12)))
    assert set(load_keys({}, file)) >= set(added)


def test_a_file_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret.key"
    file.write_text("AAAA\n", encoding="ascii")
    with pytest.raises(SecretError):
        add_key(file)
    with pytest.raises(SecretError):
        keep_keys(file, ())
    assert file.read_text(encoding="ascii") == "AAAA\n"
