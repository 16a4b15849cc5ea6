"""The authority of ``est_server`` as a process, and what one needs to ask it."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from chargeplane.csms.certificates import EstIssuer, EstService
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.pki import certificates_of_pem
from tests.csms.certificates.est_server import PASSWORD, USER

REPOSITORY = Path(__file__).parents[3]


@dataclass(frozen=True)
class Est:
    """Where it is, and its files."""

    folder: Path
    port: int

    def url(self, label: str = "good") -> str:
        return f"https://127.0.0.1:{self.port}/.well-known/est/{label}"

    @property
    def root(self) -> x509.Certificate:
        return certificates_of_pem((self.folder / "root.pem").read_bytes())[0]

    def issuer(
        self, label: str = "good", password: str = PASSWORD, *, shows: bool = False
    ) -> EstIssuer:
        """Asks one label, by a password or by a certificate."""
        context = ssl.create_default_context(cafile=str(self.folder / "root.pem"))
        if shows:
            context.load_cert_chain(self.folder / "client.pem", self.folder / "client.key")
        service = EstService(self.url(label), context, "" if shows else USER, password)
        return EstIssuer(service, SystemClock(), lambda: [self.root], "Operator")


@contextmanager
def est_process(folder: Path) -> Iterator[Est]:
    """It serves while one is inside."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.csms.certificates.est_server", str(folder)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield Est(folder, int(process.stdout.readline()))
        finally:
            process.kill()
