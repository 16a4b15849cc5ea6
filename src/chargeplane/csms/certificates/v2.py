"""Certificates in 2.x (A02, A03, M03 to M07)."""

from __future__ import annotations

import logging
from base64 import b64encode
from datetime import timedelta
from functools import partial
from typing import Any, Final

from chargeplane.csms.certificates.delivery import Delivery
from chargeplane.csms.certificates.listing import Listed, Listing
from chargeplane.csms.certificates.service import Certificates
from chargeplane.csms.certificates.status import StatusDesk
from chargeplane.csms.certificates.v1 import root_pem
from chargeplane.csms.contract import Ask, Decision, Handler, Heard, Station, Translate
from chargeplane.csms.outcomes import reads
from chargeplane.domain.commands import (
    CertificateUse,
    DeleteCertificate,
    GetInstalledCertificateIds,
    InstallCertificate,
    Unsupported,
)
from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET, UnsetType
from chargeplane.runtime.pki import CertificateHashes, PkiFault, Purpose, Standing

__all__ = [
    "chain_status",
    "delete",
    "install",
    "list_ids",
    "sign",
    "status",
]

_log = logging.getLogger(__name__)
_Signing = v21.CertificateSigningUseEnumType
_Use = v21.InstallCertificateUseEnumType
_Id = v21.GetCertificateIdUseEnumType
_INSTALL: Final = {
    CertificateUse.CSMS_ROOT: _Use.CSMS_ROOT_CERTIFICATE,
    CertificateUse.MANUFACTURER_ROOT: _Use.MANUFACTURER_ROOT_CERTIFICATE,
    CertificateUse.V2G_ROOT: _Use.V2G_ROOT_CERTIFICATE,
    CertificateUse.MO_ROOT: _Use.MO_ROOT_CERTIFICATE,
    CertificateUse.OEM_ROOT: _Use.OEM_ROOT_CERTIFICATE,
}
_LIST: Final = {
    **{use: _Id(kind.value) for use, kind in _INSTALL.items()},
    CertificateUse.V2G_CHAIN: _Id.V2G_CERTIFICATE_CHAIN,
}
_USE_OF: Final = {kind: use for use, kind in _LIST.items()}
_STANDING: Final = {
    Standing.GOOD: v21.CertificateStatusEnumType.GOOD,
    Standing.REVOKED: v21.CertificateStatusEnumType.REVOKED,
    Standing.UNKNOWN: v21.CertificateStatusEnumType.UNKNOWN,
}
NEXT_UPDATE: Final = timedelta(days=1)


def sign(service: Certificates, delivery: Delivery) -> Handler:
    """SignCertificate (A02, A03)."""

    async def handle(heard: Heard) -> Decision:
        request: v21.SignCertificateRequest = heard.request
        is_v2g = request.certificate_type in {_Signing.V2G_CERTIFICATE, _Signing.V2G20_CERTIFICATE}
        try:
            if is_v2g and heard.station.must_renew:
                raise PkiFault("the station has to renew its own certificate first")
            wanted = await service.check(heard.station, request.csr)
        except PkiFault as fault:
            info = v21.StatusInfoType(reason_code="InvalidCSR", additional_info=str(fault)[:512])
            return Decision(
                v21.SignCertificateResponse(
                    status=v21.GenericStatusEnumType.REJECTED, status_info=info
                )
            )
        purpose = Purpose.V2G if is_v2g else Purpose.STATION
        say = partial(_signed, request)
        begin = partial(delivery.begin, heard.station, wanted, purpose, say)
        answer = v21.SignCertificateResponse(status=v21.GenericStatusEnumType.ACCEPTED)
        return Decision(answer, kept=begin)

    return handle


def _signed(request: v21.SignCertificateRequest, chain: str) -> v21.CertificateSignedRequest:
    return v21.CertificateSignedRequest(
        certificate_chain=chain,
        certificate_type=request.certificate_type or _Signing.CHARGING_STATION_CERTIFICATE,
        request_id=request.request_id,  # the station's own number, which it may leave out
    )


def install(service: Certificates) -> Translate:
    """InstallCertificate (M05)."""

    def translate(station: Station, command: InstallCertificate) -> Ask | Unsupported:
        use = _INSTALL.get(command.use)
        is_new = command.use is CertificateUse.OEM_ROOT
        if use is None or (is_new and station.version is not Version.V2_1):
            return Unsupported(reason=f"OCPP {station.version} cannot install {command.use}")
        pem = root_pem(service, command)
        if isinstance(pem, Unsupported):
            return pem
        request = v21.InstallCertificateRequest(certificate_type=use, certificate=pem)
        return Ask(request, reads())

    return translate


def delete(_: Station, command: DeleteCertificate) -> Ask | Unsupported:
    """DeleteCertificate (M04)."""
    try:
        algorithm = v21.HashAlgorithmEnumType(command.hash_algorithm)
    except ValueError:
        return Unsupported(reason=f"there is no hash {command.hash_algorithm}")
    hashes = v21.CertificateHashDataType(
        hash_algorithm=algorithm,
        issuer_name_hash=command.issuer_name_hash,
        issuer_key_hash=command.issuer_key_hash,
        serial_number=command.serial_number,
    )
    return Ask(v21.DeleteCertificateRequest(certificate_hash_data=hashes), reads())


def list_ids(listing: Listing) -> Translate:
    """GetInstalledCertificateIds (M03)."""

    def translate(station: Station, command: GetInstalledCertificateIds) -> Ask:
        kinds: list[v21.GetCertificateIdUseEnumType] | UnsetType = UNSET
        if command.uses:
            kinds = [_LIST[use] for use in command.uses]
        request = v21.GetInstalledCertificateIdsRequest(certificate_type=kinds)
        return Ask(request, listing.reads(station, command.uses, _listed))

    return translate


def _listed(response: Any) -> list[Listed]:
    found = []
    for chain in response.certificate_hash_data_chain or ():
        use = _USE_OF[chain.certificate_type]
        for each in (chain.certificate_hash_data, *(chain.child_certificate_hash_data or ())):
            found.append(
                Listed(
                    use,
                    str(each.hash_algorithm),
                    each.issuer_name_hash,
                    each.issuer_key_hash,
                    each.serial_number,
                )
            )
    return found


def status(desk: StatusDesk) -> Handler:
    """GetCertificateStatus (M06)."""

    async def handle(heard: Heard) -> Decision:
        request: v21.GetCertificateStatusRequest = heard.request
        asked = request.ocsp_request_data
        kinds = v21.GetCertificateStatusEnumType
        try:
            found = await desk.status(_hashes(asked), asked.responder_url)
        except PkiFault as fault:
            info = v21.StatusInfoType(reason_code="OCSPFailed", additional_info=str(fault)[:512])
            response = v21.GetCertificateStatusResponse(status=kinds.FAILED, status_info=info)
            return Decision(response, durable=False)
        response = v21.GetCertificateStatusResponse(
            status=kinds.ACCEPTED, ocsp_result=b64encode(found).decode()
        )
        return Decision(response, durable=False)

    return handle


def chain_status(desk: StatusDesk, service: Certificates) -> Handler:
    """GetCertificateChainStatus (M07; 2.1)."""

    async def handle(heard: Heard) -> Decision:
        request: v21.GetCertificateChainStatusRequest = heard.request
        found = [await _one(desk, service, each) for each in request.certificate_status_requests]
        response = v21.GetCertificateChainStatusResponse(certificate_status=found)
        return Decision(response, durable=False)

    return handle


async def _one(
    desk: StatusDesk, service: Certificates, asked: v21.CertificateStatusRequestInfoType
) -> v21.CertificateStatusType:
    try:
        standing = await desk.standing(_hashes(asked.certificate_hash_data), asked.urls[0])
        word = _STANDING[standing]
    except PkiFault as fault:
        _log.info("the status of a certificate is not known: %s", fault)
        word = v21.CertificateStatusEnumType.FAILED
    return v21.CertificateStatusType(
        certificate_hash_data=asked.certificate_hash_data,
        source=asked.source,
        status=word,
        next_update=(service.clock.now() + NEXT_UPDATE).replace(microsecond=0),
    )


def _hashes(asked: Any) -> CertificateHashes:
    return CertificateHashes(
        str(asked.hash_algorithm),
        asked.issuer_name_hash,
        asked.issuer_key_hash,
        asked.serial_number,
    )
