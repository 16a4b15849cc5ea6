"""Contract certificates for vehicles, and whether certificates still count (M01, M02, M06, M07)."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import Final

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

from chargeplane.ocpp import v21
from chargeplane.ocpp.versions import Version
from chargeplane.runtime.pki import CertificateHashes, hashes_of
from chargeplane.station.certificates.hashes import told
from chargeplane.station.conversation import Outcome
from chargeplane.station.hub import Hub
from chargeplane.station.signals.certificates import ContractWanted, Revocation, RevocationWanted

__all__ = ["install"]

CHAIN_MAX: Final = 4
"""Certificates of one GetCertificateChainStatus."""
_Asked = tuple[CertificateHashes, str]
"""A certificate, and where its issuer answers."""


def install(hub: Hub) -> None:
    """Hear what is wanted; 2.x alone has messages for it."""
    hub.hears(ContractWanted, partial(_contract, hub))
    hub.hears(RevocationWanted, partial(_revocation, hub))


def _contract(hub: Hub, wanted: ContractWanted) -> None:
    kinds = v21.CertificateActionEnumType

    def done(outcome: Outcome) -> None:
        if isinstance(outcome, v21.Get15118EVCertificateResponse):
            wanted.told(outcome.exi_response)
        else:
            wanted.told("")

    request = v21.Get15118EVCertificateRequest(
        iso15118_schema_version=wanted.schema,
        action=kinds.UPDATE if wanted.is_update else kinds.INSTALL,
        exi_request=wanted.exi,
    )
    hub.ask(request, done)


def _revocation(hub: Hub, wanted: RevocationWanted) -> None:
    asked = [
        (hashes_of(each, issuer, "SHA256"), url)
        for each, issuer in pairwise(wanted.chain)
        if (url := responder_of(each))
    ][:CHAIN_MAX]
    if wanted.of_vehicle and hub.version is Version.V2_1 and asked:
        _ask_chain(hub, asked, wanted)
    else:
        _ask_each(hub, asked, [], wanted)


def _ask_each(
    hub: Hub, asked: list[_Asked], found: list[Revocation], wanted: RevocationWanted
) -> None:
    """One certificate after the other, since at most one request may be open."""
    if not asked:
        wanted.told(found)
        return
    hashes, url = asked[0]

    def done(outcome: Outcome) -> None:
        status, answer = "Failed", ""
        if isinstance(outcome, v21.GetCertificateStatusResponse):
            accepted = outcome.status is v21.GetCertificateStatusEnumType.ACCEPTED
            answer = outcome.ocsp_result or ""
            status = "Good" if accepted else "Failed"
        result = Revocation(hashes.serial_number, status, answer)
        _ask_each(hub, asked[1:], [*found, result], wanted)

    data = told(v21.OCSPRequestDataType, v21.HashAlgorithmEnumType, hashes, responder_url=url)
    hub.ask(v21.GetCertificateStatusRequest(ocsp_request_data=data), done)


def _ask_chain(hub: Hub, asked: list[_Asked], wanted: RevocationWanted) -> None:
    def done(outcome: Outcome) -> None:
        by_number = {}
        if isinstance(outcome, v21.GetCertificateChainStatusResponse):
            by_number = {
                each.certificate_hash_data.serial_number.casefold(): each.status.value
                for each in outcome.certificate_status
            }
        wanted.told(
            [
                Revocation(
                    each.serial_number, by_number.get(each.serial_number.casefold(), "Failed")
                )
                for each, _ in asked
            ]
        )

    requests = [
        v21.CertificateStatusRequestInfoType(
            certificate_hash_data=told(
                v21.CertificateHashDataType, v21.HashAlgorithmEnumType, each
            ),
            source=v21.CertificateStatusSourceEnumType.OCSP,
            urls=[url],
        )
        for each, url in asked
    ]
    hub.ask(v21.GetCertificateChainStatusRequest(certificate_status_requests=requests), done)


def responder_of(certificate: x509.Certificate) -> str:
    """Where its issuer says whether it still counts; empty: it names no place."""
    try:
        access = certificate.extensions.get_extension_for_oid(
            ExtensionOID.AUTHORITY_INFORMATION_ACCESS
        ).value
    except x509.ExtensionNotFound:
        return ""
    assert isinstance(access, x509.AuthorityInformationAccess)
    places = [
        str(each.access_location.value)
        for each in access
        if each.access_method == AuthorityInformationAccessOID.OCSP
    ]
    return places[0] if places else ""
