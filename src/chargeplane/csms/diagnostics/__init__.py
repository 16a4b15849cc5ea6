"""Diagnostics: stations send their logs, each to an address that is made for it (N01).

    asked -> accepted -> uploading -> uploaded | failed | cancelled
          -> refused | unsupported
          -> unanswered, which anything the station says later mends

* ``get-log`` asks for a log: GetDiagnostics of 1.x, GetLog of the 1.6 security whitepaper for the
  security log, GetLog of 2.x. The file comes by the block ``files``.
* What a station says later (DiagnosticsStatusNotification, LogStatusNotification) only ever moves
  a request on: repeated and late words change nothing (``csms.progress``). A request id that is
  not of this station is answered and changes nothing either.
* 1.x names no request in its DiagnosticsStatusNotification: the latest one is meant.

Requirements: N01.FR.01 to .20; 1.6, 5.1 and 5.8; the security whitepaper of 1.6, L.
"""

from __future__ import annotations

from chargeplane.csms.contract import Block
from chargeplane.csms.diagnostics import v1, v2
from chargeplane.csms.diagnostics.api import routes
from chargeplane.csms.diagnostics.service import Diagnostics
from chargeplane.csms.exchange import Exchange
from chargeplane.domain.commands import GetLog
from chargeplane.ocpp import v16, v21
from chargeplane.runtime.clock import Clock
from chargeplane.runtime.store import Store

__all__ = ["Diagnostics", "block"]


def block(store: Store, clock: Clock, exchange: Exchange) -> Block:
    """The block; ``exchange`` grants the addresses that logs are sent to."""
    service = Diagnostics(store, clock, exchange)
    first, second = v1.Handlers(service), v2.Handlers(service)
    return Block(
        "diagnostics",
        v1={
            v16.DiagnosticsStatusNotificationRequest: first.diagnostics_status,
            v16.LogStatusNotificationRequest: first.log_status,
        },
        v2={v21.LogStatusNotificationRequest: second.log_status},
        commands_v1={GetLog: first.get_log},
        commands_v2={GetLog: second.get_log},
        routes=(routes(service, exchange),),
    )
