"""Finding registered stations, many at once: after a restart the whole fleet dials together."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Final

from chargeplane.csms.inventory import Known, find_all
from chargeplane.runtime.store import Store, StoreError

__all__ = ["Lookup"]

AT_ONCE_MAX: Final = 500


class Lookup:
    """Whoever asks while a look is under way is served by the next one, together with others."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._asked: dict[str, asyncio.Future[Known | None]] = {}
        self._looking: asyncio.Task[None] | None = None

    async def find(self, identity: str) -> Known | None:
        """The station of an identity.

        Raises:
            StoreError: the store cannot be read.
        """
        answer = self._asked.get(identity)
        if answer is None:
            answer = asyncio.get_running_loop().create_future()
            self._asked[identity] = answer
            if self._looking is None:
                self._looking = asyncio.create_task(self._look())
        return await asyncio.shield(answer)

    async def _look(self) -> None:
        try:
            while self._asked:
                names = list(self._asked)[:AT_ONCE_MAX]
                waiting = {name: self._asked.pop(name) for name in names}
                try:
                    found = await self._store.read(partial(find_all, identities=names))
                except StoreError as error:
                    for answer in waiting.values():
                        answer.set_exception(error)
                        answer.exception()  # whoever asked may be gone
                    continue
                for name, answer in waiting.items():
                    answer.set_result(found.get(name))
        finally:
            self._looking = None
