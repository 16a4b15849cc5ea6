"""Certificates: signing those of stations, the roots they trust, and what was revoked.

    SignCertificate -> checked: known name, strong key, its own signature -> Accepted | Rejected
        -> signed by the authority, stored -> CertificateSigned -> installed | refused | unanswered
    a certificate that ends within 30 days -> the station is asked to sign a new one (A02)

* ``issuing``: our own authority (``runtime.pki``), or another one behind the same interface
* ``est``: another authority, over EST (RFC 7030)
* ``status``: OCSP for stations and for all who ask about ours, and our revocation lists
* ``contracts``: what vehicles ask of a provider
* ``roots``: a root that was renewed goes to the stations
* ``renewals``: stations whose certificate has ended, or is the factory's, get another one
* ``lists``: the revocation lists of other authorities
* ``checks``: what the OCSP responders of other authorities say of stations
* ``listing``: what stations say that they have installed

Requirements: A02, A03, M01 to M07; the security whitepaper of 1.6, edition 3. Contracts of vehicles
(M01, M02) are passed to a provider; there is none by default.
"""

from __future__ import annotations

from chargeplane.csms.certificates import renewal_api, v1, v2
from chargeplane.csms.certificates.api import routes
from chargeplane.csms.certificates.checks import OcspChecks, Responder
from chargeplane.csms.certificates.contracts import (
    ContractAnswer,
    ContractFault,
    ContractProvider,
    contract,
)
from chargeplane.csms.certificates.delivery import Delivery
from chargeplane.csms.certificates.est import EstIssuer, EstService
from chargeplane.csms.certificates.issuing import Issuer, Issuers
from chargeplane.csms.certificates.listing import Listing
from chargeplane.csms.certificates.lists import RevocationLists
from chargeplane.csms.certificates.renewals import HEARD, Authorities, Renewals
from chargeplane.csms.certificates.service import Certificates, Present
from chargeplane.csms.certificates.status import HttpResponders, Responders, StatusDesk
from chargeplane.csms.certificates.tables import coming
from chargeplane.csms.contract import Asker, Block
from chargeplane.domain.commands import (
    DeleteCertificate,
    GetInstalledCertificateIds,
    InstallCertificate,
)
from chargeplane.ocpp import v16, v21

__all__ = [
    "HEARD",
    "Authorities",
    "Certificates",
    "ContractAnswer",
    "ContractFault",
    "ContractProvider",
    "EstIssuer",
    "EstService",
    "HttpResponders",
    "Issuer",
    "Issuers",
    "OcspChecks",
    "Present",
    "Renewals",
    "Responder",
    "Responders",
    "RevocationLists",
    "StatusDesk",
    "block",
    "coming",
]


def block(
    service: Certificates,
    ask: Asker,
    renewals: Renewals,
    *,
    responders: Responders | None = None,
    contracts: ContractProvider | None = None,
) -> Block:
    """The block.

    Args:
        service: what others ask as well.
        ask: asks a station.
        renewals: who may come by a certificate that only serves to get another one.
        responders: asks the OCSP responders of other authorities.
        contracts: provides contract certificates of vehicles.
    """
    delivery, listing = Delivery(service, ask), Listing(service)
    desk = StatusDesk(service, responders)
    return Block(
        "certificates",
        v1={v16.SignCertificateRequest: v1.sign(service, delivery)},
        v2={
            v21.SignCertificateRequest: v2.sign(service, delivery),
            v21.GetCertificateStatusRequest: v2.status(desk),
            v21.GetCertificateChainStatusRequest: v2.chain_status(desk, service),
            v21.Get15118EVCertificateRequest: contract(contracts),
        },
        commands_v1={
            InstallCertificate: v1.install(service),
            DeleteCertificate: v1.delete,
            GetInstalledCertificateIds: v1.list_ids(listing),
        },
        commands_v2={
            InstallCertificate: v2.install(service),
            DeleteCertificate: v2.delete,
            GetInstalledCertificateIds: v2.list_ids(listing),
        },
        routes=(routes(service, desk), renewal_api.routes(renewals)),
    )
