"""The certificates of a port, and of its stations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from chargeplane.runtime.links import ServerCertificate
from chargeplane.runtime.pki import Authority, KeyKind, Purpose, der_of, new_key, pem_of_key

__all__ = ["STATION", "certificates_in", "prepared", "trusted_in"]

LIFE = timedelta(days=30)
KINDS = KeyKind.P256, KeyKind.RSA2048
STATION = "SN-1"
"""Who the one certificate of the stations is for: a serial number that they all have."""


def prepared(folder: Path) -> None:
    """Issue everything: two certificates for the port, and one for a station."""
    now = datetime.now(UTC)
    root = Authority.new("root", KeyKind.P256, now, 2 * LIFE)
    (folder / "root.der").write_bytes(der_of(root.certificate))
    issuer = root.sub("stations", KeyKind.P256, now, LIFE)
    for kind in KINDS:
        _issue(issuer, folder / str(kind), kind, "localhost", Purpose.SERVER)
    _issue(issuer, folder / "station", KeyKind.P256, STATION, Purpose.STATION)


def _issue(issuer: Authority, path: Path, kind: KeyKind, name: str, purpose: Purpose) -> None:
    key = new_key(kind)
    names = ("localhost",) if purpose is Purpose.SERVER else ()
    issued = issuer.issue(key.public_key(), name, purpose, datetime.now(UTC), LIFE, names=names)
    path.with_suffix(".pem").write_bytes(issued.pem)
    path.with_suffix(".key").write_bytes(pem_of_key(key))


def certificates_in(folder: Path) -> list[ServerCertificate]:
    """Those of the port."""
    return [ServerCertificate(folder / f"{kind}.pem", folder / f"{kind}.key") for kind in KINDS]


def trusted_in(folder: Path) -> list[bytes]:
    """The root of them all."""
    return [(folder / "root.der").read_bytes()]
