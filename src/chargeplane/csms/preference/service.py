"""Who keeps preferences: in the database for ever, in memory for whoever goes by them."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec.structs import fields, replace
from sqlalchemy import Connection

from chargeplane.csms.preference import tables
from chargeplane.csms.preference.tables import Choice
from chargeplane.csms.preferences import Preferences
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Function, Store, StoreError

__all__ = ["LOOK_EVERY_S", "Chosen"]

_log = logging.getLogger(__name__)

LOOK_EVERY_S: Final = 30.0
"""Another process on the same database may have changed something."""
_TYPES: Final = {each.name: each.type for each in fields(Preferences)}


class Chosen:
    """The preferences of all tenants. Called with a tenant it is a ``PreferencesOf``."""

    def __init__(self, store: Store, clock: Clock, defaults: Preferences | None = None) -> None:
        """``defaults`` count where a tenant has chosen nothing."""
        self._store = store
        self._clock = clock
        self.defaults = defaults or Preferences()
        self._changes = 0
        self._of: dict[UUID, Preferences] = {}
        self._choices: dict[UUID, dict[str, Choice]] = {}

    def __call__(self, tenant_id: UUID) -> Preferences:
        """What counts for a tenant now."""
        return self._of.get(tenant_id, self.defaults)

    def choices(self, tenant_id: UUID) -> Mapping[str, Choice]:
        """What a tenant has chosen, by name."""
        return self._choices.get(tenant_id, {})

    async def load(self) -> None:
        """Read what was chosen.

        Raises:
            StoreError: the database cannot be read; what counted before goes on to count.
        """
        changes = self._changes
        found = await self._store.read(tables.all_of)
        if changes == self._changes:  # otherwise it may be older than what is known
            self._take(found)

    async def run(self) -> None:
        """Read it again from time to time, until cancelled."""
        while True:
            await self._clock.sleep(LOOK_EVERY_S)
            try:
                await self.load()
            except StoreError as error:
                _log.warning("preferences are read later: %s", error)

    async def change(self, tenant_id: UUID, by: str, values: Mapping[str, Any]) -> None:
        """Choose what is given; None goes back to the default."""
        now = self._clock.now()

        def work(connection: Connection) -> list[Choice]:
            for name, value in values.items():
                if value is None:
                    tables.forget(connection, tenant_id, name)
                else:
                    text = msgspec.json.encode(value).decode()
                    tables.put(connection, Choice(tenant_id, name, text, by, now))
            return tables.all_of(connection)

        found = await self._store.write(Function(work))
        self._changes += 1
        self._take(found)

    def _take(self, found: Sequence[Choice]) -> None:
        choices: dict[UUID, dict[str, Choice]] = {}
        values: dict[UUID, dict[str, Any]] = {}
        for each in found:
            try:
                value = msgspec.json.decode(each.value, type=_TYPES[each.name])
            except (KeyError, msgspec.ValidationError):
                continue  # of another version of the program
            choices.setdefault(each.tenant_id, {})[each.name] = each
            values.setdefault(each.tenant_id, {})[each.name] = value
        self._choices = choices
        self._of = {owner: replace(self.defaults, **given) for owner, given in values.items()}
