"""The command, called in this process or as a process of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import pytest
from typer.testing import CliRunner, Result

from chargeplane.cli.main import app

PASSWORD = "correct horse battery"


def call(*arguments: str, data: Path | None = None, stdin: str = "") -> Result:
    """Call a command in this process; ``data``: the folder of its database."""
    words = [*arguments, *(["--data", str(data)] if data else [])]
    return CliRunner().invoke(app, words, input=stdin, catch_exceptions=False)


def ports(port: int = 0) -> tuple[str, ...]:
    """Options that name ports which nobody else has."""
    given = {"--port": port or free_port(), "--ocpp-port": free_port()}
    return tuple(word for name, number in given.items() for word in (name, str(number)))


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def process(
    folder: Path,
    *arguments: str,
    errors: int | IO[str] = subprocess.PIPE,
    **environment: str,
) -> Iterator[subprocess.Popen[str]]:
    """The command as a process in a folder. It is killed at the end if it still runs.

    ``errors`` is where its standard error goes: to a file if it has much to say.
    """
    clean = {key: value for key, value in os.environ.items() if "CHARGEPLANE" not in key}
    with subprocess.Popen(
        [sys.executable, "-m", "chargeplane", *arguments],
        cwd=folder,
        env=clean | environment,
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    ) as running:
        try:
            yield running
        finally:
            running.kill()


def lines_until(running: subprocess.Popen[str], last: str) -> list[str]:
    """What it prints, up to a line that holds some words."""
    assert running.stdout is not None
    lines: list[str] = []
    for line in running.stdout:
        lines.append(line.rstrip())
        if last in line:
            return lines
    pytest.fail(f"it ended with {running.wait()} after {lines}")


def told(lines: list[str], heading: str) -> str:
    """What stands behind a heading."""
    (found,) = [line for line in lines if line.strip().startswith(heading + " ")]
    return found.strip().removeprefix(heading).strip()
