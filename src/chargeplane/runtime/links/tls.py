"""TLS as OCPP wants it: which versions and suites a port for stations takes, and nothing else.

A00.FR.306 to .324 (2.0.1, 2.1) and the security whitepaper of 1.6 (edition 3, A00.FR.306 to .324)
make four suites of TLS 1.2 mandatory, two of them with static RSA, so a port holds two server
certificates: one with an ECDSA key and one with an RSA key. Python's own defaults refuse static
RSA. TLS 1.3 has suites of its own, which all fit both certificates.

Whether a client certificate is wanted depends on the station, which is not known before the
request: the port asks for one and takes a handshake without. One that is shown is checked to a
trusted root here, so that admission only has to compare names.
"""

from __future__ import annotations

import ssl
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

__all__ = [
    "LEGACY",
    "MODERN",
    "ServerCertificate",
    "TlsFault",
    "TlsPolicy",
    "client_context",
    "server_context",
]


class TlsFault(Exception):
    """Certificates or keys that no port can be opened with. Names the file, never its content."""


@dataclass(frozen=True, slots=True)
class TlsPolicy:
    """What a port agrees to."""

    lowest: ssl.TLSVersion
    suites: tuple[str, ...]
    """Of TLS 1.2 and below, by OpenSSL's names, the preferred first."""
    security_level: int = 2
    """OpenSSL's; 0 is needed for SHA-1 in TLS 1.0 and 1.1."""

    @property
    def accepted(self) -> frozenset[str]:
        """The names of all suites that a client may choose, those of TLS 1.3 included."""
        return frozenset(self.suites) | TLS_1_3_SUITES

    @property
    def text(self) -> str:
        """As OpenSSL takes it."""
        return ":".join(self.suites) + f":@SECLEVEL={self.security_level}"


TLS_1_3_SUITES: Final = frozenset(
    {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"}
)
_REQUIRED: Final = (
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "AES128-GCM-SHA256",  # TLS_RSA_WITH_AES_128_GCM_SHA256
    "AES256-GCM-SHA384",
)

MODERN: Final = TlsPolicy(ssl.TLSVersion.TLSv1_2, _REQUIRED)
"""A00.FR.318 (2.x), A00.FR.317 (1.6): what every station of the standard can speak."""

LEGACY: Final = TlsPolicy(ssl.TLSVersion.TLSv1, (*_REQUIRED, "AES128-SHA"), security_level=0)
"""1.6 alone (A00.FR.312, .324): stations that cannot do TLS 1.2. On a port of its own."""


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """A chain and its key, in PEM files; the leaf stands first in the chain."""

    chain: Path
    key: Path
    passphrase: bytes | None = None


# Session tickets of TLS 1.3 for each connection, decision 0013: each costs a copy of the station's
# certificate, a quarter of a handshake, and would let a station in by a certificate that was
# trusted some time ago. Those of TLS 1.2 are cheap, and mend most of a handshake.
_TICKETS: Final = 0
# X509_V_FLAG_NO_CHECK_TIME, for which Python has no name.
_NO_CHECK_TIME: Final = ssl.VerifyFlags(0x200000)
_VERIFY_MODE: Final[Any] = vars(ssl.SSLContext)["verify_mode"]


class _PortContext(ssl.SSLContext):
    """Checks certificates without saying so to Python.

    The transports look at ``verify_mode`` after a handshake, to decode the client's certificate
    into a dictionary that nobody here reads; aiofastnet takes a file in the temporary folder for
    it. What OpenSSL demands is set as ever, and admission gets the certificate in DER.
    """

    @property
    def verify_mode(self) -> ssl.VerifyMode:
        """That there is nothing to decode, whatever OpenSSL demands."""
        return ssl.CERT_NONE

    @verify_mode.setter
    def verify_mode(self, mode: int) -> None:
        _VERIFY_MODE.fset(self, mode)


def server_context(
    certificates: Iterable[ServerCertificate],
    *,
    policy: TlsPolicy = MODERN,
    trusted: Iterable[bytes] = (),
    checks_times: bool = True,
) -> ssl.SSLContext:
    """What a port shakes hands by.

    Args:
        certificates: one with an ECDSA and one with an RSA key.
        policy: versions and suites.
        trusted: roots of station certificates in DER. None given: no certificate is asked for, and
            nobody can come with security profile 3.
        checks_times: False: certificates that have ended, or whose authorities have, are let in
            too (A00.FR.429). Whoever admits stations has to look at times then.

    Raises:
        TlsFault: a certificate or a key cannot be used.
    """
    context = _PortContext(ssl.PROTOCOL_TLS_SERVER)
    with warnings.catch_warnings():
        # Old versions of TLS are what a legacy port is for; nothing else asks for them.
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version = policy.lowest
    context.set_ciphers(policy.text)
    context.options |= ssl.OP_NO_COMPRESSION | ssl.OP_CIPHER_SERVER_PREFERENCE
    # Not in the words of OCPP, but only attackers have ever used it here.
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.num_tickets = _TICKETS
    for each in certificates:
        _load(context, each)
    roots = b"".join(trusted)
    if roots:
        context.load_verify_locations(cadata=roots)
        context.verify_mode = ssl.CERT_OPTIONAL
    if not checks_times:
        context.verify_flags |= _NO_CHECK_TIME
    return context


def client_context(
    trusted: Iterable[bytes], certificate: ServerCertificate | None = None
) -> ssl.SSLContext:
    """What a station dials with: the roots it trusts, and its certificate for profile 3.

    Raises:
        TlsFault: a certificate or a key cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_COMPRESSION
    roots = b"".join(trusted)
    if roots:
        context.load_verify_locations(cadata=roots)
    if certificate is not None:
        _load(context, certificate)
    return context


def _load(context: ssl.SSLContext, each: ServerCertificate) -> None:
    # A function in place of the passphrase: OpenSSL would ask at the terminal for a missing one.
    passphrase = each.passphrase or b""
    try:
        context.load_cert_chain(each.chain, each.key, password=lambda: passphrase)
    except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
        raise TlsFault(f"{each.chain} with {each.key}: {error}") from error
