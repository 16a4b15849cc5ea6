"""Keys, requests, chains, hashes, OCSP and the vault; OpenSSL is the judge where it can be."""

from __future__ import annotations

import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.runtime.pki import (
    Authority,
    CertificateHashes,
    Issued,
    KeyKind,
    PkiFault,
    Purpose,
    Revocation,
    Standing,
    Vault,
    answered,
    asked_for,
    certificates_of_pem,
    checked_request,
    fault_of_chain,
    hashes_of,
    new_key,
    new_request,
    organization,
    pem_of,
    question,
    standing_in,
    weakness_of,
)
from tests.csms.making import NOW

YEAR = timedelta(days=365)
ROOT = Authority.new("root", KeyKind.P256, NOW, 10 * YEAR, "Op")
SUB = ROOT.sub("stations", KeyKind.P256, NOW, 5 * YEAR)
KEY = new_key()
LEAF = SUB.issue(KEY.public_key(), "CP1", Purpose.STATION, NOW, YEAR)
CHAIN = [LEAF.certificate, *LEAF.between]


@pytest.mark.parametrize("algorithm", ["SHA1", "SHA256", "SHA384", "SHA512"])
@pytest.mark.parametrize("kind", KeyKind)
def test_hashes_are_those_that_ocsp_makes(kind: KeyKind, algorithm: str) -> None:
    issuer = Authority.new("issuer", kind, NOW, YEAR)
    leaf = issuer.issue(new_key().public_key(), "CP1", Purpose.STATION, NOW, YEAR).certificate
    ours = hashes_of(leaf, issuer.certificate, algorithm)
    builder = ocsp.OCSPRequestBuilder()
    kinds = {
        "SHA1": hashes.SHA1(), "SHA256": hashes.SHA256(),
        "SHA384": hashes.SHA384(), "SHA512": hashes.SHA512(),
    }  # fmt: skip
    request = builder.add_certificate(leaf, issuer.certificate, kinds[algorithm]).build()
    assert ours.issuer_name_hash == request.issuer_name_hash.hex()
    assert ours.issuer_key_hash == request.issuer_key_hash.hex()
    assert int(ours.serial_number, 16) == request.serial_number
    if algorithm != "SHA1":  # stations do not ask by it
        assert asked_for(question(ours)).key == ours.key
    assert asked_for(request.public_bytes(Encoding.DER)).key == ours.key


def test_a_certificate_is_named_by_no_other_hash() -> None:
    with pytest.raises(PkiFault, match="MD5"):
        hashes_of(LEAF.certificate, SUB.certificate, "MD5")


def test_hashes_are_compared_without_regard_to_case_and_zeros() -> None:
    one = CertificateHashes("SHA256", "AB", "CD", "0A1")
    assert one.key == CertificateHashes("sha256", "ab", "cd", "a1").key


def test_a_chain_leads_to_a_root_that_is_trusted() -> None:
    assert fault_of_chain(CHAIN, [ROOT.certificate], NOW) is None
    assert fault_of_chain([ROOT.certificate], [ROOT.certificate], NOW) is None


OTHER = Authority.new("root", KeyKind.P256, NOW, YEAR, "Op")


@pytest.mark.parametrize(
    ("chain", "roots", "years", "why"),
    [
        ([], [ROOT.certificate], 0, "no certificate"),
        (CHAIN, [OTHER.certificate], 0, "trust"),
        (CHAIN[:1], [ROOT.certificate], 0, "trust"),
        (CHAIN, [ROOT.certificate], 2, "not valid now"),
        (CHAIN, [ROOT.certificate], -2, "not valid now"),
        ([CHAIN[0], LEAF.certificate], [LEAF.certificate], 20, "not valid now"),
    ],
    ids=["empty", "same name, other key", "a gap", "too old", "too new", "expired"],
)
def test_a_chain_with_a_fault_is_not_trusted(
    chain: list[x509.Certificate], roots: list[x509.Certificate], years: int, why: str
) -> None:
    assert why in (fault_of_chain(chain, roots, NOW + years * YEAR) or "")


def test_a_leaf_cannot_issue() -> None:
    forged = Authority(LEAF.certificate, KEY, tuple(CHAIN))
    fake = forged.issue(new_key().public_key(), "CP2", Purpose.STATION, NOW, YEAR)
    chain = [fake.certificate, *fake.between]
    assert fault_of_chain(chain, [ROOT.certificate], NOW) == (
        "it does not lead to a root that we trust"
    )


def test_nothing_outlives_its_issuer() -> None:
    short = Authority.new("short", KeyKind.P256, NOW, YEAR)
    leaf = short.issue(new_key().public_key(), "CP1", Purpose.STATION, NOW, 9 * YEAR)
    assert leaf.certificate.not_valid_after_utc <= short.certificate.not_valid_after_utc


@pytest.mark.parametrize("kind", KeyKind)
def test_a_good_request_is_taken_in_every_spelling(kind: KeyKind) -> None:
    key = new_key(kind)
    pem = new_request(key, "SN-1", "Op")
    bare = "".join(pem.strip().splitlines()[1:-1])
    for spelling in (pem, pem.replace("\n", "\r\n"), pem.replace("\n", "\\n"), bare):
        found = checked_request(spelling, {"CP1", "SN-1"}, "Op")
        assert (found.common_name, found.organization) == ("SN-1", "Op")
        assert found.key == key.public_key()


def _request(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *names: str) -> str:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject)
    return request.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


def _tampered() -> str:
    """The signature of one request under the content of another one."""
    lines = new_request(KEY, "CP1", "Op").splitlines()
    last = lines[-2]
    lines[-2] = last[:-6] + ("A" if last[-6] != "A" else "B") + last[-5:]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("csr", "why"),
    [
        ("", "no signing request"),
        ("junk", "no signing request"),
        ("x" * 6_000, "characters"),
        ("\ud800", "no signing request"),
        (new_request(KEY, "CP2", "Op"), "not the station"),
        (new_request(KEY, "CP1", "Somebody else"), "organisation"),
        (_request(KEY), "not the station"),
        (_request(KEY, "CP1", "CP2"), "not the station"),
        (_request(rsa.generate_private_key(65537, 1024), "CP1"), "2048"),
        (_request(ec.generate_private_key(ec.SECP192R1()), "CP1"), "224"),
        (_tampered(), "request"),
    ],
    ids=[
        "empty", "junk", "long", "surrogate", "other name", "other operator", "no name",
        "two names", "short rsa", "short curve", "tampered",
    ],
)  # fmt: skip
def test_a_bad_request_is_refused_with_the_reason(csr: str, why: str) -> None:
    with pytest.raises(PkiFault, match=why):
        checked_request(csr, {"CP1"}, "Op")


@settings(deadline=None)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: raw.decode("latin-1")))
def test_no_text_breaks_the_check_of_a_request(text: str) -> None:
    with pytest.raises(PkiFault):
        checked_request(text, {"CP1"})


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_the_responder(raw: bytes) -> None:
    with pytest.raises(PkiFault):
        asked_for(raw)


def test_weak_keys_are_told() -> None:
    assert weakness_of("no key") is not None
    assert [weakness_of(new_key(kind).public_key()) for kind in KeyKind] == [None] * 5


def answer(revoked: bool = False, authority: Authority = SUB) -> bytes:
    at = NOW if revoked else None
    serial = LEAF.certificate.serial_number
    return answered(authority, lambda _: (LEAF.certificate, at), serial, "SHA256", NOW)


def test_an_answer_says_whether_a_certificate_counts_and_who_says_so() -> None:
    assert standing_in(answer(), SUB.certificate, NOW) is Standing.GOOD
    assert standing_in(answer(revoked=True), SUB.certificate, NOW) is Standing.REVOKED
    with pytest.raises(PkiFault, match="not signed"):
        standing_in(answer(), OTHER.certificate, NOW)
    assert standing_in(answer(), SUB.certificate, NOW + YEAR) is Standing.UNKNOWN
    assert len(answer()) < 5_500  # 2.0.1 has room for so many characters of base64


def test_about_what_was_never_issued_nothing_is_said() -> None:
    refused = answered(SUB, lambda _: (None, None), 1, "SHA256", NOW)
    assert standing_in(refused, None, NOW) is Standing.UNKNOWN


def test_a_revocation_list_is_signed_and_holds_what_was_revoked() -> None:
    listed = SUB.revocation_list([Revocation(7, NOW)], 3, NOW, YEAR)
    assert listed.is_signature_valid(SUB.key.public_key())
    assert [each.serial_number for each in listed] == [7]


def test_a_vault_keeps_keys_encrypted_and_for_its_owner_alone(tmp_path: Path) -> None:
    vault = Vault(tmp_path / "pki", [b"right"])
    assert not vault.exists
    vault.init("Op", NOW)
    with pytest.raises(PkiFault, match="already"):
        vault.init("Op", NOW)
    for path in (tmp_path / "pki").glob("*.key"):
        assert b"ENCRYPTED" in path.read_bytes()
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    authority = vault.authority(Purpose.STATION)
    leaf = authority.issue(new_key().public_key(), "CP1", Purpose.STATION, NOW, YEAR)
    chain = [leaf.certificate, *leaf.between]
    assert fault_of_chain(chain, [vault.root()], NOW) is None
    assert organization(leaf.certificate.subject) == "Op"
    with pytest.raises(PkiFault, match="passphrase"):
        Vault(tmp_path / "pki", [b"wrong"]).authority(Purpose.STATION)
    new = Vault(tmp_path / "pki", [b"new", b"right"])
    assert new.authority(Purpose.STATION).certificate == authority.certificate


def _station_of(authority: Authority, now: datetime = NOW) -> Issued:
    return authority.issue(new_key().public_key(), "CP1", Purpose.STATION, now, YEAR)


def test_a_renewed_authority_answers_for_what_it_issued_before(tmp_path: Path) -> None:
    vault = Vault(tmp_path, [b"right"])
    vault.init("Op", NOW)
    before = vault.authority(Purpose.STATION)
    old, later = _station_of(before, NOW + 9 * YEAR), NOW + 9 * YEAR
    vault.renew(Purpose.STATION, later)
    renewed = vault.authority(Purpose.STATION)
    ends_at = renewed.certificate.not_valid_after_utc
    assert ends_at > before.certificate.not_valid_after_utc + 8 * YEAR
    assert fault_of_chain([old.certificate, *old.between], [vault.root()], later) is None
    new = _station_of(renewed, later)
    assert fault_of_chain([new.certificate, *new.between], [vault.root()], later) is None
    serial = old.certificate.serial_number
    answer = answered(renewed, lambda _: (old.certificate, None), serial, "SHA256", later)
    assert standing_in(answer, before.certificate, later) is Standing.GOOD
    hashed = [hashes_of(old.certificate, each.certificate).key for each in (before, renewed)]
    assert hashed[0] == hashed[1]  # whoever asks finds it by either


def test_either_certificate_of_a_renewed_root_leads_to_all_stations(tmp_path: Path) -> None:
    vault = Vault(tmp_path, [b"right"])
    vault.init("Op", NOW)
    first, later = vault.root(), NOW + 9 * YEAR
    old = _station_of(vault.authority(Purpose.STATION), later)
    vault.renew_root(later)
    vault.renew(Purpose.STATION, later)
    new = _station_of(vault.authority(Purpose.STATION), later)
    for root in (first, vault.root()):
        for leaf in (old, new):
            assert fault_of_chain([leaf.certificate, *leaf.between], [root], later) is None
    assert vault.root().not_valid_after_utc > first.not_valid_after_utc + 8 * YEAR
    assert vault.old_roots() == [first]
    for years in range(10, 16):
        vault.renew_root(NOW + years * YEAR)
    assert len(vault.old_roots()) == 4


def test_what_cannot_be_renewed_stays(tmp_path: Path) -> None:
    vault = Vault(tmp_path, [b"right"])
    vault.init("Op", NOW)
    before = vault.root(), vault.authority(Purpose.STATION).certificate
    (tmp_path / "root.key").unlink()  # taken away to another place
    with pytest.raises(PkiFault, match=r"root\.key"):
        vault.renew(Purpose.STATION, NOW)
    with pytest.raises(PkiFault, match=r"root\.key"):
        vault.renew_root(NOW)
    assert (vault.root(), vault.authority(Purpose.STATION).certificate) == before


def test_keys_of_an_authority_go_under_a_new_passphrase_one_by_one(tmp_path: Path) -> None:
    old, both = Vault(tmp_path, [b"old"]), Vault(tmp_path, [b"new", b"old"])
    assert both.reseal() == 0  # there is no authority
    old.init("Op", NOW)
    before = old.authority(Purpose.STATION).certificate
    assert len(both.stale()) == 1 + len(Purpose)
    (tmp_path / "mo.key").write_bytes(b"what a full disk has left")
    with pytest.raises(PkiFault, match=r"mo\.key"):  # those before it, by name, are done
        both.reseal()
    (tmp_path / "mo.key").unlink()  # taken away to another place
    new = Vault(tmp_path, [b"new"])
    assert new.stale() == ["root", "station", "v2g"]
    assert both.reseal() == 3
    assert not new.stale()
    assert new.authority(Purpose.STATION).certificate == before


def test_a_missing_authority_is_told_with_the_remedy(tmp_path: Path) -> None:
    with pytest.raises(PkiFault, match="chargeplane pki init"):
        Vault(tmp_path, [b"x"]).root()


def test_a_pem_text_is_bounded() -> None:
    with pytest.raises(PkiFault, match="more than 8"):
        certificates_of_pem(pem_of(CHAIN) * 5)
    with pytest.raises(PkiFault, match="bytes"):
        certificates_of_pem("x" * 70_000)
