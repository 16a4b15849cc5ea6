"""Paths to a root; OpenSSL is the judge of those that it can be asked about."""

from __future__ import annotations

import ssl
import subprocess
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.pki import PkiFault, Untrusted, fault_of_authority, path_to_root, pem_of
from chargeplane.runtime.pki.certificates import CHAIN_MAX

NOW = SystemClock().now()
DAY = timedelta(days=1)
_USES: Final = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
    "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
)  # fmt: skip
SIGNS, USES = "key_cert_sign", "digital_signature"


class Maker:
    """A name with a key, that gets certificates and gives them."""

    def __init__(self, name: str, key: Any = None) -> None:
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.key = key or ec.generate_private_key(ec.SECP256R1())

    def gives(
        self,
        to: Maker,
        *more: x509.ExtensionType,
        length: int | None = None,
        use: str | None = SIGNS,
        starts: timedelta = -DAY,
        ends: timedelta = DAY,
        ca: bool = True,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(to.name)
            .issuer_name(self.name)
            .public_key(to.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + starts)
            .not_valid_after(NOW + ends)
            .add_extension(x509.BasicConstraints(ca, length if ca else None), critical=True)
        )
        if use is not None:
            usage = x509.KeyUsage(**{each: each == use for each in _USES})
            builder = builder.add_extension(usage, critical=True)
        for each in more:
            builder = builder.add_extension(each, critical=True)
        return builder.sign(self.key, hashes.SHA256())


ROOT, UPPER, LOWER, LEAF = Maker("root"), Maker("upper"), Maker("lower"), Maker("leaf")
root = ROOT.gives(ROOT)
upper, lower = ROOT.gives(UPPER), UPPER.gives(LOWER)
leaf = LOWER.gives(LEAF, ca=False, use=USES)
STRANGE = x509.UnrecognizedExtension(x509.ObjectIdentifier("1.2.3.4"), b"\x05\x00")
NAMES = x509.NameConstraints([x509.DNSName("example.com")], None)


def found(
    first: x509.Certificate = leaf,
    others: tuple[x509.Certificate, ...] = (upper, lower),
    roots: tuple[x509.Certificate, ...] = (root,),
    revoked: tuple[x509.Certificate, ...] = (),
) -> list[x509.Certificate]:
    return [*path_to_root(first, others, roots, NOW, revoked.__contains__)]


def openssl_says(tmp_path: Path, others: tuple[x509.Certificate, ...]) -> bool:
    for name, some in (("leaf", (leaf,)), ("others", others), ("roots", (root,))):
        (tmp_path / name).write_text(pem_of(some))
    told = subprocess.run(
        ["openssl", "verify", "-CAfile", "roots", "-untrusted", "others", "leaf"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return told.returncode == 0


def test_a_path_is_found_in_any_order_and_ends_at_whoever_is_trusted() -> None:
    whole = [leaf, lower, upper, root]
    assert found() == found(others=(lower, upper)) == found(others=(root, lower, upper)) == whole
    assert found(roots=(upper,), others=(lower,)) == [leaf, lower, upper]
    assert found(roots=(leaf,), others=()) == [leaf]


@pytest.mark.parametrize("gap", [(), (upper,), (lower,)], ids=["both", "lower", "upper"])
def test_a_gap_leads_to_nobody(gap: tuple[x509.Certificate, ...], tmp_path: Path) -> None:
    with pytest.raises(Untrusted, match="does not lead to a root"):
        found(others=gap)
    assert not openssl_says(tmp_path, gap)


def test_another_root_of_the_same_name_is_not_the_root() -> None:
    with pytest.raises(Untrusted):
        found(roots=(Maker("root").gives(Maker("root")),))


BROKEN: dict[str, tuple[tuple[x509.Certificate, ...], str]] = {
    "too long": ((ROOT.gives(UPPER, length=0), lower), "'upper' allows 0 authorities below it"),
    "no authority": ((upper, UPPER.gives(LOWER, ca=False)), "does not lead"),
    "may not sign": ((upper, UPPER.gives(LOWER, use=USES)), "'lower' may not sign certificates"),
    "ended": ((upper, UPPER.gives(LOWER, starts=-3 * DAY, ends=-DAY)), "'lower' is not valid now"),
    "not yet": ((ROOT.gives(UPPER, starts=DAY, ends=DAY * 2), lower), "'upper' is not valid now"),
    "strange": ((upper, UPPER.gives(LOWER, STRANGE)), "extension that we do not know: 1.2.3.4"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_what_is_wrong_on_the_way_is_named_and_openssl_agrees(how: str, tmp_path: Path) -> None:
    others, why = BROKEN[how]
    with pytest.raises(PkiFault, match=why):
        found(others=others)
    assert not openssl_says(tmp_path, others)
    assert openssl_says(tmp_path, (upper, lower))


def test_names_that_an_authority_is_bound_to_are_not_known_so_it_is_refused() -> None:
    with pytest.raises(PkiFault, match="critical extension"):
        found(others=(ROOT.gives(UPPER, NAMES), lower))


def test_weak_keys_and_revoked_ones_count_nowhere() -> None:
    weak = Maker("lower", rsa.generate_private_key(65537, 1024))
    with pytest.raises(PkiFault, match="'lower' has a weak key"):
        found(weak.gives(LEAF, ca=False), (upper, UPPER.gives(weak)))
    for each, name in ((leaf, "leaf"), (lower, "lower"), (upper, "upper")):
        with pytest.raises(PkiFault, match=f"'{name}' is revoked"):
            found(revoked=(each,))
    assert found(revoked=(root,))[-1] == root  # a root is trusted until somebody removes it


def test_a_renewed_authority_leads_on_and_the_old_one_does_not_matter() -> None:
    old = ROOT.gives(UPPER, starts=-9 * DAY, ends=-DAY)
    assert found(others=(old, upper, lower)) == [leaf, lower, upper, root]
    ended = ROOT.gives(ROOT, starts=-9 * DAY, ends=-DAY)
    assert found(roots=(ended, root)) == [leaf, lower, upper, root]
    with pytest.raises(PkiFault, match="'root' is not valid now"):
        found(roots=(ended,))


def test_authorities_that_certify_each_other_end_somewhere() -> None:
    twin = Maker("lower", LOWER.key)
    ring = tuple(twin.gives(twin) for _ in range(12))
    with pytest.raises(Untrusted):
        found(others=ring)
    assert found(others=(*ring, lower, upper)) == [leaf, lower, upper, root]


def test_a_path_has_an_end() -> None:
    makers = [ROOT, *(Maker(f"sub {number}") for number in range(8))]
    steps = tuple(above.gives(below) for above, below in pairwise(makers))
    for length, is_found in ((6, True), (7, False)):  # with the leaf and the root: 8 and 9
        last = makers[length].gives(LEAF, ca=False, use=USES)
        if is_found:
            assert len(found(last, steps)) == CHAIN_MAX
        else:
            with pytest.raises(Untrusted):
                found(last, steps)


def test_who_may_issue_is_told_by_the_certificate_alone() -> None:
    assert fault_of_authority(root) is None
    assert fault_of_authority(ROOT.gives(ROOT, use=None)) is None
    assert fault_of_authority(leaf) == "is no authority"
    assert fault_of_authority(ROOT.gives(UPPER, length=1), 1) is None


def test_any_bytes_that_are_a_certificate_are_refused_or_lead_somewhere() -> None:
    raw = ssl.PEM_cert_to_DER_cert(pem_of([lower]))
    for at in range(0, len(raw), 7):
        bent = raw[:at] + bytes([raw[at] ^ 0x21]) + raw[at + 1 :]
        try:
            each = x509.load_der_x509_certificate(bent)
        except ValueError:
            continue
        with pytest.raises(PkiFault):
            path_to_root(leaf, [each, upper], [root], NOW)
