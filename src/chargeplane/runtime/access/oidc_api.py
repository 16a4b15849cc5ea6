"""The routes of log-in by an identity provider."""

from __future__ import annotations

import logging
from typing import Annotated, Any

from litestar import Request, Response, get
from litestar.datastructures import State
from litestar.params import QueryParameter
from litestar.response import Redirect
from msgspec import Struct

from chargeplane.runtime.access import cookies
from chargeplane.runtime.access.accounts import Accounts
from chargeplane.runtime.access.oidc import LOG_IN_S, Oidc, OidcRefused, OidcUnavailable
from chargeplane.runtime.access.session_api import caller_of
from chargeplane.runtime.rest import PUBLIC, Injected, Problem

__all__ = ["HANDLERS"]

_log = logging.getLogger(__name__)

COOKIE = "chargeplane_oidc"
Text = Annotated[str, QueryParameter(max_length=4_000)]


class OidcView(Struct, frozen=True):
    """Whether there is an identity provider."""

    enabled: bool
    issuer: str
    start: str
    """Where a browser goes to log in."""


@get("/oidc", opt=PUBLIC, summary="Tell whether there is an identity provider")
async def show_oidc(oidc: Injected[Oidc | None]) -> OidcView:
    """What a log-in page needs to know."""
    issuer = oidc.provider.issuer if oidc else ""
    return OidcView(oidc is not None, issuer, "/api/v1/oidc/start" if oidc else "")


@get("/oidc/start", opt=PUBLIC, status_code=302, summary="Go to the identity provider")
async def begin_oidc(oidc: Injected[Oidc | None], accounts: Injected[Accounts]) -> Redirect:
    """Send the browser to the provider."""
    policy = accounts.sessions.policy
    try:
        address, sealed = await _there(oidc).begin()
    except OidcUnavailable as error:
        raise _unavailable(error) from error
    return Redirect(address, cookies=[cookies.short(policy, COOKIE, sealed, LOG_IN_S)])


@get(
    "/oidc/callback",
    opt=PUBLIC,
    status_code=302,
    summary="Come back from the identity provider",
)
async def finish_oidc(
    request: Request[Any, Any, State],
    oidc: Injected[Oidc | None],
    accounts: Injected[Accounts],
    answered_state: Annotated[str, QueryParameter(name="state", max_length=200)] = "",
    code: Text = "",
    error: Text = "",
) -> Response[Any]:
    """Log in with what the provider says, and go to the console."""
    policy, provider = accounts.sessions.policy, _there(oidc)
    if error or not code:
        _log.warning("the identity provider refused a log-in: %r", error[:200])
        raise Problem.unauthenticated("the identity provider did not let you in")
    try:
        user = await provider.finish(answered_state, code, request.cookies.get(COOKIE, ""))
    except OidcRefused as refusal:
        _log.warning("a log-in by the identity provider was refused: %s", refusal)
        source = caller_of(request, accounts).source
        await accounts.alarms.tell("oidc_log_in_refused", source, "", provider.provider.tenant_id)
        raise Problem.unauthenticated("the log-in was not accepted; begin again") from refusal
    except OidcUnavailable as trouble:
        raise _unavailable(trouble) from trouble
    session = await accounts.sessions.begin(user, caller_of(request, accounts))
    kept = [cookies.begun(policy, session.token), cookies.short(policy, COOKIE, "", 0)]
    return Redirect("/", cookies=kept)


HANDLERS = (show_oidc, begin_oidc, finish_oidc)


def _there(oidc: Oidc | None) -> Oidc:
    if oidc is None:
        raise Problem("not-found", 404, "Not found", "there is no identity provider")
    return oidc


def _unavailable(error: OidcUnavailable) -> Problem:
    _log.warning("the identity provider cannot be used: %s", error)
    return Problem("provider-unavailable", 502, "The identity provider does not answer")
