"""An open store on either engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import Connection, Engine, event

from chargeplane.runtime.store import Function, Settings, Store
from tests.runtime.store.ledger import WITH_LEDGER, make_tenant


@pytest.fixture
async def store(settings: Settings) -> AsyncIterator[Store]:
    async with Store(settings, WITH_LEDGER) as store:
        await store.write(Function(make_tenant))
        yield store


@pytest.fixture
def commits() -> Iterator[list[None]]:
    """One item for each commit of any engine of this process."""
    seen: list[None] = []

    def note(connection: Connection) -> None:
        seen.append(None)

    event.listen(Engine, "commit", note)
    yield seen
    event.remove(Engine, "commit", note)
