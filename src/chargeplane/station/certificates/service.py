"""When a station asks for certificates, and what it makes of what it gets. Version-neutral."""

from __future__ import annotations

from typing import Final

from chargeplane.runtime.pki import PkiFault
from chargeplane.station.device_model.variables import Place
from chargeplane.station.hub import Hub
from chargeplane.station.keystore import STATION, KeyStore
from chargeplane.station.signals import SecurityEventWanted

__all__ = ["Service"]

V2G: Final = "V2GCertificate"
_INVALID: Final = "InvalidChargingStationCertificate"


class Service:
    """The rules of both families."""

    def __init__(self, hub: Hub, store: KeyStore) -> None:
        self._hub = hub
        self.store = store
        self.last_request_id = 0
        entries = hub.variables.find(Place("SecurityCtrlr", "CertificateEntries"))
        if entries is not None:
            entries.read = lambda: str(len(store))

    def request(self, use: str) -> str:
        """A signing request: by the serial number, and the operator that it knows (A02.FR.02)."""
        hub = self._hub
        self.last_request_id += 1
        name = hub.inventory.serial_number or hub.identity
        operator = hub.variables.text("SecurityCtrlr", "OrganizationName")
        return self.store.request(use, name, operator or "unknown")

    def accept(self, use: str, chain: str) -> bool:
        """Take a certificate into use; False, and an event, if it is none for us (A02.FR.07)."""
        try:
            self.store.accept(use, chain, self._hub.time())
        except PkiFault as fault:
            event = SecurityEventWanted(_INVALID, str(fault))
            self._hub.afterwards(lambda: self._hub.tell(event))
            return False
        return True

    def install(self, use: str, pem: str) -> bool | None:
        """Trust a root; None: there is no room, False: it is none (M05)."""
        try:
            return self.store.install(use, pem, self._hub.time()) or None
        except PkiFault:
            return False

    @property
    def has_certificate(self) -> bool:
        """Whether it could come with profile 3."""
        return bool(self.store.own(STATION))
