"""The one route for all commands: ``POST /stations/{id}/commands/{name}``."""

from __future__ import annotations

import logging
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, post
from litestar.datastructures import State
from litestar.params import FromPath
from msgspec import Struct

from chargeplane.csms.contract import NotConnected, Send
from chargeplane.csms.provisioning.directory import Directory
from chargeplane.domain.commands import COMMANDS, Command, Outcome, Raw
from chargeplane.ocpp import catalogue, codec
from chargeplane.ocpp.errors import RemoteError
from chargeplane.ocpp.versions import Role, Version
from chargeplane.runtime.rest import FieldFault, Injected, Principal, Problem, requires

__all__ = ["CommandAnswer", "Commander", "send_command"]

_log = logging.getLogger(__name__)


class CommandAnswer(Struct, frozen=True):
    """What came of a command."""

    outcome: str
    """accepted, refused, unsupported or no_answer."""
    status: str | None
    """The station's own word; null if it has not answered."""
    reason: str | None
    response: dict[str, Any]
    """The station's answer as it was on the wire, and what we have to add to it."""


class Commander:
    """Reads commands, and has them carried out."""

    def __init__(self, directory: Directory, send: Send) -> None:
        self._directory = directory
        self._send = send

    async def carry_out(
        self, tenant_id: UUID, station_id: str, name: str, body: bytes
    ) -> CommandAnswer:
        """The outcome of a command.

        Raises:
            Problem: there is no such station or command, the command cannot be read, or the
                station is not connected.
        """
        seen = await self._directory.find(tenant_id, station_id)
        if seen is None:
            raise Problem.not_found("station", station_id)
        command = _command(name, body)
        if not self._directory.is_connected(tenant_id, station_id):
            raise _not_connected(station_id)
        # A station that connects for the first time is here before its version is stored.
        if isinstance(command, Raw) and seen.station.ocpp_version is not None:
            _check_raw(command, Version(seen.station.ocpp_version))
        try:
            outcome = await self._send(tenant_id, station_id, command)
        except NotConnected as error:
            raise _not_connected(station_id) from error
        return _answer(outcome)


@post(
    "/stations/{station_id:str}/commands/{name:str}",
    guards=[requires("stations:command")],
    status_code=200,
    summary="Send a command to a station",
)
async def send_command(
    station_id: FromPath[str],
    name: FromPath[str],
    request: Request[Principal, str, State],
    commander: Injected[Commander],
    principal: Injected[Principal],
) -> CommandAnswer:
    """Carry out a command and wait for the answer. The body has the fields of the command."""
    body = await request.body()
    return await commander.carry_out(principal.tenant_id, station_id, name, body)


def _command(name: str, body: bytes) -> Command:
    kind = COMMANDS.get(name)
    if kind is None:
        raise Problem.not_found("command", name)
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise Problem.of_field(path.strip(".`") or "body", message) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Problem.of_field("body", f"not JSON: {error}") from error


def _check_raw(command: Raw, version: Version) -> None:
    """Refuse a message that the station's version does not allow, with every fault."""
    action = catalogue.find(version, command.action)
    if action is None or not action.may_be_sent_by(Role.CSMS):
        raise Problem.of_field("action", f"no message that {version} lets us send")
    try:
        codec.build(action.request, command.payload)
    except RemoteError as error:
        told = (error.details or {}).get("violations") or [error.description]
        faults = [FieldFault("payload", str(each)) for each in told]
        raise Problem.invalid(*faults, detail=error.description) from error


def _answer(outcome: Outcome) -> CommandAnswer:
    told = msgspec.to_builtins(outcome)
    return CommandAnswer(
        outcome=told["outcome"],
        status=told.get("status"),
        reason=told.get("reason"),
        response=told.get("response", {}),
    )


def _not_connected(station_id: str) -> Problem:
    return Problem.conflict("not-connected", f"station {station_id} is not connected")
