"""What the responder of another authority says of a certificate, and what makes it count."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.pki import (
    Authority,
    KeyKind,
    PkiFault,
    PrivateKey,
    Purpose,
    Standing,
    asked_for,
    hashes_of,
    new_key,
    question_about,
    standing_of,
)

NOW = SystemClock().now().replace(microsecond=0)
DAY = timedelta(days=1)
ROOT = Authority.new("root", KeyKind.P256, NOW, 90 * DAY)
OTHER = Authority.new("root", KeyKind.P256, NOW, 90 * DAY)
_KEYS = [new_key() for _ in range(2)]
LEAF, SECOND = (
    ROOT.issue(each.public_key(), "CP1", Purpose.STATION, NOW, 30 * DAY).certificate
    for each in _KEYS
)


def responder(
    by: Authority = ROOT, *uses: x509.ObjectIdentifier, begun: timedelta = -DAY
) -> tuple[x509.Certificate, PrivateKey]:
    """A certificate for signing answers, and its key."""
    key = new_key()
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(by.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW + begun)
        .not_valid_after(NOW + begun + 2 * DAY)
    )
    if uses:
        builder = builder.add_extension(x509.ExtendedKeyUsage(uses), critical=False)
    return builder.sign(by.key, hashes.SHA256()), key


def answer(
    of: x509.Certificate = LEAF,
    *,
    by: tuple[x509.Certificate, Any] = (ROOT.certificate, ROOT.key),
    status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
    at: timedelta = timedelta(),
    life: timedelta | None = DAY,
    issuer: Authority = ROOT,
) -> bytes:
    is_revoked = status is ocsp.OCSPCertStatus.REVOKED
    builder = ocsp.OCSPResponseBuilder().add_response(
        cert=of, issuer=issuer.certificate, algorithm=hashes.SHA1(), cert_status=status,
        this_update=NOW + at, next_update=None if life is None else NOW + at + life,
        revocation_time=NOW if is_revoked else None, revocation_reason=None,
    )  # fmt: skip
    certificate, key = by
    builder = builder.responder_id(ocsp.OCSPResponderEncoding.HASH, certificate)
    if certificate != ROOT.certificate:
        builder = builder.certificates([certificate])
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)


def test_the_question_is_by_sha_1_and_about_the_certificate() -> None:
    asked = asked_for(question_about(LEAF, ROOT.certificate))
    assert asked.key == hashes_of(LEAF, ROOT.certificate, "SHA1").key


@pytest.mark.parametrize("status", ocsp.OCSPCertStatus, ids=lambda each: each.name)
def test_the_issuer_or_its_responder_may_say_it(status: ocsp.OCSPCertStatus) -> None:
    expected = Standing(status.name.lower()), NOW + DAY
    delegate = responder(ROOT, ExtendedKeyUsageOID.OCSP_SIGNING)
    for by in ((ROOT.certificate, ROOT.key), delegate):
        found = answer(by=by, status=status)
        assert standing_of(found, LEAF, ROOT.certificate, NOW) == expected
    told = standing_of(answer(life=None), LEAF, ROOT.certificate, NOW)
    assert told == (Standing.GOOD, None)


WRONG = {
    "another signer": (answer(by=(OTHER.certificate, OTHER.key)), "not signed"),
    "no responder": (answer(by=responder(ROOT)), "not signed"),
    "for something else": (
        answer(by=responder(ROOT, ExtendedKeyUsageOID.CODE_SIGNING)),
        "not signed",
    ),
    "another's responder": (
        answer(by=responder(OTHER, ExtendedKeyUsageOID.OCSP_SIGNING)),
        "not signed",
    ),
    "an old responder": (
        answer(by=responder(ROOT, ExtendedKeyUsageOID.OCSP_SIGNING, begun=-9 * DAY)),
        "not valid now",
    ),
    "another certificate": (answer(SECOND), "another certificate"),
    "another authority": (answer(issuer=OTHER), "another certificate"),
    "too old": (answer(at=-2 * DAY), "not of now"),
    "of tomorrow": (answer(at=DAY), "not of now"),
    "junk": (b"junk", "no OCSP answer"),
}


@pytest.mark.parametrize("what", WRONG)
def test_anything_else_is_no_answer(what: str) -> None:
    der, why = WRONG[what]
    with pytest.raises(PkiFault, match=why):
        standing_of(der, LEAF, ROOT.certificate, NOW)


def test_a_responder_that_does_not_answer_knows_nothing() -> None:
    status = ocsp.OCSPResponseStatus.TRY_LATER
    der = ocsp.OCSPResponseBuilder.build_unsuccessful(status).public_bytes(Encoding.DER)
    assert standing_of(der, LEAF, ROOT.certificate, NOW) == (Standing.UNKNOWN, None)


def test_bent_answers_are_refused_and_never_an_error() -> None:
    good = answer()
    for at in range(0, len(good), 3):
        bent = good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :]
        try:
            assert standing_of(bent, LEAF, ROOT.certificate, NOW)[0] is not Standing.REVOKED
        except PkiFault:
            continue
