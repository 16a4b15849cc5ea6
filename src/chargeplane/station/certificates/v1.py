"""Certificates and security events in 1.6: the messages of the security whitepaper."""

from __future__ import annotations

from functools import partial
from typing import Final

from chargeplane.ocpp import v16
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.certificates.hashes import heard, told
from chargeplane.station.certificates.service import Service
from chargeplane.station.hub import Hub
from chargeplane.station.keystore import CSMS, STATION
from chargeplane.station.signals import CertificateWanted, SecurityEventWanted

__all__ = ["install"]

_Use = v16.CertificateUseEnumType
_USES: Final = {
    _Use.CENTRAL_SYSTEM_ROOT_CERTIFICATE: CSMS,
    _Use.MANUFACTURER_ROOT_CERTIFICATE: "ManufacturerRootCertificate",
}
_INSTALLED: Final = {
    True: v16.InstallCertificateStatusEnumType.ACCEPTED,
    False: v16.InstallCertificateStatusEnumType.REJECTED,
    None: v16.InstallCertificateStatusEnumType.FAILED,
}


def install(hub: Hub, service: Service) -> None:
    """Answer what 1.6 asks of this block."""
    hub.answers(v16.CertificateSignedRequest, partial(_signed, service))
    hub.answers(v16.InstallCertificateRequest, partial(_install, service))
    hub.answers(v16.DeleteCertificateRequest, partial(_delete, service))
    hub.answers(v16.GetInstalledCertificateIdsRequest, partial(_list, service))
    hub.hears(CertificateWanted, partial(_ask, hub, service))
    hub.hears(SecurityEventWanted, partial(_report, hub))


def _ask(hub: Hub, service: Service, _: CertificateWanted) -> None:
    hub.ask(v16.SignCertificateRequest(csr=service.request(STATION)), early=True)


def _report(hub: Hub, event: SecurityEventWanted) -> None:
    hub.ask(
        v16.SecurityEventNotificationRequest(
            type=event.type, timestamp=hub.time(), tech_info=event.tech_info[:255] or UNSET
        )
    )


def _signed(
    service: Service, request: v16.CertificateSignedRequest
) -> v16.CertificateSignedResponse:
    kinds = v16.CertificateSignedStatusEnumType
    done = service.accept(STATION, request.certificate_chain)
    return v16.CertificateSignedResponse(status=kinds.ACCEPTED if done else kinds.REJECTED)


def _install(
    service: Service, request: v16.InstallCertificateRequest
) -> v16.InstallCertificateResponse:
    done = service.install(_USES[request.certificate_type], request.certificate)
    return v16.InstallCertificateResponse(status=_INSTALLED[done])


def _delete(
    service: Service, request: v16.DeleteCertificateRequest
) -> v16.DeleteCertificateResponse:
    kinds = v16.DeleteCertificateStatusEnumType
    done = service.store.delete(heard(request.certificate_hash_data))
    return v16.DeleteCertificateResponse(status=kinds.ACCEPTED if done else kinds.NOT_FOUND)


def _list(
    service: Service, request: v16.GetInstalledCertificateIdsRequest
) -> v16.GetInstalledCertificateIdsResponse:
    kinds = v16.GetInstalledCertificateStatusEnumType
    use = _USES[request.certificate_type]
    found = [
        told(v16.CertificateHashDataType, v16.HashAlgorithmEnumType, each.hashes)
        for each in service.store.listed()
        if each.use == use
    ]
    return v16.GetInstalledCertificateIdsResponse(
        status=kinds.ACCEPTED if found else kinds.NOT_FOUND, certificate_hash_data=found or UNSET
    )
