"""The program as a child process, and its REST interface."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.cli.calling import free_port, lines_until, process, told

__all__ = ["PASSWORD", "Rest", "Running", "running"]

TOKEN = "a-token-for-strangers"
PASSWORD = "7rQ2mZ9xKpL4vT8c"
"""Of every station with security profile 1."""


@dataclass(frozen=True)
class Running:
    """Where the program is."""

    address: str
    ocpp_port: int


@contextmanager
def running(folder: Path, *command: str) -> Iterator[Running]:
    """Start a command of the program in a folder, and end it in order."""
    ocpp_port = free_port()
    ports = ("--port", str(free_port()), "--ocpp-port", str(ocpp_port))
    words = (*command, "--data", str(folder / "data"), "--log-format", "json", *ports)
    log = folder / "log"  # nobody reads it meanwhile, and a pipe would be full some time
    with (
        log.open("w", encoding="utf-8") as errors,
        process(folder, *words, errors=errors, CHARGEPLANE_API_TOKEN=TOKEN) as child,
    ):
        address = told(lines_until(child, "Ctrl-C"), "Console")
        yield Running(address, ocpp_port)
        child.send_signal(signal.SIGTERM)
        child.communicate(timeout=20)
    logged = log.read_text(encoding="utf-8")
    assert child.returncode == 0, logged
    assert "Traceback" not in logged


class Rest:
    """A client of the REST interface, as a program of an operator would be."""

    def __init__(self, at: Running) -> None:
        self.http = httpx.AsyncClient(
            base_url=f"{at.address}api/v1",
            headers={"Authorization": f"Bearer {TOKEN}"},
            trust_env=False,
            timeout=30,
        )

    async def get(self, path: str, **query: str) -> Any:
        """What is there."""
        answer = await self.http.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def items(self, path: str, **query: str) -> list[Any]:
        """The first page of a list."""
        found: list[Any] = (await self.get(path, **query))["items"]
        return found

    async def add(self, path: str, body: dict[str, Any]) -> Any:
        """Add something."""
        answer = await self.http.post(path, json=body)
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def register(self, station_id: str, security_profile: int) -> None:
        """Make a station known."""
        password = {"password": PASSWORD} if security_profile else {}
        body = {"id": station_id, "security_profile": security_profile, **password}
        assert (await self.add("/stations", body))["security_profile"] == security_profile

    async def command(self, station_id: str, name: str, **body: Any) -> Any:
        """The outcome of a command."""
        answer = await self.try_command(station_id, name, **body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def try_command(self, station_id: str, name: str, **body: Any) -> httpx.Response:
        """Whatever is answered to a command."""
        return await self.http.post(f"/stations/{station_id}/commands/{name}", json=body)
