"""A payload under repair: edited by path, while the one that was received stays as it is."""

from __future__ import annotations

from typing import Any

from chargeplane.ocpp.violations import Path

__all__ = ["Draft"]


class Draft:
    """A copy of parsed JSON that copies only what is changed.

    Containers are copied when something inside them is first changed, so that a change costs as
    much as its path is long, and what was given is never touched.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        # The containers themselves, not their ids: an id may be given out again.
        self._own: dict[int, Any] = {}

    def get(self, path: Path) -> Any:
        """The value at ``path``, or None."""
        value = self.root
        for part in path:
            if isinstance(value, dict) and isinstance(part, str):
                value = value.get(part)
            elif isinstance(value, list) and isinstance(part, int) and part < len(value):
                value = value[part]
            else:
                return None
        return value

    def put(self, path: Path, value: Any) -> None:
        """Set the value at ``path``, whose parent exists."""
        if path:
            self._parent(path)[path[-1]] = value
        else:
            self.root = value

    def drop(self, path: Path) -> None:
        """Take out the member or item at ``path``, which exists."""
        del self._parent(path)[path[-1]]

    def _parent(self, path: Path) -> Any:
        self.root = parent = self._owned(self.root)
        for part in path[:-1]:
            parent[part] = self._owned(parent[part])
            parent = parent[part]
        return parent

    def _owned(self, value: Any) -> Any:
        if id(value) in self._own:
            return value
        copy = value.copy()
        self._own[id(copy)] = copy
        return copy
