"""A SOAP station that listens elsewhere than it connects from, at the program itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from chargeplane.ocpp.versions import Version
from tests.csms.gateway.soap_station import SoapStation, serving
from tests.interop.central.running import Rest, running

ELSEWHERE = "127.0.0.9"
"""Where the station listens. It connects from 127.0.0.1."""


class Operator:
    """Registers hosts, and sends commands."""

    def __init__(self, rest: Rest, station: SoapStation) -> None:
        self._rest = rest
        self._station = station

    async def register(self, host: str | None) -> None:
        answer = await self._rest.http.patch("/stations/CP1", json={"soap_host": host})
        assert answer.status_code == 200, answer.text
        assert answer.json()["soap_host"] == host

    async def reset(self) -> tuple[str, str]:
        """The outcome of a command, and why; whether the station has heard of it must agree."""
        before = len(self._station.asked)
        outcome: dict[str, Any] = await self._rest.command("CP1", "reset", type="on_idle")
        is_accepted = outcome["outcome"] == "accepted"
        assert len(self._station.asked) == before + is_accepted
        return outcome["outcome"], outcome["reason"] or ""


@pytest.mark.parametrize("version", [Version.V1_5, Version.V1_6], ids=str)
async def test_a_station_is_called_elsewhere_as_long_as_it_is_registered_there(
    tmp_path: Path, version: Version
) -> None:
    with running(tmp_path, "serve", "--min-security-profile", "0") as at:
        rest = Rest(at)
        async with rest.http, serving(at.ocpp_port, "CP1", version, ELSEWHERE) as station:
            station.answers["Reset"] = {"status": "Accepted"}
            operator = Operator(rest, station)
            await rest.register("CP1", 0)
            await station.ask("Heartbeat", {})

            async def refused(*words: str) -> None:
                outcome, reason = await operator.reset()
                assert outcome == "no_answer"
                assert all(word in reason for word in words), reason

            await refused("127.0.0.9", "127.0.0.1", "has no soap_host")
            await operator.register(ELSEWHERE)
            assert await operator.reset() == ("accepted", "")
            await operator.register("cp1.example")
            await refused("127.0.0.9", "127.0.0.1", "the soap_host cp1.example")
            await operator.register(ELSEWHERE)
            assert await operator.reset() == ("accepted", "")
            await operator.register(None)
            await refused("127.0.0.9", "127.0.0.1", "has no soap_host")


async def test_a_name_counts_if_it_is_registered_and_another_host_never_does(
    tmp_path: Path,
) -> None:
    with running(tmp_path, "serve", "--min-security-profile", "0") as at:
        rest = Rest(at)
        async with rest.http, serving(at.ocpp_port, "CP1", host="127.0.0.1") as station:
            station.answers["Reset"] = {"status": "Accepted"}
            operator = Operator(rest, station)
            await rest.register("CP1", 0)
            address = httpx.URL(station.address or "")
            station.address = str(address.copy_with(host="localhost"))
            await station.ask("Heartbeat", {})
            assert (await operator.reset())[0] == "no_answer"
            await operator.register("localhost")
            assert await operator.reset() == ("accepted", "")
            for host in ("10.0.0.9", "127.0.0.1", "other.example", "localhost.example"):
                station.address = str(address.copy_with(host=host))
                await station.ask("Heartbeat", {})
                outcome, reason = await operator.reset()
                assert outcome == "no_answer"
                assert f"listens at {host}, connects from 127.0.0.1" in reason
