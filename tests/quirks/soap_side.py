"""The station's side of SOAP: it posts texts, and its own service answers with texts."""

from __future__ import annotations

import asyncio
import re
from http import HTTPStatus
from typing import Any

import httpx

from chargeplane.ocpp.soap import CONTENT_TYPE, parse_envelope
from chargeplane.runtime import links
from tests.quirks.matching import PLACEHOLDER, filled

__all__ = ["SoapSide"]


class SoapSide:
    """One station. ``names`` are those of its talk."""

    def __init__(self, port: int, names: dict[str, Any]) -> None:
        """It neither says nor hears anything yet."""
        self._url = f"http://127.0.0.1:{port}/soap"
        self._names = names
        self._text = ""
        """What it has heard last."""
        self._asked: asyncio.Queue[tuple[str, asyncio.Future[str]]] = asyncio.Queue()
        self._reply: asyncio.Future[str] | None = None
        self._listener = links.Listener(_nobody, _never, respond=self._serve)

    async def listen(self) -> None:
        """Open the port of its own service; ``{listens}`` is its address from now on."""
        port = await self._listener.listen("127.0.0.1", 0)
        self._names["listens"] = f"http://127.0.0.1:{port}/"

    async def post(self, text: str) -> None:
        """Say something to the central system."""
        async with httpx.AsyncClient(trust_env=False, timeout=10) as http:
            answer = await http.post(
                self._url,
                content=filled(text, self._names).encode(),
                headers={"Content-Type": CONTENT_TYPE},
            )
        self._text = f"{answer.status_code} {answer.text}"

    async def asked(self, text: str) -> None:
        """Wait for a request of the central system; ``{asked}`` is its message id."""
        async with asyncio.timeout(10):
            self._text, self._reply = await self._asked.get()
        self._names["asked"] = parse_envelope(self._text.encode()).message_id
        self.hear(text)

    def reply(self, text: str) -> None:
        """Answer that request."""
        assert self._reply is not None, "nobody has asked"
        self._reply.set_result(filled(text, self._names))
        self._reply = None

    def hear(self, text: str) -> None:
        """Look for a text in what was heard; placeholders take what stands there."""
        parts = PLACEHOLDER.split(filled(text, self._names))
        names = parts[1::2]
        pattern = "([^<]*)".join(map(re.escape, parts[::2]))
        found = re.search(pattern, self._text)
        assert found is not None, f"not in {self._text}"
        self._names.update(zip(names, found.groups(), strict=True))

    async def close(self) -> None:
        """Its service is no more."""
        await self._listener.drain()

    async def _serve(self, request: links.Request) -> links.Response:
        reply: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._asked.put_nowait((request.body.decode(), reply))
        return links.Response(body=(await reply).encode(), content_type=CONTENT_TYPE)


async def _nobody(_: links.Attempt) -> links.Refuse:
    return links.Refuse(HTTPStatus.NOT_FOUND)


def _never(link: links.Link) -> links.Receiver:
    raise AssertionError(link)
