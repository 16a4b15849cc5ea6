"""Revocation lists of other authorities: which are believed, and who is on them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ObjectIdentifier
from hypothesis import given, settings
from hypothesis import strategies as st

from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.pki import (
    Authority,
    ForeignList,
    KeyKind,
    PkiFault,
    Purpose,
    Revocation,
    contents_of,
    new_key,
    pem_of,
    verified,
)

NOW = SystemClock().now().replace(microsecond=0)
DAY = timedelta(days=1)
YEAR = 365 * DAY
ROOT = Authority.new("root", KeyKind.P256, NOW, 9 * YEAR)
SUB = ROOT.sub("station", KeyKind.P256, NOW, 5 * YEAR)
TRUSTED = [ROOT.certificate]
ALL = [ROOT.certificate, SUB.certificate]


def leaf(authority: Authority = SUB, name: str = "CP1") -> x509.Certificate:
    return authority.issue(new_key().public_key(), name, Purpose.STATION, NOW, YEAR).certificate


def crl(
    *revoked: x509.Certificate, by: Authority = SUB, at: datetime = NOW, life: timedelta = DAY
) -> x509.CertificateRevocationList:
    return by.revocation_list([Revocation(each.serial_number, at) for each in revoked], 1, at, life)


def believed(found: x509.CertificateRevocationList) -> ForeignList:
    return verified(found, ALL, TRUSTED, NOW)


def test_a_list_tells_the_revoked_from_all_others() -> None:
    bad, good = leaf(), leaf()
    found = believed(crl(bad))
    assert (found.has(bad), found.has(good)) == (True, False)
    assert (found.this_update, found.is_outdated(NOW)) == (NOW, False)


def test_the_same_number_of_another_authority_is_not_revoked() -> None:
    bad = leaf()
    other = Authority.new("station", KeyKind.P256, NOW, YEAR)  # the same name as well
    namesake = (
        x509.CertificateBuilder()
        .subject_name(bad.subject)
        .issuer_name(SUB.certificate.subject)
        .public_key(new_key().public_key())
        .serial_number(bad.serial_number)
        .not_valid_before(NOW)
        .not_valid_after(NOW + DAY)
        .sign(other.key, hashes.SHA256())
    )
    assert not believed(crl(bad)).has(namesake)


def test_a_list_that_is_out_of_date_counts_on_and_says_so() -> None:
    bad = leaf()
    found = believed(crl(bad, at=NOW - 9 * DAY))
    assert (found.has(bad), found.is_outdated(NOW)) == (True, True)


STRANGER = Authority.new("root", KeyKind.P256, NOW, YEAR)


def _with(extension: x509.ExtensionType, critical: bool = True) -> x509.CertificateRevocationList:
    return (
        x509.CertificateRevocationListBuilder()
        .issuer_name(SUB.certificate.subject)
        .last_update(NOW)
        .next_update(NOW + DAY)
        .add_extension(extension, critical)
        .sign(SUB.key, hashes.SHA256())
    )


def _point(**more: bool) -> x509.IssuingDistributionPoint:
    names = [x509.UniformResourceIdentifier("http://ca.example/")]
    kinds = dict.fromkeys(
        ("only_contains_user_certs", "only_contains_ca_certs", "indirect_crl",
         "only_contains_attribute_certs"), False,
    )  # fmt: skip
    return x509.IssuingDistributionPoint(
        full_name=names, relative_name=None, only_some_reasons=None, **(kinds | more)
    )


UNKNOWN = x509.UnrecognizedExtension(ObjectIdentifier("1.2.3.4"), b"\x05\x00")


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: crl(by=STRANGER), "not signed by anybody"),
        (lambda: crl(by=Authority.new("other", KeyKind.P256, NOW, YEAR)), "not signed by anybody"),
        (lambda: crl(at=NOW + DAY), "the list of"),
        (lambda: _with(x509.DeltaCRLIndicator(1)), "delta"),
        (lambda: _with(_point(indirect_crl=True)), "for others"),
        (lambda: _with(_point(only_contains_attribute_certs=True)), "for attributes"),
        (lambda: _with(UNKNOWN), "do not know"),
    ],
    ids=["namesake of a root", "unknown", "future", "delta", "indirect", "attributes", "critical"],
)
def test_a_list_that_nobody_can_believe_is_refused(
    make: Callable[[], x509.CertificateRevocationList], why: str
) -> None:
    with pytest.raises(PkiFault, match=why):
        believed(make())


def test_extensions_that_change_nothing_are_no_obstacle() -> None:
    assert believed(_with(UNKNOWN, critical=False)).serial_numbers == frozenset()
    assert believed(_with(_point(only_contains_user_certs=True))).serial_numbers == frozenset()


def test_an_authority_has_to_lead_to_a_root_and_may_have_to_be_allowed_to_sign_lists() -> None:
    strange = STRANGER.sub("strange", KeyKind.P256, NOW, YEAR)
    with pytest.raises(PkiFault, match="root that we trust"):
        verified(crl(by=strange), [*ALL, strange.certificate], TRUSTED, NOW)
    forged = Authority(leaf(name="CP9"), SUB.key)
    with pytest.raises(PkiFault, match="not signed by anybody"):
        verified(crl(by=forged), [*ALL, forged.certificate], TRUSTED, NOW)


def test_a_file_holds_a_list_or_lists_with_those_between() -> None:
    one, two = crl(), crl(by=ROOT)
    der, pem = one.public_bytes(Encoding.DER), one.public_bytes(Encoding.PEM)
    assert contents_of(der) == ([], [one])
    both = pem + pem_of([SUB.certificate]).encode() + two.public_bytes(Encoding.PEM)
    assert contents_of(both) == ([SUB.certificate], [one, two])


@pytest.mark.parametrize("raw", [b"", b"junk", pem_of(ALL).encode()], ids=["no", "junk", "none"])
def test_what_is_no_list_is_refused(raw: bytes) -> None:
    with pytest.raises(PkiFault, match="no revocation list"):
        contents_of(raw)


def test_a_file_is_bounded() -> None:
    pem = crl().public_bytes(Encoding.PEM)
    assert len(contents_of(pem * 16)[1]) == 16
    with pytest.raises(PkiFault, match="more than 16 lists"):
        contents_of(pem * 17)
    with pytest.raises(PkiFault, match="bytes"):
        contents_of(bytes(16 * 1024 * 1024 + 1))


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(raw: bytes) -> None:
    with pytest.raises(PkiFault):
        contents_of(raw)
    with pytest.raises(PkiFault):
        contents_of(b"-----BEGIN X509 CRL-----\n" + raw + b"\n-----END X509 CRL-----")
