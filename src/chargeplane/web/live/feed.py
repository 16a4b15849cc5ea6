"""One page of a view: what is shown there, as it was last sent, and what has become different."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Protocol
from uuid import UUID

import msgspec
from msgspec import Struct

from chargeplane.runtime.rest import Problem, Sites, View

__all__ = ["Feed", "Subscriber"]

_encode = msgspec.json.Encoder().encode


class Subscriber(Protocol):
    """Somebody who sees a feed."""

    def deliver(self, tail: bytes) -> None:
        """Take a message, without its beginning, which names the subscription."""
        ...

    def broken(self, problem: Problem) -> None:
        """The feed has ended."""
        ...


class Feed:
    """What all subscribers of one page see."""

    def __init__(
        self, view: View, tenant_id: UUID, parameters: Struct, sites: Sites = None
    ) -> None:
        self.view = view
        self.tenant_id = tenant_id
        self.sites = sites
        self.parameters = parameters
        self.subscribers: set[Subscriber] = set()
        self.holders_count = 0
        """Subscribers, and those who wait for the first reading."""
        self.loading: asyncio.Task[None] | None = None
        """The first reading, for which all wait who want this page."""
        self.is_loaded = False
        self.is_stale = False
        """Something has happened that only a new reading of the whole page can tell."""
        self.read_at_s = 0.0
        self.version = 0
        self.is_volatile = view.is_volatile(parameters)
        self._rows: dict[str, bytes] = {}
        self._rest: dict[str, bytes] = {}
        self._fields: dict[str, bytes] = {}
        self._ops: list[bytes] = []
        self._is_new = True

    @property
    def keys(self) -> tuple[str, ...]:
        """What is shown: the keys of the rows, or that of the one thing."""
        if self.view.key is None:
            return (self.view.subject(self.parameters),)
        return tuple(self._rows)

    def take(self, answer: Struct) -> dict[str, Struct]:
        """A new reading of the page; its rows by their keys. The differences wait for ``flush``."""
        key_of = self.view.key
        values: dict[str, Struct] = {}
        if key_of is not None:
            values = {key_of(item): item for item in _member(answer, "items")}
            self._take_rows({key: _encode(item) for key, item in values.items()})
        leaves = dict(_leaves(answer, "", but="items" if key_of else ""))
        if leaves.keys() != self._rest.keys():
            self._is_new = True  # paths have come or gone, and no patch says so
        else:
            self._ops += [
                _set(path, value) for path, value in leaves.items() if self._rest[path] != value
            ]
        self._rest = leaves
        self._fields = {
            name: _encode(getattr(answer, name))
            for name in answer.__struct_fields__
            if key_of is None or name != "items"
        }
        return values

    def _take_rows(self, rows: dict[str, bytes]) -> None:
        before = self._rows
        self._ops += [_remove(key) for key in before if key not in rows]
        self._ops += [_put(key, row) for key, row in rows.items() if before.get(key) != row]
        if [key for key in before if key in rows] != [*rows]:
            self._ops.append(_set("order", _encode([*rows])))
        self._rows = rows

    def put(self, key: str, row: bytes) -> None:
        """One row of the page is like this now."""
        if self._rows.get(key, row) != row:
            self._rows[key] = row
            self._ops.append(_put(key, row))

    def flush(self) -> None:
        """Tell the subscribers what has become different since the last time."""
        ops, self._ops = self._ops, []
        is_new, self._is_new = self._is_new, False
        if not ops and not is_new:
            return
        self.version += 1
        tail = self.snapshot() if is_new else _tail(b"patch", b"[%s]" % b",".join(ops), self)
        for subscriber in tuple(self.subscribers):
            subscriber.deliver(tail)

    def snapshot(self) -> bytes:
        """All of it, as the REST route would answer now."""
        fields = [b"%s:%s" % (_encode(name), value) for name, value in self._fields.items()]
        if self.view.key is not None:
            fields.insert(0, b'"items":[%s]' % b",".join(self._rows.values()))
        return _tail(b"snapshot", b"{%s}" % b",".join(fields), self)


def _tail(name: bytes, value: bytes, feed: Feed) -> bytes:
    return b'"%s":%s,"version":%d}' % (name, value, feed.version)


def _put(key: str, row: bytes) -> bytes:
    return b'{"op":"put","key":%s,"value":%s}' % (_encode(key), row)


def _remove(key: str) -> bytes:
    return b'{"op":"remove","key":%s}' % _encode(key)


def _set(path: str, value: bytes) -> bytes:
    return b'{"op":"set","path":%s,"value":%s}' % (_encode(path), value)


def _leaves(thing: Struct, prefix: str, but: str) -> Iterator[tuple[str, bytes]]:
    """Paths and values. A struct is gone into; lists and mappings are one value."""
    for name in thing.__struct_fields__:
        if name == but:
            continue
        value = getattr(thing, name)
        if isinstance(value, Struct):
            yield from _leaves(value, f"{prefix}{name}.", "")
        else:
            yield f"{prefix}{name}", _encode(value)


def _member(answer: Struct, name: str) -> list[Struct]:
    found: list[Struct] = getattr(answer, name)
    return found
