"""Provisioning: letting stations in, knowing what they are, and setting them up.

A station is registered here (``directory``), or found in the inbox of those that tried to connect.
When it boots it is told how it stands with us, and how often to show itself:

* accepted: it is served;
* pending: it is known and not yet let in; it may be asked for its variables and reports, and to
  boot again, and nothing else that it says is served (B02);
* rejected: it is not wanted (B03), or was removed while it was connected.

A registration stays until an operator changes it. The answer to a boot counts when it is durable.

What stations report of their device model is kept (``tables``): the variables of 2.x, and the
configuration keys of 1.x as variables without a component. Passwords are never among them. What
a variable was before is kept as well (``history``), and what it shall be (``templates``): what
deviates at a station is shown, and set in one action (``applying``).

Requirements: B01.FR.02, B02, B03, B05, B06, B07, B08, B11, B12, G02 (1.6: 4.2, 4.6, 5.3, 5.8,
5.14). Not kept to yet: the check of the serial number against the certificate (B01.FR.11).

``commanding`` is the one REST route for the commands of all blocks; ``portions`` cuts those about
many variables into messages that the station takes (B05.FR.11, B06.FR.05, B08.FR.06).
"""

from __future__ import annotations

from chargeplane.csms.contract import Block, Send
from chargeplane.csms.preferences import PreferencesOf, defaults
from chargeplane.csms.provisioning import v1, v2
from chargeplane.csms.provisioning.api import routes
from chargeplane.csms.provisioning.applying import Applier
from chargeplane.csms.provisioning.commanding import Commander, Redact
from chargeplane.csms.provisioning.commands_v2 import Commands as CommandsV2
from chargeplane.csms.provisioning.device_model import DeviceModel
from chargeplane.csms.provisioning.directory import Connected, Directory, Disconnect
from chargeplane.csms.provisioning.listing import PowerW, Stations
from chargeplane.csms.provisioning.service import Provisioning
from chargeplane.domain.commands import (
    GetBaseReport,
    GetReport,
    GetVariables,
    Reset,
    SetVariables,
)
from chargeplane.ocpp import v16, v21
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.rest import Routes
from chargeplane.runtime.store import Store

__all__ = ["Directory", "block"]


def block(
    store: Store,
    clock: Clock,
    *,
    is_connected: Connected,
    send: Send,
    disconnect: Disconnect = lambda tenant_id, station_id: None,
    power_w: PowerW = lambda tenant_id, station_id: None,
    redact: Redact = lambda text: text,
    preferences: PreferencesOf = defaults,
    passwords: Passwords | None = None,
) -> Block:
    """The block for the central system.

    Args:
        store: with the tables of this block.
        clock: for what stations are told as the time.
        is_connected: whether a station can be reached now.
        send: carries out commands.
        disconnect: ends a station's connection, if it has one.
        power_w: what a station draws now, in W, if that is known.
        redact: takes secrets out of the parameters of a command, for the log.
        preferences: of tenants, for the intervals that stations are told.
        passwords: keeps those of stations.
    """
    directory = Directory(store, clock, is_connected, disconnect, passwords)
    service = Provisioning(store, clock, preferences)
    model = DeviceModel(store, clock)
    commander = Commander(store, clock, directory, send, redact)
    offered = routes(
        directory,
        Stations(directory, power_w),
        commander,
        Applier(store, commander),
    )
    return _block(service, model, offered)


def _block(service: Provisioning, model: DeviceModel, offered: Routes) -> Block:
    """Who serves which message and command."""
    first, second = v1.Handlers(service), v2.Handlers(service, model)
    commands_v1, commands_v2 = v1.Commands(model), CommandsV2(model)
    return Block(
        "provisioning",
        v1={
            v16.BootNotificationRequest: first.boot,
            v16.HeartbeatRequest: first.heartbeat,
        },
        v2={
            v21.BootNotificationRequest: second.boot,
            v21.HeartbeatRequest: second.heartbeat,
            v21.NotifyReportRequest: second.report,
        },
        commands_v1={
            GetVariables: commands_v1.get,
            SetVariables: commands_v1.set,
            GetBaseReport: commands_v1.report,
            Reset: v1.reset,
        },
        commands_v2={
            GetVariables: commands_v2.get,
            SetVariables: commands_v2.set,
            GetBaseReport: commands_v2.base_report,
            GetReport: commands_v2.report,
            Reset: v2.reset,
        },
        routes=(offered,),
    )
