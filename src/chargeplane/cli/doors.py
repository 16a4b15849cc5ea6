"""The ports of stations, and the certificates that they show.

    plain     profiles 0 and 1, as far as the lowest profile allows
    TLS       profiles 2 and 3 on one port; open if there are certificates
    legacy    profile 2 and 3 for 1.6 stations without TLS 1.2; only where a port is set

Certificates come from files, or from the own authority, which issues new ones in time. They are
read again on SIGHUP and once a day; nobody who is connected notices.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import ssl
from collections.abc import Callable, Coroutine, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

from chargeplane.cli.exits import Refused, no_port
from chargeplane.cli.issuing import station_roots
from chargeplane.csms.gateway.credentials import Entrance
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.links import (
    LEGACY,
    MODERN,
    Listener,
    ServerCertificate,
    TlsFault,
    TlsPolicy,
    server_context,
)
from chargeplane.runtime.pki import (
    KeyKind,
    PkiFault,
    Purpose,
    Vault,
    certificates_of_pem,
    der_of,
    is_for_names,
    new_key,
    pem_of_key,
    write_private,
)
from chargeplane.runtime.settings import Settings, SettingsError

__all__ = ["Doors", "check_files", "on_hangup"]

_log = logging.getLogger(__name__)
SERVER_LIFE: Final = timedelta(days=397)
RENEWED_BEFORE: Final = timedelta(days=60)
LOOK_EVERY_S: Final = 24 * 3600.0
_PAIRS: Final = (("tls_certificate", "tls_key"), ("tls_rsa_certificate", "tls_rsa_key"))
_FILES: Final = (*_PAIRS[0], *_PAIRS[1], "tls_roots")
_KINDS: Final = {"ecdsa": KeyKind.P256, "rsa": KeyKind.RSA2048}


def check_files(settings: Settings) -> None:
    """Look at the files that settings name for TLS, before anything begins.

    Raises:
        SettingsError: one cannot be read, or lacks its other half; with every fault.
    """
    faults = []
    for pair in _PAIRS:
        given = [name for name in pair if getattr(settings, name)]
        if len(given) == 1:
            (missing,) = {*pair} - {*given}
            faults.append(f"{missing}: is needed with {given[0]}")
    for name in _FILES:
        if not (path := getattr(settings, name)):
            continue
        try:
            content = Path(path).read_bytes()
            if name == "tls_roots":
                certificates_of_pem(content)
        except OSError as error:
            faults.append(f"{name}: {path}: {error.strerror}")
        except PkiFault as fault:
            faults.append(f"{name}: {path}: {fault}")
    if faults:
        raise SettingsError(tuple(faults))


class Doors:
    """Opens the ports, and keeps their certificates fresh."""

    def __init__(self, settings: Settings, listener: Listener, vault: Vault, clock: Clock) -> None:
        self._settings = settings
        self._listener = listener
        self._vault = vault
        self._clock = clock
        self._secure: dict[int, TlsPolicy] = {}
        self._checks_times = not settings.renew_ended_certificates

    async def open(self) -> dict[str, str]:
        """Open all ports; what to show of them, by heading.

        Raises:
            Refused: a port cannot be had, or a certificate cannot be used.
        """
        settings, host, shown = self._settings, self._settings.host, {}
        plain = self._allowed({0, 1})
        if plain:
            port = await self._open("ocpp_port", Entrance("plain", plain))
            shown["Stations"] = f"ws://{host}:{port}/ocpp/<station id>"
            shown["SOAP"] = f"http://{host}:{port}/soap"
        certificates = self._certificates_or_refuse()
        secure = self._allowed({2, 3})
        if certificates and secure:
            entrance = Entrance("TLS", secure, self._checks_times)
            port = await self._open("ocpp_tls_port", entrance, MODERN)
            shown["TLS"] = f"wss://{host}:{port}/ocpp/<station id>"
        if certificates and secure and settings.ocpp_legacy_tls_port:
            entrance = Entrance("legacy TLS", secure, self._checks_times)
            port = await self._open("ocpp_legacy_tls_port", entrance, LEGACY)
            shown["Legacy TLS"] = f"wss://{host}:{port}/ocpp/<station id> (weak: 1.6 alone)"
        if not shown:
            raise Refused(
                "no port for stations: this lowest security profile wants TLS, and there are no "
                "certificates (`chargeplane pki init` makes an authority)"
            )
        return shown

    def _allowed(self, profiles: Iterable[int]) -> frozenset[int]:
        lowest = self._settings.min_security_profile
        return frozenset(each for each in profiles if each >= lowest)

    async def reload(self) -> None:
        """Read the certificates again; what cannot be used changes nothing."""
        try:
            for port, policy in self._secure.items():
                await self._listener.renew(port, self._context(policy))
            if self._secure:
                _log.info("certificates of the TLS ports were read again")
        except (TlsFault, PkiFault, OSError) as error:
            _log.error("the TLS ports keep their certificates: %s", error)

    async def watch(self) -> None:
        """Look once a day, until cancelled: files may have changed, or time may be short."""
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            await self.reload()

    async def _open(self, setting: str, entrance: Entrance, policy: TlsPolicy | None = None) -> int:
        host = self._settings.host
        port: int = getattr(self._settings, setting)
        try:
            context = self._context(policy) if policy else None
            opened = await self._listener.listen(host, port, context, entrance)
        except OSError as error:
            option = "--" + setting.replace("_", "-")
            raise no_port(host, port, error, option) from error
        except (TlsFault, PkiFault) as error:
            raise Refused(str(error)) from error
        if policy:
            self._secure[opened] = policy
        return opened

    def _context(self, policy: TlsPolicy) -> ssl.SSLContext:
        return server_context(
            self._certificates(),
            policy=policy,
            trusted=self._trusted(),
            checks_times=self._checks_times,
        )

    def _certificates_or_refuse(self) -> list[ServerCertificate]:
        try:
            return self._certificates()
        except (PkiFault, OSError) as error:
            raise Refused(str(error)) from error

    def _certificates(self) -> list[ServerCertificate]:
        """Those of the settings, or else of the own authority; none if there is neither."""
        settings = self._settings
        given = [
            ServerCertificate(Path(chain), Path(key))
            for chain, key in (
                (settings.tls_certificate, settings.tls_key),
                (settings.tls_rsa_certificate, settings.tls_rsa_key),
            )
            if chain and key
        ]
        if given or not self._vault.exists:
            return given
        folder = settings.data / "tls"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [self._own(folder, name, kind) for name, kind in _KINDS.items()]

    def _own(self, folder: Path, name: str, kind: KeyKind) -> ServerCertificate:
        chain, key_path = folder / f"{name}.pem", folder / f"{name}.key"
        if not self._is_fresh(chain):
            key, names = new_key(kind), self._names()
            authority = self._vault.authority(Purpose.SERVER)
            issued = authority.issue(
                key.public_key(),
                names[0],
                Purpose.SERVER,
                self._clock.now(),
                SERVER_LIFE,
                names=names,
            )
            write_private(key_path, pem_of_key(key))
            write_private(chain, issued.pem)
        return ServerCertificate(chain, key_path)

    def _is_fresh(self, chain: Path) -> bool:
        """Whether a certificate of ours is there, is valid for long enough, and has our names."""
        with suppress(FileNotFoundError, PkiFault):
            leaf = certificates_of_pem(chain.read_bytes())[0]
            is_young = leaf.not_valid_after_utc - self._clock.now() > RENEWED_BEFORE
            return is_young and is_for_names(leaf, self._names())
        return False

    def _names(self) -> list[str]:
        """By which stations dial: the common name of the certificate is the first (A00.FR.510)."""
        given = [each.strip() for each in self._settings.tls_names.split(",") if each.strip()]
        host = self._settings.host
        own = [host] if host not in {"0.0.0.0", "::"} else []
        return list(dict.fromkeys([*given, *own, "localhost", "127.0.0.1"]))

    def _trusted(self) -> list[bytes]:
        """The roots of station certificates."""
        return [der_of(each) for each in station_roots(self._settings, self._vault)]


def on_hangup(*works: Callable[[], Coroutine[None, None, None]]) -> None:
    """Have SIGHUP read again what may have changed: certificates, keys."""
    loop = asyncio.get_running_loop()
    tasks: set[asyncio.Task[None]] = set()

    def ask() -> None:
        for work in works:
            task = loop.create_task(work())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    loop.add_signal_handler(signal.SIGHUP, ask)
