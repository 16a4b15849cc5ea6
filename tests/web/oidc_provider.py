"""An identity provider that answers whatever a test wants: discovery, keys, and one id token."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from joserfc.jwk import KeySet, RSAKey


@cache
def _first_key() -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": "one"})


@dataclass
class OidcProvider:
    """What it answers next, and what it was asked."""

    issuer: str = ""
    keys: list[RSAKey] = field(default_factory=lambda: [_first_key()])
    published: dict[str, Any] | None = None
    """In place of its keys, if there is something."""
    id_token: str = ""
    asked_for_keys: int = 0

    def answer(self, path: str) -> dict[str, Any]:
        if path.endswith("/openid-configuration"):
            return {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "jwks_uri": f"{self.issuer}/keys",
            }
        if path == "/keys":
            self.asked_for_keys += 1
            return self.published or dict(KeySet([*self.keys]).as_dict(private=False))
        return {"token_type": "Bearer", "access_token": "x", "id_token": self.id_token}

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split(b" ")[1].decode()
        lengths = [line for line in head.lower().split(b"\r\n") if b"content-length" in line]
        if lengths:
            await reader.readexactly(int(lengths[0].partition(b":")[2]))
        body = json.dumps(self.answer(path)).encode()
        said = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(said.encode() + body)
        await writer.drain()
        writer.close()


@asynccontextmanager
async def oidc_provider() -> AsyncIterator[OidcProvider]:
    """It listens on this machine until the end."""
    provider = OidcProvider()
    server = await asyncio.start_server(provider.serve, "127.0.0.1", 0)
    provider.issuer = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield provider
