"""The one route for all commands: ``POST /stations/{id}/commands/{name}``, and the log of them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec
from litestar import Request, get, post
from litestar.datastructures import State
from litestar.params import FromPath
from msgspec import Struct

from chargeplane.csms.contract import NotConnected, Send
from chargeplane.csms.provisioning import command_log
from chargeplane.csms.provisioning.command_log import Given, Logged, Result
from chargeplane.csms.provisioning.directory import Directory, Seen
from chargeplane.csms.provisioning.history import acting
from chargeplane.csms.provisioning.portions import Many, TooMany, bounds_of, portions, send_all
from chargeplane.domain.commands import (
    COMMANDS,
    Command,
    Outcome,
    Raw,
    SetVariables,
    VariableValue,
    name_of,
)
from chargeplane.ocpp import catalogue, codec
from chargeplane.ocpp.errors import RemoteError
from chargeplane.ocpp.versions import Role, Version
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import (
    FieldFault,
    Injected,
    Page,
    PageRequest,
    Principal,
    Problem,
    requires,
)
from chargeplane.runtime.store import Function, Store, StoreError, new_id, storable

__all__ = ["CommandAnswer", "CommandView", "Commander", "list_commands", "send_command"]

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


class CommandView(Struct, frozen=True, kw_only=True):
    """A command that was given."""

    id: UUID
    name: str
    parameters: dict[str, Any]
    """Without secrets."""
    by_id: UUID
    """The user or the token that gave it."""
    by_name: str
    at: datetime
    ended_at: datetime | None
    """Null: it is under way, or the program has ended meanwhile."""
    outcome: str | None
    """accepted, refused, unsupported, no_answer, or not_connected."""
    status: str | None
    """The station's own word."""
    reason: str | None


Redact = Callable[[str], str]
"""Takes secrets out of a text of JSON."""


class Commander:
    """Reads commands, has them carried out, and keeps the log of them."""

    def __init__(
        self, store: Store, clock: Clock, directory: Directory, send: Send, redact: Redact
    ) -> None:
        self._store = store
        self._clock = clock
        self._directory = directory
        self._send = send
        self._redact = redact

    async def carry_out(
        self, principal: Principal, station_id: str, name: str, body: bytes
    ) -> CommandAnswer:
        """The outcome of a command.

        Raises:
            Problem: there is no such station or command, the command cannot be read, or the
                station is not connected.
            StoreError: it could not be put into the log; it was not sent.
        """
        seen = await self._found(principal, station_id)
        return await self._carry_out(principal, seen, name, _command(name, body))

    async def set_variables(
        self, principal: Principal, station_id: str, values: Sequence[VariableValue]
    ) -> CommandAnswer:
        """The outcome of setting variables; errors as of ``carry_out``."""
        seen = await self._found(principal, station_id)
        command = SetVariables(values=tuple(values))
        return await self._carry_out(principal, seen, name_of(SetVariables), command)

    async def _found(self, principal: Principal, station_id: str) -> Seen:
        seen = await self._directory.find(principal.tenant_id, station_id)
        if seen is None:
            raise Problem.not_found("station", station_id)
        return seen

    async def _carry_out(
        self, principal: Principal, seen: Seen, name: str, command: Command
    ) -> CommandAnswer:
        tenant_id, station_id = principal.tenant_id, seen.station.id
        if not self._directory.is_connected(tenant_id, station_id):
            raise _not_connected(station_id)
        # A station that connects for the first time is here before its version is stored.
        if isinstance(command, Raw) and seen.station.ocpp_version is not None:
            _check_raw(command, Version(seen.station.ocpp_version))
        parts = await self._parts(seen, command)
        given = self._given(principal, station_id, name, command)
        await self._store.write(Function(partial(command_log.begun, given=given)))
        try:
            with acting(principal.name):
                if parts:
                    outcome = await send_all(self._send, tenant_id, station_id, parts)
                else:
                    outcome = await self._send(tenant_id, station_id, command)
        except NotConnected as error:
            await self._ended(given, Result(self._clock.now(), "not_connected"))
            raise _not_connected(station_id) from error
        answer = _answer(outcome)
        told = (storable(answer.status or "") or None, storable(answer.reason or "") or None)
        await self._ended(given, Result(self._clock.now(), answer.outcome, *told))
        return answer

    async def _parts(self, seen: Seen, command: Command) -> Sequence[Many]:
        """What a command about many variables is sent as; empty for all others."""
        station = seen.station
        if not isinstance(command, Many) or station.ocpp_version is None:
            return ()
        look = partial(
            bounds_of,
            tenant_id=station.tenant_id,
            station_id=station.id,
            ocpp_version=station.ocpp_version,
            command=command,
        )
        try:
            return portions(command, await self._store.read(look))
        except TooMany as error:
            field = "values" if isinstance(command, SetVariables) else "variables"
            raise Problem.of_field(field, str(error)) from error

    def _given(self, principal: Principal, station_id: str, name: str, command: Command) -> Given:
        told = msgspec.to_builtins(command)
        told.pop("command")
        parameters = self._redact(msgspec.json.encode(told).decode())
        return Given(
            principal.tenant_id,
            station_id,
            new_id(),
            name,
            storable(parameters),
            principal.id,
            storable(principal.name),
            self._clock.now(),
        )

    async def _ended(self, given: Given, result: Result) -> None:
        try:
            note = partial(command_log.ended, given=given, result=result)
            await self._store.write(Function(note))
        except StoreError as error:
            # It was carried out; whoever gave it shall know, even if the log does not.
            _log.warning("the outcome of %s is not in the log: %s", given.name, error)

    async def log(self, tenant_id: UUID, station_id: str, page: PageRequest) -> Page[CommandView]:
        """What was asked of a station, the newest first."""
        if await self._directory.find(tenant_id, station_id) is None:
            raise Problem.not_found("station", station_id)
        look = partial(
            command_log.newest,
            tenant_id=tenant_id,
            station_id=station_id,
            count_max=page.fetch_max,
            before=page.after(UUID),
        )
        rows = await self._store.read(look)
        return page.of(rows, _logged, key=lambda row: row.id)


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
    return await commander.carry_out(principal, station_id, name, body)


@get(
    "/stations/{station_id:str}/commands",
    guards=[requires("stations:read")],
    summary="List the commands of a station",
)
async def list_commands(
    station_id: FromPath[str],
    commander: Injected[Commander],
    principal: Injected[Principal],
    page: Injected[PageRequest],
) -> Page[CommandView]:
    """Who asked the station for what over REST, and what came of it, the latest first."""
    return await commander.log(principal.tenant_id, station_id, page)


def _logged(row: Logged) -> CommandView:
    facts = row._asdict() | {"parameters": _parameters(row.parameters)}
    return CommandView(**facts)


_parameters = msgspec.json.Decoder(dict[str, Any]).decode


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
