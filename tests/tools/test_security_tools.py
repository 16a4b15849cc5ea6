"""The checks of the supply chain: they find what they are for."""

from __future__ import annotations

import pytest

from tools.find_secrets import RULES, secrets_in
from tools.sbom import LOCK, Package, bill, faults, packages

# Put together here, so that no file holds one.
PLANTED = {
    "private key": "-----BEGIN EC PRIVATE " + "KEY-----\nMHcCAQEEIBkg4LVWM9nuwNSk\n",
    "chargeplane token": "token: cp_" + "a1" * 21 + "b",
    "cloud access key": "AKIA" + "IOSFODNN7SAMPLE1",
    "code host token": "ghp_" + "a1" * 18,
    "package index token": "pypi-" + "A1b2" * 15,
    "chat token": "xoxb-" + "123456789012",
    "web token": "eyJ" + "hbGciOiJIUzI1NiJ9.eyJ" + "zdWIiOiIxMjM0In0." + "a" * 43,
    "address with a password": "postgresql://admin:" + "hunter2hunter2@db.internal.net/x",
    "written down": "API_KEY = '" + "a1b2c3d4" * 4 + "'",
}


@pytest.mark.parametrize("rule", RULES)
def test_a_planted_secret_is_found_where_it_is(rule: str) -> None:
    text = f"first line\n\n{PLANTED[rule]}\nlast line\n"
    assert [(found.line, found.rule) for found in secrets_in(text)] == [(3, rule)]


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://user:password@localhost/x",
        "password = ask()",
        "Authorization: Bearer cp_...",
        "API_KEY = '" + "a1b2c3d4" * 4 + "'  # an example",
        "-----BEGIN CERTIFICATE-----\nMIIB\n",
        'secret = "x"',
    ],
)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert [*secrets_in(text)] == []


def test_the_bill_names_every_package_of_the_lock_with_its_hashes() -> None:
    found = [*packages(LOCK.read_text(encoding="utf-8"))]
    made = bill(found)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    names = {component["name"] for component in made["components"]}
    assert {"cryptography", "litestar", "webauthn", "joserfc"} <= names
    assert len({component["bom-ref"] for component in made["components"]}) == len(found)
    assert all(component["properties"] for component in made["components"])


@pytest.mark.parametrize("line", ["litestar>=2", "litestar", "-e .", "--index-url x"])
def test_a_lock_with_anything_that_is_not_pinned_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not pinned"):
        list(packages(f"# made by a tool\n{line}\n"))


def test_a_missing_hash_and_a_licence_that_we_cannot_have_are_faults() -> None:
    good = Package("good", "1", ("0" * 64,), "MIT License")
    assert faults([good]) == []
    assert faults([good._replace(hashes=())]) == ["good: no hash"]
    for licence in ("AGPL-3.0", "GNU Affero General Public License v3", "CC-BY-NonCommercial"):
        assert faults([good._replace(licence=licence)]) == [f"good: licence {licence}"]
