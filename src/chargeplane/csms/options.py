"""What can be chosen about a central system when it is made.

Whoever starts one (``cli.parts``) fills these in from the settings; tests take what they need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chargeplane.csms.certificates import (
    Authorities,
    ContractProvider,
    Issuer,
    OcspChecks,
    RevocationLists,
)
from chargeplane.csms.housekeeping import Retention
from chargeplane.csms.preferences import UnknownTokens
from chargeplane.csms.wire_ids import new_wire_id
from chargeplane.runtime.links import Transport, default_transport
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.pki import Purpose, Vault
from chargeplane.runtime.settings import UnknownStations

__all__ = ["Options"]


@dataclass(frozen=True)
class Options:
    """What can be chosen about a central system."""

    unknown_stations: UnknownStations = UnknownStations.REFUSE
    min_security_profile: int = 0
    unknown_tokens: UnknownTokens = UnknownTokens.REJECT
    """What counts while a tenant has not chosen otherwise; see ``preferences``."""
    transport: Transport = field(default_factory=default_transport)
    retention: Retention = field(default_factory=Retention)
    passwords: Passwords = field(default_factory=Passwords)
    """Under the secret keys of the installation; by default as good as under none (tests)."""
    vault: Vault | None = None
    """The certificate authority; None: nothing is signed here."""
    issuers: Mapping[Purpose, Issuer] = field(default_factory=dict)
    """Sign the requests of stations instead of the vault."""
    lists: RevocationLists | None = None
    """What other authorities have revoked."""
    checks: OcspChecks | None = None
    """Asks the OCSP responders of other authorities about certificates of stations."""
    authorities: Authorities = tuple
    """Who may have issued certificates of stations: those at ports where TLS takes certificates
    that have ended lead to one of them."""
    contracts: ContractProvider | None = None
    """Provides the contract certificates of vehicles; None: nobody does."""
    tells_unknown: bool = False
    """Whether unknown identities are answered 404; see ``gateway.admission``."""
    files: Path = Path("chargeplane-data/files")
    """The folder of what stations send and fetch; made when the first one does."""
    public_url: str = ""
    """Of the REST interface, for addresses in certificates; empty: they have none."""
    files_url: str = ""
    """The same as stations reach it, to send and fetch files; empty: ``public_url``."""
    signed_firmware_only: bool = False
    """Whether stations are given firmware with a signature that they check, or none."""
    ocsp_hosts: tuple[str, ...] = ()
    """Hosts (``host`` or ``host:port``) of other authorities' responders that may be asked."""
    loopback_allowed: bool = False
    """Whether SOAP stations may be called on this machine; see ``gateway.soap_routes``."""
    draw: Callable[[], int] = new_wire_id
    """Gives ids of transactions, remote starts and reservations for the wire. Who can guess one can
    end a transaction: only a simulation that shall be repeated gives another source."""
