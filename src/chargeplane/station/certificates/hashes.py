"""How messages name certificates: by the same members in both families."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Protocol, TypeVar

from chargeplane.runtime.pki import CertificateHashes

__all__ = ["HashData", "heard", "told"]

D = TypeVar("D", bound="HashData")


class HashData(Protocol):
    """CertificateHashDataType of 1.6 and of 2.x, and OCSPRequestDataType."""

    @property
    def hash_algorithm(self) -> StrEnum:
        """Of both hashes."""

    @property
    def issuer_name_hash(self) -> str:
        """Hexadecimal."""

    @property
    def issuer_key_hash(self) -> str:
        """Hexadecimal."""

    @property
    def serial_number(self) -> str:
        """Hexadecimal."""


def heard(data: HashData) -> CertificateHashes:
    """The certificate that a message means."""
    return CertificateHashes(
        data.hash_algorithm.value,
        data.issuer_name_hash,
        data.issuer_key_hash,
        data.serial_number,
    )


def told(
    kind: Callable[..., D],
    algorithm: Callable[[str], StrEnum],
    hashes: CertificateHashes,
    **more: str,
) -> D:
    """A certificate as a message names it.

    Args:
        kind: the datatype of the version.
        algorithm: its enumeration of hash algorithms.
        hashes: of the certificate.
        more: further members.
    """
    return kind(
        hash_algorithm=algorithm(hashes.algorithm),
        issuer_name_hash=hashes.issuer_name_hash,
        issuer_key_hash=hashes.issuer_key_hash,
        serial_number=hashes.serial_number,
        **more,
    )
