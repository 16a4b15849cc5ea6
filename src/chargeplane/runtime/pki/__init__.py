"""Certificates: a built-in authority, signing requests, chains, revocation lists and OCSP.

``Vault`` keeps the authorities of an installation, their keys in files or in a ``Token``; an
``Authority`` issues certificates for one ``Purpose``. Nothing here knows OCPP, but names and limits
are those of its block A (A00.FR.501 to .514) and of ISO 15118.
"""

from chargeplane.runtime.pki.authority import (
    BACKDATED,
    Authority,
    Issued,
    Purpose,
    Revocation,
    is_for_names,
)
from chargeplane.runtime.pki.certificates import (
    UNREADABLE,
    CertificateHashes,
    between,
    certificates_of_pem,
    common_name,
    der_of,
    fault_of_chain,
    fingerprint,
    from_der,
    has_issued,
    hashes_of,
    names_of,
    organization,
    pem_of,
    readable,
)
from chargeplane.runtime.pki.keys import (
    KeyKind,
    PkiFault,
    PrivateKey,
    PublicKey,
    key_from_pem,
    new_key,
    pem_of_key,
    weakness_of,
)
from chargeplane.runtime.pki.lists import LIST_BYTES_MAX, ForeignList, contents_of, verified
from chargeplane.runtime.pki.ocsp import (
    Standing,
    answered,
    asked_for,
    question,
    question_about,
    standing_in,
    standing_of,
)
from chargeplane.runtime.pki.paths import Untrusted, fault_of_authority, path_to_root
from chargeplane.runtime.pki.requests import SigningRequest, checked_request, new_request
from chargeplane.runtime.pki.token import Token
from chargeplane.runtime.pki.vault import Vault, roots_in, write_private

__all__ = [
    "BACKDATED",
    "LIST_BYTES_MAX",
    "UNREADABLE",
    "Authority",
    "CertificateHashes",
    "ForeignList",
    "Issued",
    "KeyKind",
    "PkiFault",
    "PrivateKey",
    "PublicKey",
    "Purpose",
    "Revocation",
    "SigningRequest",
    "Standing",
    "Token",
    "Untrusted",
    "Vault",
    "answered",
    "asked_for",
    "between",
    "certificates_of_pem",
    "checked_request",
    "common_name",
    "contents_of",
    "der_of",
    "fault_of_authority",
    "fault_of_chain",
    "fingerprint",
    "from_der",
    "has_issued",
    "hashes_of",
    "is_for_names",
    "key_from_pem",
    "names_of",
    "new_key",
    "new_request",
    "organization",
    "path_to_root",
    "pem_of",
    "pem_of_key",
    "question",
    "question_about",
    "readable",
    "roots_in",
    "standing_in",
    "standing_of",
    "verified",
    "weakness_of",
    "write_private",
]
