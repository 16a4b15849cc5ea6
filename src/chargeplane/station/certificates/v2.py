"""Certificates and security events in 2.x (A02 to A04, M03 to M05)."""

from __future__ import annotations

from functools import partial
from typing import Final

from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.ocpp.wire import UNSET
from chargeplane.station.certificates import asking
from chargeplane.station.certificates.hashes import heard, told
from chargeplane.station.certificates.service import Service
from chargeplane.station.hub import Hub
from chargeplane.station.keystore import STATION
from chargeplane.station.signals import CertificateWanted, SecurityEventWanted

__all__ = ["install"]

_Signing = v21.CertificateSigningUseEnumType
_INSTALLED: Final = {
    True: v21.InstallCertificateStatusEnumType.ACCEPTED,
    False: v21.InstallCertificateStatusEnumType.REJECTED,
    None: v21.InstallCertificateStatusEnumType.FAILED,
}


def install(hub: Hub, service: Service) -> None:
    """Answer what 2.x asks of this block."""
    hub.answers(v21.CertificateSignedRequest, partial(_signed, service))
    hub.answers(v21.InstallCertificateRequest, partial(_install, service))
    hub.answers(v21.DeleteCertificateRequest, partial(_delete, service))
    hub.answers(v21.GetInstalledCertificateIdsRequest, partial(_list, service))
    hub.hears(CertificateWanted, partial(_ask, hub, service))
    hub.hears(SecurityEventWanted, partial(_report, hub))
    asking.install(hub)


def _ask(hub: Hub, service: Service, wanted: CertificateWanted) -> None:
    csr = service.request(wanted.use)
    # 2.0.1 has no number for it (A02.FR.24 came with 2.1).
    request_id = service.last_request_id if hub.version is Version.V2_1 else UNSET
    request = v21.SignCertificateRequest(
        csr=csr, certificate_type=_Signing(wanted.use), request_id=request_id
    )
    hub.ask(request, early=True)


def _report(hub: Hub, event: SecurityEventWanted) -> None:
    hub.ask(
        v21.SecurityEventNotificationRequest(
            type=event.type, timestamp=hub.time(), tech_info=event.tech_info[:255] or UNSET
        )
    )


def _signed(
    service: Service, request: v21.CertificateSignedRequest
) -> v21.CertificateSignedResponse:
    kinds = v21.CertificateSignedStatusEnumType
    use = str(request.certificate_type or STATION)
    is_ours = request.request_id in {UNSET, service.last_request_id}
    done = is_ours and service.accept(use, request.certificate_chain)
    return v21.CertificateSignedResponse(status=kinds.ACCEPTED if done else kinds.REJECTED)


def _install(
    service: Service, request: v21.InstallCertificateRequest
) -> v21.InstallCertificateResponse:
    done = service.install(str(request.certificate_type), request.certificate)
    return v21.InstallCertificateResponse(status=_INSTALLED[done])


def _delete(
    service: Service, request: v21.DeleteCertificateRequest
) -> v21.DeleteCertificateResponse:
    kinds = v21.DeleteCertificateStatusEnumType
    done = service.store.delete(heard(request.certificate_hash_data))
    return v21.DeleteCertificateResponse(status=kinds.ACCEPTED if done else kinds.NOT_FOUND)


def _list(
    service: Service, request: v21.GetInstalledCertificateIdsRequest
) -> v21.GetInstalledCertificateIdsResponse:
    kinds = v21.GetInstalledCertificateStatusEnumType
    wanted = {str(each) for each in request.certificate_type or ()}
    found = [
        v21.CertificateHashDataChainType(
            certificate_type=v21.GetCertificateIdUseEnumType(each.use),
            certificate_hash_data=told(
                v21.CertificateHashDataType, v21.HashAlgorithmEnumType, each.hashes
            ),
        )
        for each in service.store.listed()
        if not wanted or each.use in wanted
    ]
    return v21.GetInstalledCertificateIdsResponse(
        status=kinds.ACCEPTED if found else kinds.NOT_FOUND,
        certificate_hash_data_chain=found or UNSET,
    )
