"""What the settings say about who signs for stations."""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from cryptography import x509

from chargeplane.csms.certificates import (
    EstIssuer,
    EstService,
    HttpResponders,
    OcspChecks,
    Responder,
    RevocationLists,
)
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.pki import PkiFault, Purpose, Vault, certificates_of_pem, organization
from chargeplane.runtime.settings import Settings, SettingsError

__all__ = [
    "PASSWORD_VARIABLE",
    "est_issuers",
    "ocsp_checks",
    "revocation_lists",
    "station_authorities",
    "station_roots",
]

PASSWORD_VARIABLE: Final = "CHARGEPLANE_EST_PASSWORD"


def station_roots(settings: Settings, vault: Vault) -> list[x509.Certificate]:
    """To one of these the certificate of a station has to lead.

    Raises:
        PkiFault: a file holds no certificate.
        OSError: a file cannot be read.
    """
    roots = [vault.root()] if vault.exists else []
    if settings.tls_roots:
        roots += certificates_of_pem(Path(settings.tls_roots).read_bytes())
    return roots


def station_authorities(settings: Settings, vault: Vault) -> list[x509.Certificate]:
    """Who may have issued the certificate of a station: the roots, and our own authority.

    Raises:
        PkiFault: a file holds no certificate.
        OSError: a file cannot be read.
    """
    own = [vault.certificate(Purpose.STATION)] if vault.exists else []
    return [*own, *station_roots(settings, vault)]


def revocation_lists(settings: Settings, vault: Vault, clock: Clock) -> RevocationLists | None:
    """The lists of other authorities; None if the settings name none.

    Raises:
        SettingsError: there are too many of them, or one is neither file nor address.
    """
    places = [each.strip() for each in settings.crl_sources.split(",") if each.strip()]
    if not places:
        return None
    try:
        return RevocationLists(
            places, partial(_roots, settings, vault), settings.data / "crl", clock
        )
    except PkiFault as fault:
        raise SettingsError((f"crl_sources: {fault}",)) from fault


def ocsp_checks(settings: Settings, clock: Clock) -> OcspChecks | None:
    """Who asks responders about certificates of stations; None if the settings name none.

    Raises:
        SettingsError: one is no file with an authority, or no address of HTTP.
    """
    found: list[Responder] = []
    for each in filter(None, map(str.strip, settings.ocsp_responders.split(","))):
        file, _, url = each.partition("=")
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise SettingsError((f"ocsp_responders: write FILE=http://HOST/, not {each!r}",))
        try:
            known = certificates_of_pem(Path(file).read_bytes())
        except (PkiFault, OSError) as fault:
            raise SettingsError((f"ocsp_responders: {file}: {fault}",)) from fault
        found += [Responder(authority, url) for authority in known]
    if not found:
        return None
    asker = HttpResponders({urlsplit(each.url).netloc for each in found})
    try:
        return OcspChecks(found, asker.ask, clock, is_hard=settings.ocsp_hard_fail)
    except PkiFault as fault:
        raise SettingsError((f"ocsp_responders: {fault}",)) from fault


def _roots(settings: Settings, vault: Vault) -> Sequence[x509.Certificate]:
    try:
        return station_roots(settings, vault)
    except OSError as error:
        raise PkiFault(f"{error.filename}: {error.strerror}") from error


def est_issuers(
    settings: Settings, environment: Mapping[str, str], vault: Vault, clock: Clock
) -> dict[Purpose, EstIssuer]:
    """The other authorities, by what they sign.

    Raises:
        SettingsError: with every fault, each by its setting.
    """
    named = {
        Purpose.STATION: ("est_url", settings.est_url),
        Purpose.V2G: ("est_v2g_url", settings.est_v2g_url),
    }
    urls = {purpose: url for purpose, (_, url) in named.items() if url}
    faults = [
        f"{name}: write https://HOST/.well-known/est, not {url!r}"
        for name, url in named.values()
        if url and not _is_usable(url)
    ]
    password = environment.get(PASSWORD_VARIABLE, "")
    if urls:
        faults += _faults(settings, password)
    if faults:
        raise SettingsError(tuple(faults))
    if not urls:
        return {}
    context = _context(settings)
    operator = organization(vault.root().subject) if vault.exists else ""

    return {
        purpose: EstIssuer(
            EstService(url, context, settings.est_user, password),
            clock,
            partial(_roots, settings, vault),
            operator,
        )
        for purpose, url in urls.items()
    }


def _is_usable(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme == "https" and bool(parts.hostname) and not parts.query


def _faults(settings: Settings, password: str) -> list[str]:
    faults = []
    if not settings.est_user and not settings.est_certificate:
        faults.append("est_user: the authority has to know us by it, or by est_certificate")
    if bool(settings.est_certificate) != bool(settings.est_key):
        faults.append("est_key: est_certificate and est_key go together")
    if settings.est_user and not password:
        faults.append(f"est_user: {PASSWORD_VARIABLE} has to hold the password")
    return faults


def _context(settings: Settings) -> ssl.SSLContext:
    """What we believe of the server, and show to it."""
    try:
        context = ssl.create_default_context(cafile=settings.est_roots or None)
    except OSError as error:
        raise SettingsError((f"est_roots: {settings.est_roots}: {error.strerror}",)) from error
    try:
        if settings.est_certificate:
            context.load_cert_chain(settings.est_certificate, settings.est_key)
    except OSError as error:
        why = error.strerror or "no certificate with its key"
        raise SettingsError((f"est_certificate: {settings.est_certificate}: {why}",)) from error
    return context
