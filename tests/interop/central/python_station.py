"""A station made of the PyPI package ``ocpp``, which validates both directions with the schemas."""

from __future__ import annotations

import asyncio
import base64
from contextlib import suppress
from functools import cache
from importlib import import_module
from typing import Any

import ocpp.exceptions
from ocpp.charge_point import (
    camel_to_snake_case,
    remove_nones,
    serialize_as_dict,
    snake_to_camel_case,
)
from ocpp.messages import validate_payload
from ocpp.routing import on
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from chargeplane.ocpp.catalogue import actions
from chargeplane.ocpp.versions import Role, Version
from tests.interop.central.stranger import ErrorAnswer, Memory, Payload

__all__ = ["PythonStation"]

ERRORS = {
    each.code: each
    for each in vars(ocpp.exceptions).values()
    if isinstance(each, type) and hasattr(each, "code")
}


class PythonStation:
    """Their ChargePoint."""

    def __init__(self, version: Version, station_id: str, socket: ClientConnection) -> None:
        self.id = station_id
        self.version = version
        self.memory = Memory()
        self._socket = socket
        self._point = _class(version)(station_id, socket, response_timeout=10)
        self._point.memory = self.memory
        self._living = asyncio.create_task(self._live())

    @classmethod
    async def dial(
        cls, port: int, station_id: str, version: Version, password: str | None
    ) -> PythonStation:
        """Connect."""
        name = base64.b64encode(f"{station_id}:{password}".encode()).decode()
        socket = await connect(
            f"ws://127.0.0.1:{port}/ocpp/{station_id}",
            subprotocols=[Subprotocol(version.subprotocol)],
            additional_headers={"Authorization": f"Basic {name}"} if password else {},
            proxy=None,
        )
        return cls(version, station_id, socket)

    async def ask(self, action: str, payload: Payload) -> Payload:
        call = getattr(import_module(f"ocpp.{self.version.package}.call"), action)
        request = call(**camel_to_snake_case(payload))
        answer = await self._point.call(request, suppress=False)
        found: Payload = snake_to_camel_case(remove_nones(serialize_as_dict(answer)))
        return found

    async def aclose(self) -> None:
        await self._socket.close()
        await self._living

    async def _live(self) -> None:
        with suppress(ConnectionClosed):
            await self._point.start()


@cache
def _class(version: Version) -> Any:
    """Their class, with a handler for everything that a central system may ask."""
    package = import_module(f"ocpp.{version.package}")
    members: dict[str, Any] = {"_handle_call": _handle_call(package.ChargePoint)}
    for action in actions(version).values():
        if action.may_be_sent_by(Role.CSMS) and action.response:
            members[f"on_{action.name}"] = _handler(action.name, package.call_result)
    return type("ChargePoint", (package.ChargePoint,), members)


def _handle_call(base: Any) -> Any:
    async def handle_call(self: Any, message: Any) -> Any:
        try:
            await validate_payload(message, self._ocpp_version)
        except ocpp.exceptions.OCPPError as error:
            self.memory.violations.append(f"{message.action}: {error}")
        self.payload = message.payload
        return await base._handle_call(self, message)

    return handle_call


def _handler(name: str, results: Any) -> Any:
    async def handle(self: Any, **_: Any) -> Any:
        answer = self.memory.answer_to(name, self.payload)
        if answer is None:
            await self._connection.close()
            raise ERRORS["InternalError"]("this does not get through any more")
        if isinstance(answer, ErrorAnswer):
            raise ERRORS[answer.code]("not today")
        return getattr(results, name)(**camel_to_snake_case(answer))

    handle.__name__ = f"on_{name}"  # their routing looks the method up by this name
    return on(name)(handle)
