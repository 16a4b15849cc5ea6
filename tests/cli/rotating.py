"""An installation with something under its secret key, on either engine."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from argon2 import PasswordHasher
from typer.testing import Result

from chargeplane.cli.exits import Exit
from chargeplane.csms.gateway.admission import Admission, Admitted
from chargeplane.csms.gateway.credentials import Visitor
from chargeplane.runtime.access import Accounts, Factors, Role
from chargeplane.runtime.access.credentials import Passwords as PeoplesPasswords
from chargeplane.runtime.access.factors import Kind
from chargeplane.runtime.access.totp import STEP_S, code_at
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.secrets import Secrets, load_keys
from chargeplane.runtime.store import Function, Settings, Store, tenants
from tests.cli.calling import call

TENANT_ID = tenants.DEFAULT_TENANT_ID
RIGHT = "nine-lives-of-a-cat"
# What a process does that is killed when it puts its nth file in place: nothing is cleaned up.
_KILLED = """
import os, signal, sys
left = int(sys.argv.pop(1))
def watch(event, arguments):
    global left
    if event == "os.rename":
        left -= 1
        if left == 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(watch)
from chargeplane.cli.main import main
main()
"""


class Installation(NamedTuple):
    """A data folder, and the database beside it."""

    data: Path
    database: Settings

    @property
    def options(self) -> tuple[str, ...]:
        return ("--data", str(self.data), "--database", self.database.url)

    def keys(self) -> list[bytes]:
        """Those of the key file."""
        return load_keys({}, self.data / "secret.key")

    def call(self, *words: str) -> Result:
        return call("security", *words, *self.options)

    def uses(self) -> list[dict[str, Any]]:
        """What `security keys` says, the current key first."""
        answer = self.call("keys", "--json")
        assert answer.exit_code == Exit.DONE
        found: list[dict[str, Any]] = json.loads(answer.stdout)
        return found

    def furnish(self, stations: int = 2) -> bytes:
        """An authority, a user with a second factor, and stations; the secret of the factor."""
        assert call("pki", "init", data=self.data).exit_code == Exit.DONE
        for number in range(stations):
            words = ("station", "add", f"CP{number}", "--password", RIGHT)
            made = call(*words, *self.options)
            assert made.exit_code == Exit.DONE
        return asyncio.run(self._second_factor())

    async def _second_factor(self) -> bytes:
        clock = SystemClock()
        async with Store(self.database) as store:
            now = clock.now()
            await store.write(Function(lambda c: tenants.ensure(c, TENANT_ID, "default", now)))
            cheap = PeoplesPasswords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
            accounts = Accounts(store, clock, cheap)
            ada = await accounts.add_user(TENANT_ID, "ada", Role.ADMIN, "correct horse battery")
            factors = Factors(store, clock, Secrets(self.keys()))
            factor_id, secret, _ = await factors.begin_totp(ada, "phone")
            code = code_at(secret, int(clock.now().timestamp()) // STEP_S)
            assert await factors.confirm_totp(ada, factor_id, code) is not None
            return secret

    def second_factor(self, keys: list[bytes]) -> bytes:
        """The secret of the factor, opened with these keys alone."""

        async def look() -> bytes:
            async with Store(self.database) as store:
                accounts = Accounts(store, SystemClock())
                (ada,) = await accounts.users(TENANT_ID, count_max=2)
                found = await Factors(store, SystemClock(), Secrets(keys)).of(TENANT_ID, ada.id)
                (app,) = [each for each in found if each.kind == Kind.TOTP]
                return Secrets(keys).open(app.content, "totp", str(TENANT_ID), str(app.id))

        return asyncio.run(look())

    def comes(self, identity: str, keys: list[bytes]) -> bool:
        """Whether a station is let in by a server with these keys."""

        async def judge() -> bool:
            async with Store(self.database) as store:
                admission = Admission(store, SystemClock(), passwords=Passwords(keys))
                words = (identity, identity, RIGHT.encode(), "10.0.0.1")
                verdict = await admission.judge(Visitor(*words, False, ("ocpp1.6",)))
                await store.write(Function(lambda connection: None))  # behind what is not awaited
                return isinstance(verdict, Admitted)

        return asyncio.run(judge())

    def rotate_until_killed(self, files: int) -> subprocess.CompletedProcess[str]:
        """Rotate in a process that SIGKILL ends when it puts its nth file in place."""
        words = ("security", "rotate-key", *self.options)
        return subprocess.run(
            [sys.executable, "-c", _KILLED, str(files), *words],
            cwd=self.data.parent,
            capture_output=True,
            check=False,
            text=True,
            timeout=60,
        )
