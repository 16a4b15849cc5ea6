"""PostgreSQL, for an installation of many nodes.

The same synchronous SQLAlchemy code as for SQLite runs on it, by psycopg in the writer's and the
readers' threads. ``synchronous_commit=on``: switched off it gains nothing once commits are shared,
and loses the last ones in a power cut.
"""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy import Connection, Engine, NullPool, QueuePool, create_engine, event, text

from chargeplane.runtime.store.backends import Backend

__all__ = ["PostgreSql"]

# Classes of SQLSTATE (Appendix A of PostgreSQL's manual) whose failures pass: connection exception,
# transaction rollback (serialisation, deadlock), insufficient resources (disk full among them),
# operator intervention (shutdown, crash recovery), system error.
_MOODS = ("08", "40", "53", "57", "58")
_MOOD_CODES = frozenset({"55P03", "25006"})  # a lock not had in time; a standby just now
_CANCELLED = "57014"  # by a person or a timeout: the statement's own fate
_SCHEMA_LOCK = 0x63706C61  # a number of our own for the advisory lock of migrations

# A peer that is gone without a word is noticed within some ten seconds.
_KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}


class PostgreSql(Backend):
    """The choice for many nodes."""

    name = "postgresql"
    driver_errors = psycopg.Error

    def make(self) -> None:
        """Nothing: who runs the server makes its databases."""

    def is_made(self) -> bool:
        return True

    def writer(self) -> Engine:
        return self._engine(
            "SET synchronous_commit = on",
            f"SET lock_timeout = '{self.settings.lock_s_max}s'",
            "SET idle_in_transaction_session_timeout = '60s'",
            poolclass=NullPool,
        )

    def readers(self) -> Engine:
        # One read sees one state of the database, as it does on SQLite.
        return self._engine(
            "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY",
            poolclass=QueuePool,
            pool_size=self.settings.readers_max,
            max_overflow=0,
        )

    def is_mood(self, error: BaseException) -> bool:
        code = getattr(error, "sqlstate", None)
        if code is None:  # the connection failed before the server could say anything
            return isinstance(error, psycopg.OperationalError)
        return code != _CANCELLED and (code.startswith(_MOODS) or code in _MOOD_CODES)

    def lock_schema(self, connection: Connection) -> None:
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _SCHEMA_LOCK})

    def _engine(self, *settings: str, **options: Any) -> Engine:
        engine = create_engine(
            self._url("psycopg"),
            connect_args={
                "application_name": "chargeplane",
                "client_encoding": "utf8",
                "connect_timeout": self.settings.connect_s_max,
                **_KEEPALIVE,
            },
            **options,
        )

        @event.listens_for(engine, "connect")
        def _prepare(connection: psycopg.Connection[Any], _record: object) -> None:
            connection.autocommit = True
            for setting in ("SET timezone = 'UTC'", *settings):
                connection.execute(setting.encode())
            connection.autocommit = False

        return engine
