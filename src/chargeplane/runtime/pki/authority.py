"""A certificate authority: a certificate with its key, and what it issues.

One root signs an authority for each purpose (``Purpose``), so that a purpose can be replaced
without the others, and a station trusts exactly what it has to.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import ip_address
from typing import Final

from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from chargeplane.runtime.pki.certificates import pem_of
from chargeplane.runtime.pki.keys import (
    KeyKind,
    PkiFault,
    PrivateKey,
    PublicKey,
    hash_for,
    new_key,
    weakness_of,
)

__all__ = ["BACKDATED", "Authority", "Issued", "Purpose", "Revocation", "is_for_names"]

# A clock that is a little behind ours must find a new certificate valid.
BACKDATED: Final = timedelta(hours=1)


class Purpose(StrEnum):
    """What a certificate is for; the name of the authority that issues it."""

    SERVER = "csms"
    """Us, towards stations."""
    STATION = "station"
    """A station, towards us: ChargingStationCertificate."""
    V2G = "v2g"
    """A station, towards vehicles: V2GCertificate."""
    CONTRACT = "mo"
    """A vehicle's contract with a mobility operator."""
    FIRMWARE = "manufacturer"
    """Whoever signs firmware."""


@dataclass(frozen=True, slots=True)
class Issued:
    """A new certificate with those between it and the root, without the root."""

    certificate: x509.Certificate
    between: tuple[x509.Certificate, ...] = ()

    @property
    def pem(self) -> bytes:
        """The chain, leaf first."""
        return pem_of([self.certificate, *self.between]).encode()


@dataclass(frozen=True, slots=True)
class Revocation:
    """A certificate that counts no longer."""

    serial_number: int
    revoked_at: datetime


@dataclass(frozen=True, slots=True)
class Authority:
    """Issues certificates. ``between``: the authorities above it, without the root."""

    certificate: x509.Certificate
    key: PrivateKey
    between: tuple[x509.Certificate, ...] = ()

    @classmethod
    def new(
        cls,
        name: str,
        kind: KeyKind,
        now: datetime,
        life: timedelta,
        organization: str = "chargeplane",
        key: PrivateKey | None = None,
    ) -> Authority:
        """A root; with a key of this kind that is there already, or with a new one."""
        key = key or new_key(kind)
        subject = _name(name, organization)
        certificate = _signed(
            _authority_builder(subject, key.public_key(), now, life, path_length=2), subject, key
        )
        return cls(certificate, key)

    def sub(
        self,
        name: str,
        kind: KeyKind,
        now: datetime,
        life: timedelta,
        organization: str = "",
        key: PrivateKey | None = None,
    ) -> Authority:
        """An authority below this one. It cannot outlive it. ``key``: as ``new``."""
        key = key or new_key(kind)
        builder = _authority_builder(
            _name(name, organization or _organization(self.certificate)),
            key.public_key(),
            now,
            min(life, self._left(now)),
            path_length=1 if self.is_root else 0,
        )
        certificate = self._sign(builder)
        return Authority(certificate, key, (certificate, *self.between))

    @property
    def is_root(self) -> bool:
        """Whether nobody stands above it."""
        return self.certificate.issuer == self.certificate.subject

    def issue(
        self,
        key: PublicKey,
        common_name: str,
        purpose: Purpose,
        now: datetime,
        life: timedelta,
        *,
        organization: str = "",
        names: Iterable[str] = (),
        ocsp_url: str = "",
        list_url: str = "",
    ) -> Issued:
        """A certificate for somebody.

        Args:
            key: whose it is.
            common_name: a host name (CSMS), a serial number (station), an eMAID (contract).
            purpose: what it is for.
            now: the time.
            life: how long it is valid; not longer than the authority.
            organization: the operator (A00.FR.507); that of the authority if it is left out.
            names: host names and addresses of a server.
            ocsp_url: where its status can be asked for.
            list_url: where the list of revoked ones is.

        Raises:
            PkiFault: the key is too weak, or a name cannot be written.
        """
        if weakness := weakness_of(key):
            raise PkiFault(weakness)
        builder = _builder(
            _name(common_name, organization or _organization(self.certificate)),
            key,
            now,
            min(life, self._left(now)),
        )
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        builder = builder.add_extension(_usage(purpose), critical=True)
        alternatives = [_alternative(each) for each in names]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), False)
        if purpose is Purpose.SERVER:
            extended = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
            builder = builder.add_extension(extended, critical=False)
        if ocsp_url:
            access = x509.AccessDescription(
                x509.oid.AuthorityInformationAccessOID.OCSP,
                x509.UniformResourceIdentifier(ocsp_url),
            )
            builder = builder.add_extension(x509.AuthorityInformationAccess([access]), False)
        if list_url:
            at = [x509.UniformResourceIdentifier(list_url)]
            point = x509.DistributionPoint(at, None, None, None)
            builder = builder.add_extension(x509.CRLDistributionPoints([point]), False)
        return Issued(self._sign(builder), self.between)

    def revocation_list(
        self, revoked: Iterable[Revocation], number: int, now: datetime, life: timedelta
    ) -> x509.CertificateRevocationList:
        """A signed list (RFC 5280, 5) of what counts no longer."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(now)
            .next_update(now + life)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for each in revoked:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(each.serial_number)
                .revocation_date(each.revoked_at)
                .build()
            )
        return builder.sign(self.key, hash_for(self.key))

    def _left(self, now: datetime) -> timedelta:
        return self.certificate.not_valid_after_utc - now

    def _sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        identifier = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        builder = builder.add_extension(identifier, critical=False)
        return _signed(builder, self.certificate.subject, self.key)


def _name(common_name: str, organization: str) -> x509.Name:
    try:
        return x509.Name(
            [
                x509.NameAttribute(NameOID.COMMON_NAME, common_name),
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            ]
        )
    except ValueError as error:
        raise PkiFault(f"a certificate cannot carry this name: {error}") from error


def _organization(certificate: x509.Certificate) -> str:
    found = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return str(found[0].value) if found else "chargeplane"


def _builder(
    subject: x509.Name, key: PublicKey, now: datetime, life: timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BACKDATED)
        .not_valid_after(now + life)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
    )


def _authority_builder(
    subject: x509.Name, key: PublicKey, now: datetime, life: timedelta, path_length: int
) -> x509.CertificateBuilder:
    usage = _key_usage(key_cert_sign=True, crl_sign=True, digital_signature=True)
    return (
        _builder(subject, key, now, life)
        .add_extension(x509.BasicConstraints(True, path_length), critical=True)
        .add_extension(usage, critical=True)
    )


def _signed(
    builder: x509.CertificateBuilder, issuer: x509.Name, key: PrivateKey
) -> x509.Certificate:
    return builder.issuer_name(issuer).sign(key, hash_for(key))


def _usage(purpose: Purpose) -> x509.KeyUsage:
    if purpose is Purpose.CONTRACT:
        return _key_usage(
            digital_signature=True,
            content_commitment=True,
            key_encipherment=True,
            key_agreement=True,
        )
    if purpose is Purpose.V2G:
        return _key_usage(digital_signature=True, key_agreement=True)
    # Static RSA needs the second one.
    is_tls = purpose in {Purpose.SERVER, Purpose.STATION}
    return _key_usage(digital_signature=True, key_encipherment=is_tls)


def _key_usage(**usages: bool) -> x509.KeyUsage:
    names = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
        "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: usages.get(name, False) for name in names})


def is_for_names(certificate: x509.Certificate, names: Iterable[str]) -> bool:
    """Whether a certificate is for these host names and addresses of a server, and no other.

    Raises:
        PkiFault: one of them is no host name.
    """
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return False
    return {*found.value} == {_alternative(each) for each in names}


def _alternative(name: str) -> x509.GeneralName:
    with suppress(ValueError):  # then it is no address, but a name
        return x509.IPAddress(ip_address(name))
    try:
        return x509.DNSName(name.encode("idna").decode())
    except (UnicodeError, ValueError) as error:
        raise PkiFault(f"{name!r} is no host name: {error}") from error
