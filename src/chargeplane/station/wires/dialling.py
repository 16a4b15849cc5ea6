"""How a station dials: the wire for an address, and what it shows of itself when it does."""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass

from chargeplane.ocpp.versions import Version
from chargeplane.runtime.links import Wheel
from chargeplane.station.core import Core
from chargeplane.station.network import NetworkProfile
from chargeplane.station.wires import Dialer, JsonDialer, SoapDialer
from chargeplane.station.wires.handshake import Handshake

__all__ = ["Dialling"]

_KEY = re.compile("([0-9A-Fa-f]{2})+")  # 1.6 writes the bytes of a key in hexadecimal


@dataclass(frozen=True, slots=True)
class Dialling:
    """What one station dials with."""

    core: Core
    url: str
    password: str | bytes | None = None
    """From the beginning; the central system may set another one."""
    tls: ssl.SSLContext | None = None
    """None: by ``core.hub.keys``, or the system's trust."""
    wheel: Wheel | None = None
    """Of pings, shared by a fleet."""
    soap_host: str = "127.0.0.1"
    """Where a SOAP station listens for commands, and what it announces."""

    def dialer(self) -> Dialer:
        """The wire for the address.

        Raises:
            ValueError: the address is none, or the version has no SOAP.
        """
        scheme = self.url.partition(":")[0]
        if scheme in {"http", "https"}:
            return self._soap()
        if scheme not in {"ws", "wss"}:
            raise ValueError(f"{self.url!r} is no address of a central system")
        return self._json(is_tls=scheme == "wss")

    def _soap(self) -> SoapDialer:
        hub = self.core.hub
        if hub.family is not Version.V1_6:
            raise ValueError(f"OCPP {hub.version} has no SOAP; give a ws:// address")
        return SoapDialer(
            self.url,
            hub.identity,
            hub.version,
            new_id=hub.new_id,
            host=self.soap_host,
            tls=self.tls,
            envelope=self._enveloped,
        )

    def _json(self, *, is_tls: bool) -> JsonDialer:
        hub = self.core.hub
        if is_tls:
            security = 3 if not self.password and hub.keys.own() else 2
        else:
            security = 0 if self.password is None else 1
        network = hub.network
        network.begin(NetworkProfile(self.url, security), is_trusting=self.tls is not None)
        return JsonDialer(
            lambda: network.current.url,
            hub.identity,
            hub.version,
            password=self._current_password,
            dressed=self._dressed,
            ping_interval_s=lambda: hub.variables.number("OCPPCommCtrlr", "WebSocketPingInterval"),
            tls=lambda: (self.tls or self._own_tls()) if network.is_tls else None,
            wheel=self.wheel,
        )

    def _own_tls(self) -> ssl.SSLContext | None:
        """By the station's own keys, if it has any: a new root or certificate counts at once."""
        keys = self.core.hub.keys
        return keys.context() if len(keys) or keys.own() else None

    def _enveloped(self, text: str) -> str:
        return self.core.disguise.envelope(text)  # the one of now: quirks may be set

    def _dressed(self, handshake: Handshake) -> Handshake:
        return self.core.disguise.handshake(handshake)

    def _current_password(self) -> str | bytes | None:
        """The one that the central system has set, or else the one from the beginning."""
        profile = self.core.hub.network.current
        if profile.security == 3:  # A00.FR.401: by its certificate alone
            return None
        if profile.password is not None:
            return profile.password
        changed = self.core.variables.text("SecurityCtrlr", "BasicAuthPassword")
        if not changed:
            return self.password
        is_key = self.core.is_1x and _KEY.fullmatch(changed)
        return bytes.fromhex(changed) if is_key else changed
