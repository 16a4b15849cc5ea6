"""A server that runs takes a new secret key while the stations stay connected.

The file is looked at every few seconds, on SIGHUP, and at once when something is under a key that
is not here. Then what can be sealed anew is, as at a start.
"""

from __future__ import annotations

import logging
from typing import Final

from chargeplane.cli.security import tell_of_keys
from chargeplane.runtime.access import Factors
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.keyring import Keyring
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.pki import Vault
from chargeplane.runtime.secrets import Secrets
from chargeplane.runtime.store import Store, StoreError

__all__ = ["Rotation"]

_log = logging.getLogger(__name__)
LOOK_EVERY_S: Final = 5.0


class Rotation:
    """Keeps all who need the secret keys up to date."""

    def __init__(
        self, keyring: Keyring, store: Store, clock: Clock, secrets: Secrets, vault: Vault
    ) -> None:
        self.passwords = Passwords(keyring.keys, keyring.look)
        """Those of stations."""
        keyring.bind(self.passwords.use)
        self._keyring = keyring
        self._store = store
        self._clock = clock
        self._secrets = secrets
        self._vault = vault
        self._sealed_under = keyring.keys

    async def watch(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Take the keys of the file if they have changed, and seal anew what can be."""
        self._keyring.look()
        keys = self._keyring.keys
        if keys == self._sealed_under:
            return
        try:
            await Factors(self._store, self._clock, self._secrets).reseal()
            await tell_of_keys(self._store, keys, self._vault)
        except StoreError as error:
            _log.warning("secrets are sealed anew a little later: %s", error)
            return
        self._sealed_under = keys
