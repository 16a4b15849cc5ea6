"""How a command ends: its exit code, and one line on stderr that says why.

====  ====================================================================================
code  meaning
====  ====================================================================================
0     done
1     not done: there is no such thing, or the state of things forbids it; done, but with errors
2     the command line or the settings are wrong; nothing was tried
3     the database is away, of another version, or damaged; or a file of it, or a backup, is
====  ====================================================================================
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer
from rich.console import Console
from sqlalchemy.exc import DBAPIError

from chargeplane.runtime.settings import SettingsError
from chargeplane.runtime.store import StoreError

__all__ = ["Exit", "Refused", "no_port", "told"]

_errors = Console(stderr=True, highlight=False, soft_wrap=True)


class Exit(IntEnum):
    """Exit codes."""

    DONE = 0
    REFUSED = 1
    USAGE = 2
    DATABASE = 3


class Refused(Exception):
    """What was asked for cannot be done; the text says why."""


def no_port(host: str, port: int, error: OSError, option: str) -> Refused:
    """A port that cannot be had; ``option`` is how to choose another, if it is not the host."""
    # asyncio puts a sentence of its own around what the system says.
    why = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror
    is_of_port = error.errno in (errno.EADDRINUSE, errno.EACCES)
    return Refused(
        f"port {port} of {host} cannot be had: {why}; "
        f"{option if is_of_port else '--host'} chooses another"
    )


@contextmanager
def told() -> Iterator[None]:
    """Turn what a person can mend into a message and an exit code. Bugs keep their traceback."""
    try:
        yield
    except SettingsError as error:
        raise _ended(str(error), Exit.USAGE) from error
    except StoreError as error:
        raise _ended(str(error), Exit.DATABASE) from error
    except DBAPIError as error:  # a file that is no database, a password that is wrong
        raise _ended(f"the database cannot be used: {error.orig}", Exit.DATABASE) from error
    except OSError as error:
        if error.filename is None:
            raise
        raise _ended(f"{error.filename}: {error.strerror}", Exit.DATABASE) from error
    except Refused as error:
        raise _ended(str(error), Exit.REFUSED) from error


def _ended(message: str, code: Exit) -> typer.Exit:
    for line in message.splitlines():
        _errors.print("error: " + line, markup=False)
    return typer.Exit(code)
