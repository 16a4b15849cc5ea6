"""Quirks of connections, on real sockets: what a server sees of them, and that it bears them."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path
from typing import Any

import pytest

from chargeplane.runtime.links import Link, LinkSettings
from chargeplane.station import Station
from chargeplane.station.quirks import opening
from chargeplane.station.signals import NotReached, Online
from tests.runtime.links.certificates import Authority
from tests.station.server import Server, server

AT_ONCE = {
    "OCPPCommCtrlr.RetryBackOffWaitMinimum": "0",
    "OCPPCommCtrlr.RetryBackOffRandomRange": "0",
}


def odd(at: Server, *quirks: str, ready_timeout_s: float | None = 30.0) -> Station:
    return Station(
        "CP1",
        version="1.6",
        url=at.url,
        quirks=quirks,
        variables=AT_ONCE,
        ready_timeout_s=ready_timeout_s,
    )


async def test_the_connection_header_is_left_out_and_the_server_repairs_that() -> None:
    async with server() as at, odd(at, "no-connection-header"):
        assert at.links["CP1"].facts.repairs == ("upgrade-without-connection-header",)
    async with server() as at, odd(at):
        assert at.links["CP1"].facts.repairs == ()


async def test_a_ping_gets_no_pong_and_messages_still_get_through() -> None:
    async with server() as at:
        async with odd(at) as plain:
            await at.links["CP1"].ping()
            assert plain.is_online
        async with odd(at, "no-pongs") as cp:
            link = at.links["CP1"]
            ping = asyncio.ensure_future(link.ping())
            decided = await cp.tap("DEADBEEF")  # asked and answered behind the ping
            assert (decided.accepted, ping.done(), link.answers_pings) == (True, False, False)
            ping.cancel()


async def test_a_server_that_cuts_it_for_that_is_dialled_again() -> None:
    impatient = LinkSettings(ping_interval_s=0.1, ping_timeout_s=0.1)
    async with server(link=impatient) as at, odd(at, "no-pongs") as cp:
        await cp.wait_for(Online)
        first = at.links["CP1"]
        await cp.wait_for(Online)
        assert not first.is_open
        assert at.links["CP1"] is not first


async def test_it_pings_in_its_own_time_and_not_as_configured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pinged = asyncio.Event()
    on_frame = Link.on_frame

    def watched(link: Link, opcode: int, *rest: Any) -> None:
        on_frame(link, opcode, *rest)
        if opcode == 9:
            pinged.set()

    monkeypatch.setattr(Link, "on_frame", watched)
    monkeypatch.setattr(opening, "OWN_PINGS_S", 0.05)
    async with server() as at, odd(at, "own-pings") as cp:
        async with asyncio.timeout(5):
            await pinged.wait()
        assert (await cp.tap("DEADBEEF")).accepted
        assert at.links["CP1"].is_open


def secured(authority: Authority) -> ssl.SSLContext:
    """What a server on loopback shakes hands with."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    identity = authority.issue("server")
    context.load_cert_chain(identity.certificate_path, identity.key_path)
    return context


async def test_it_goes_without_a_word_until_it_has_a_root_certificate(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    root = authority.root.certificate_path.read_text()
    async with server(secured(authority)) as at:
        cp = odd(at, "mute-without-root", ready_timeout_s=None)
        async with cp:
            for _ in range(2):
                missed = await cp.wait_for(NotReached)
                assert missed.reason == "the station has no root certificate"
            assert not at.links
            assert cp.core.hub.keys.install("CSMSRootCertificate", root, cp.core.hub.time())
            await cp.wait_for(Online)
            assert at.links["CP1"].facts.tls is not None
