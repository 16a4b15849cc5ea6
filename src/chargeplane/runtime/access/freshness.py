"""What a session that lies about may not do: who it belongs to must have logged in just now.

Somebody who finds an unlocked screen, or has stolen a cookie, could otherwise stay for good: with a
token of their own, another password, or without the second factor that stands in the way. Logging
in again, with whatever the account asks for, makes a session that is fresh.
"""

from __future__ import annotations

from datetime import timedelta

from chargeplane.runtime.clock import Clock
from chargeplane.runtime.rest import Principal, Problem

__all__ = ["FRESH_S", "require_fresh"]

FRESH_S = 300.0
"""So long a log-in counts as recent."""


def require_fresh(principal: Principal, clock: Clock) -> None:
    """Let users on who have just logged in, and programs, which never do.

    Raises:
        Problem: 403 ``recent-log-in-needed``.
    """
    if not principal.is_user:
        return
    since = principal.logged_in_at
    if since is None or clock.now() - since > timedelta(seconds=FRESH_S):
        detail = f"for this you must have logged in within {FRESH_S / 60:.0f} minutes; do it again"
        raise Problem("recent-log-in-needed", 403, "Log in again", detail)
