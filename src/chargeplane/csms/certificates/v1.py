"""Certificates in 1.6: the messages of the security whitepaper (edition 3)."""

from __future__ import annotations

from functools import partial
from typing import Any, Final

from chargeplane.csms.certificates.delivery import Delivery
from chargeplane.csms.certificates.listing import Listed, Listing
from chargeplane.csms.certificates.service import Certificates
from chargeplane.csms.contract import Ask, Decision, Handler, Heard, Station, Translate
from chargeplane.csms.outcomes import reads
from chargeplane.domain.commands import (
    CertificateUse,
    DeleteCertificate,
    GetInstalledCertificateIds,
    InstallCertificate,
    Unsupported,
)
from chargeplane.ocpp import v16
from chargeplane.runtime.pki import PkiFault, Purpose, certificates_of_pem, from_der, pem_of

__all__ = ["delete", "install", "list_ids", "sign"]

_USES: Final = {
    CertificateUse.CSMS_ROOT: v16.CertificateUseEnumType.CENTRAL_SYSTEM_ROOT_CERTIFICATE,
    CertificateUse.MANUFACTURER_ROOT: v16.CertificateUseEnumType.MANUFACTURER_ROOT_CERTIFICATE,
}
_ONLY: Final = Unsupported(reason="1.6 knows the uses csms_root and manufacturer_root")


def sign(service: Certificates, delivery: Delivery) -> Handler:
    """SignCertificate (A02, A03)."""

    async def handle(heard: Heard) -> Decision:
        request: v16.SignCertificateRequest = heard.request
        try:
            wanted = await service.check(heard.station, request.csr)
        except PkiFault:
            return Decision(_answer(v16.GenericStatusEnumType.REJECTED))
        begin = partial(delivery.begin, heard.station, wanted, Purpose.STATION, _signed)
        return Decision(_answer(v16.GenericStatusEnumType.ACCEPTED), kept=begin)

    return handle


def _answer(status: v16.GenericStatusEnumType) -> v16.SignCertificateResponse:
    return v16.SignCertificateResponse(status=status)


def _signed(chain: str) -> v16.CertificateSignedRequest:
    return v16.CertificateSignedRequest(certificate_chain=chain)


def install(service: Certificates) -> Translate:
    """InstallCertificate (M05)."""

    def translate(_: Station, command: InstallCertificate) -> Ask | Unsupported:
        use = _USES.get(command.use)
        if use is None:
            return _ONLY
        pem = root_pem(service, command)
        if isinstance(pem, Unsupported):
            return pem
        request = v16.InstallCertificateRequest(certificate_type=use, certificate=pem)
        return Ask(request, reads())

    return translate


def delete(_: Station, command: DeleteCertificate) -> Ask | Unsupported:
    """DeleteCertificate (M04)."""
    try:
        algorithm = v16.HashAlgorithmEnumType(command.hash_algorithm)
    except ValueError:
        return Unsupported(reason=f"there is no hash {command.hash_algorithm}")
    hashes = v16.CertificateHashDataType(
        hash_algorithm=algorithm,
        issuer_name_hash=command.issuer_name_hash,
        issuer_key_hash=command.issuer_key_hash,
        serial_number=command.serial_number,
    )
    return Ask(v16.DeleteCertificateRequest(certificate_hash_data=hashes), reads())


def list_ids(listing: Listing) -> Translate:
    """GetInstalledCertificateIds (M03), for one use at a time."""

    def translate(station: Station, command: GetInstalledCertificateIds) -> Ask | Unsupported:
        if len(command.uses) > 1:
            return Unsupported(reason="1.6 lists the certificates of one use at a time")
        use = command.uses[0] if command.uses else CertificateUse.CSMS_ROOT
        if use not in _USES:
            return _ONLY

        def found(response: Any) -> list[Listed]:
            return [
                Listed(use, str(each.hash_algorithm), each.issuer_name_hash, each.issuer_key_hash,
                       each.serial_number)
                for each in response.certificate_hash_data or ()
            ]  # fmt: skip

        request = v16.GetInstalledCertificateIdsRequest(certificate_type=_USES[use])
        return Ask(request, listing.reads(station, (use,), found))

    return translate


def root_pem(service: Certificates, command: InstallCertificate) -> str | Unsupported:
    """The certificate of a command, which is one that can be read, or our own root."""
    if command.certificate is not None:
        try:
            return pem_of(certificates_of_pem(command.certificate)[:1])
        except PkiFault as fault:
            return Unsupported(reason=str(fault))
    root = service.root_der()
    if root is None:
        return Unsupported(reason="there is no authority of our own; name the certificate")
    return pem_of([from_der(root)])
