"""The session cookie: how a browser is recognised, and what a page must add to change something.

Scripts cannot read it (HttpOnly), other sites do not send it with their requests (SameSite=Lax),
and over TLS it has the prefix ``__Host-``, which no other host of the domain can set. A browser
adds it by itself, so a change needs the token against forgery as well (``csrf_token``).
"""

from __future__ import annotations

from collections.abc import Mapping

from litestar.datastructures import Cookie

from chargeplane.runtime.access.policy import Policy

__all__ = ["CSRF_HEADER", "begun", "ended", "name_of", "read", "short"]

CSRF_HEADER = "X-CSRF-Token"
_NAME = "chargeplane_session"


def name_of(policy: Policy) -> str:
    """The name of the cookie."""
    return f"__Host-{_NAME}" if policy.is_secure else _NAME


def read(policy: Policy, cookies: Mapping[str, str]) -> str | None:
    """The token of a session, if a browser has sent one."""
    return cookies.get(name_of(policy))


def begun(policy: Policy, token: str) -> Cookie:
    """Sets the cookie. The session ends on our side; the browser forgets it when it is closed."""
    return Cookie(
        key=name_of(policy),
        value=token,
        path="/",
        secure=policy.is_secure,
        httponly=True,
        samesite="lax",
    )


def ended(policy: Policy) -> Cookie:
    """Removes the cookie."""
    return short(policy, name_of(policy), "", 0)


def short(policy: Policy, name: str, value: str, lifetime_s: int) -> Cookie:
    """A cookie for one step of a log-in."""
    return Cookie(
        key=name,
        value=value,
        path="/",
        max_age=lifetime_s,
        secure=policy.is_secure,
        httponly=True,
        samesite="lax",
    )
