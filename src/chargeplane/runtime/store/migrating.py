"""Migrations: bring a database up to this program, and refuse one that is newer.

Alembic runs them, from code and without a configuration file. The core and each block have a folder
of migrations of their own, and a database remembers where it stands in each.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import to_tuple
from sqlalchemy import Connection

from chargeplane.runtime.store.backends import Backend, Settings
from chargeplane.runtime.store.engines import backend_of
from chargeplane.runtime.store.errors import NewerDatabase, OlderDatabase, StoreUnavailable
from chargeplane.runtime.store.schema import SCHEMA, Schema
from chargeplane.runtime.store.writer import reason

__all__ = ["current", "require_current", "upgrade"]

_TURN_S_MAX = 30.0
_FOLDER = Path(__file__).parent / "migrations"


def upgrade(settings: Settings, schema: Schema = SCHEMA) -> tuple[str, ...]:
    """Run what is missing, in one transaction, and return where the database now stands.

    Programs that start at once take turns.

    Raises:
        NewerDatabase: it has migrations that this program does not know.
        StoreUnavailable: it cannot be reached, or somebody else holds it.
    """
    settings = replace(settings, lock_s_max=_TURN_S_MAX)
    backend_of(settings).make()
    with connected(settings) as connection:
        backend_of(settings).lock_schema(connection)
        refuse_newer(revisions(connection), schema)
        config = _config(schema.versions)
        config.attributes["connection"] = connection
        config.attributes["metadata"] = schema.metadata
        command.upgrade(config, "heads")
        return revisions(connection)


def current(settings: Settings) -> tuple[str, ...]:
    """The last migrations of a database; () if it is empty. What they depend on is not repeated."""
    if not backend_of(settings).is_made():
        return ()
    with reading(settings) as connection:
        return revisions(connection)


def require_current(settings: Settings, schema: Schema = SCHEMA) -> None:
    """Refuse a database that is not exactly of this program.

    Raises:
        NewerDatabase: it has migrations that this program does not know.
        OlderDatabase: it lacks some, or there is no database.
    """
    backend = backend_of(settings)
    if not backend.is_made():
        raise OlderDatabase(
            f"there is no database at {backend.url.database}; `chargeplane db upgrade` makes one"
        )
    with reading(settings) as connection:
        stands = revisions(connection)
        refuse_newer(stands, schema)
        missing = _all(schema) - _behind(stands, schema)
    if missing and not stands:
        raise OlderDatabase("the database is empty; `chargeplane db upgrade` makes its tables")
    if missing:
        raise OlderDatabase(
            f"the database lacks {', '.join(sorted(missing))}; run `chargeplane db upgrade`"
        )


@contextmanager
def connected(settings: Settings) -> Iterator[Connection]:
    """One transaction of the writer's kind, outside the store."""
    backend = backend_of(settings)
    with _away(backend), backend.writer().begin() as connection:
        yield connection


@contextmanager
def reading(settings: Settings) -> Iterator[Connection]:
    """One transaction that sees one state and cannot write, outside the store."""
    backend = backend_of(settings)
    engine = backend.readers()
    try:
        with _away(backend), engine.connect() as connection, connection.begin():
            yield connection
    finally:
        engine.dispose()


@contextmanager
def _away(backend: Backend) -> Iterator[None]:
    """Say in the store's words that the database is away."""
    try:
        yield
    except backend.failures as error:
        if not backend.is_away(error):
            raise
        raise StoreUnavailable(f"the database is away: {reason(error)}") from error


def revisions(connection: Connection) -> tuple[str, ...]:
    """Where the database of a connection stands."""
    return tuple(sorted(MigrationContext.configure(connection).get_current_heads()))


def refuse_newer(stands: Iterable[str], schema: Schema) -> None:
    """Raise NewerDatabase if a database stands where this program cannot follow."""
    if unknown := set(stands) - _all(schema):
        raise NewerDatabase(
            f"the database was made by a newer program, or by one with more blocks: "
            f"{', '.join(sorted(unknown))} is unknown here; nothing was changed"
        )


def _all(schema: Schema) -> set[str]:
    return {script.revision for script in _scripts(schema).walk_revisions()}


def _behind(stands: Iterable[str], schema: Schema) -> set[str]:
    """These revisions, and all that had to come before them."""
    scripts, found, open_ends = _scripts(schema), set[str](), list(stands)
    while open_ends:
        script = scripts.get_revision(open_ends.pop())
        if script.revision not in found:
            found.add(script.revision)
            open_ends += [*to_tuple(script.down_revision, ()), *to_tuple(script.dependencies, ())]
    return found


def _scripts(schema: Schema) -> ScriptDirectory:
    return _read(tuple(schema.versions))


@cache
def _read(folders: tuple[Path, ...]) -> ScriptDirectory:
    """The migrations in these folders: files of the program, which it need not read twice."""
    return ScriptDirectory.from_config(_config(folders))


def _config(folders: Iterable[Path]) -> Config:
    config = Config(stdout=io.StringIO())
    config.set_main_option("script_location", _escaped(_FOLDER))
    config.set_main_option("path_separator", "newline")
    config.set_main_option("version_locations", "\n".join(map(_escaped, folders)))
    return config


def _escaped(path: Path) -> str:
    return str(path).replace("%", "%%")  # which means something to configparser
