"""A program that runs takes the keys of the file when they change, and is misled by no bad file."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from chargeplane.runtime.keyring import Keyring
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.secrets import (
    KEY_VARIABLE,
    KEYS_MAX,
    SecretError,
    Secrets,
    add_key,
    id_of_key,
    keep_keys,
    new_key,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "secret.key"


@pytest.fixture
def keyring(file: Path) -> Keyring:
    return Keyring({}, file)


def test_a_key_that_is_added_is_told_to_all_who_use_keys(keyring: Keyring, file: Path) -> None:
    told = [Secrets(keyring.keys), Secrets(keyring.keys)]
    for each in told:
        keyring.bind(each.use)
    assert not keyring.look()
    new, old = add_key(file)
    assert keyring.look()
    assert [*keyring.keys] == [new, old]
    assert [each.key_id for each in told] == [id_of_key(new)] * 2
    assert not keyring.look()  # nothing has changed since


def test_what_another_program_has_sealed_meanwhile_opens_at_once(
    keyring: Keyring, file: Path
) -> None:
    secrets = Secrets(keyring.keys, keyring.look)
    passwords = Passwords(keyring.keys, keyring.look)
    keyring.bind(secrets.use)
    keyring.bind(passwords.use)
    both = add_key(file)
    sealed = Secrets(both).seal(b"x", "totp", "1")
    assert secrets.open(sealed, "totp", "1") == b"x"
    both = add_key(file)
    hashed = Passwords(both).hashed(b"nine-lives-of-a-cat")
    assert passwords.is_right(b"nine-lives-of-a-cat", hashed)


def test_nothing_is_put_under_an_old_key_once_there_is_a_new_one(
    keyring: Keyring, file: Path
) -> None:
    secrets = Secrets(keyring.keys, keyring.look)
    passwords = Passwords(keyring.keys, keyring.look)
    keyring.bind(secrets.use)
    keyring.bind(passwords.use)
    new, _ = add_key(file)
    assert Secrets([new]).open(secrets.seal(b"x")) == b"x"
    new, *_ = add_key(file)
    assert Passwords([new]).is_right(b"p", passwords.hashed(b"p"))


def test_a_key_that_was_forgotten_opens_nothing_any_more(keyring: Keyring, file: Path) -> None:
    secrets = Secrets(keyring.keys, keyring.look)
    keyring.bind(secrets.use)
    under_old = secrets.seal(b"x")
    add_key(file)
    assert keyring.look()
    assert secrets.open(under_old) == b"x"
    keep_keys(file, set())
    assert keyring.look()
    with pytest.raises(SecretError, match="not here"):
        secrets.open(under_old)


@pytest.mark.parametrize(
    "content",
    ["", "no key", "A" * 43 + "\nshort", "\n".join(new_key() for _ in range(KEYS_MAX + 1))],
    ids=["empty", "junk", "one of two", "too many"],
)
def test_a_file_that_cannot_be_used_changes_nothing(
    keyring: Keyring, file: Path, content: str, caplog: pytest.LogCaptureFixture
) -> None:
    before, good = [*keyring.keys], file.read_text()
    file.write_text(content)
    assert not keyring.look()
    assert [*keyring.keys] == before
    assert [each.levelno for each in caplog.records] == [logging.ERROR]
    assert not keyring.look()
    assert len(caplog.records) == 1  # it is told once, not every few seconds
    file.write_text(f"{new_key()}\n{good}")
    assert keyring.look()
    assert keyring.keys[1:] == before


def test_a_file_that_is_gone_is_not_made_anew(keyring: Keyring, file: Path) -> None:
    before = [*keyring.keys]
    file.unlink()
    assert not keyring.look()
    assert not file.exists()
    assert [*keyring.keys] == before


def test_a_file_of_other_keys_seals_and_the_old_ones_open_on(keyring: Keyring, file: Path) -> None:
    secrets = Secrets(keyring.keys)
    keyring.bind(secrets.use)
    under_old, before = secrets.seal(b"x"), file.read_text()
    file.write_text(new_key())
    assert keyring.look()
    assert secrets.open(under_old) == b"x"
    under_new = secrets.seal(b"y")
    assert secrets.key_id != under_old.split(".")[1]
    file.write_text(f"{before}\n{file.read_text()}")  # somebody has seen the mistake
    assert keyring.look()
    assert (secrets.open(under_old), secrets.open(under_new)) == (b"x", b"y")


def test_keys_of_the_environment_stay(file: Path) -> None:
    keyring = Keyring({KEY_VARIABLE: new_key()}, file)
    before = keyring.keys
    file.write_text(new_key())
    assert not keyring.look()
    assert keyring.keys == before


def test_a_password_under_a_key_that_has_gone_is_compared_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone, here = Passwords([b"a" * 32]), Passwords([b"b" * 32])
    stored, compared = gone.hashed(b"right"), list[str]()

    def compare(one: str, other: str) -> bool:
        compared.append(one)
        return one == other

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert not here.is_right(b"right", stored)
    times = len(compared)
    assert not here.is_right(b"right", here.hashed(b"wrong"))
    assert len(compared) == 2 * times > 0
