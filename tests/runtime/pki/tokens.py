"""Hardware tokens in software: SoftHSM."""

from __future__ import annotations

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TypeVar

import pkcs11
import pytest

__all__ = ["PIN", "SoftToken", "apart", "soft_token"]

T = TypeVar("T")

PIN = "1234-user"
_PLACES = (
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
    "/usr/local/lib/softhsm/libsofthsm2.so",
    "/opt/homebrew/lib/softhsm/libsofthsm2.so",
)


@dataclass(frozen=True)
class SoftToken:
    """A token, and how a program finds it."""

    module: str
    label: str


def apart(work: Callable[[], T]) -> T:
    """Do something with the library in a thread, as ``Token`` does, which says why."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(work).result()


@cache
def _folder() -> Path:
    """Of all tokens of this process: the library reads once where they are."""
    folder = Path(tempfile.mkdtemp(prefix="softhsm-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "tokens").mkdir()
    config = folder / "softhsm2.conf"
    config.write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(config)
    return folder


def soft_token(label: str) -> SoftToken:
    """A new, empty token; no two of a process have the same label."""
    module = next((each for each in _PLACES if Path(each).exists()), None)
    program = shutil.which("softhsm2-util")
    if module is None or program is None:
        pytest.skip("SoftHSM is not installed (Debian: softhsm2), so there is no token to try")
    _folder()
    words = ("--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "1234-officer")
    subprocess.run([program, *words], check=True, capture_output=True)
    apart(lambda: pkcs11.lib(module).reinitialize())  # it looks for tokens when it is loaded
    return SoftToken(module, label)
