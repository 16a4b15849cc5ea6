"""The routes of tenants. The administrators of the first one look after the others."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from litestar import get, patch, post
from litestar.params import FromPath, JSONBody

from chargeplane.runtime.access.accounts import Accounts
from chargeplane.runtime.access.credentials import fault_of_password
from chargeplane.runtime.access.roles import Role
from chargeplane.runtime.access.views import NewTenant, TenantChanges, TenantView
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
from chargeplane.runtime.store import Function, Store, new_id, tenants

__all__ = ["HANDLERS"]

ADMIN = requires("tenants:admin")


@get("/tenants", guards=[requires("tenants:read")], summary="List tenants")
async def list_tenants(
    store: Injected[Store], principal: Injected[Principal], page: Injected[PageRequest]
) -> Page[TenantView]:
    """The tenant of whoever asks; all, if an administrator of the installation asks."""
    only = None if _administers(principal) else principal.tenant_id
    look = partial(tenants.after, after=page.after(UUID), only=only, count_max=page.fetch_max)
    rows = await store.read(look)
    return page.of(rows, lambda row: TenantView(*row), key=lambda row: row[0])


@post("/tenants", guards=[ADMIN], summary="Add a tenant")
async def add_tenant(
    data: JSONBody[NewTenant],
    accounts: Injected[Accounts],
    store: Injected[Store],
    clock: Injected[Clock],
    principal: Injected[Principal],
) -> TenantView:
    """Add a tenant with its first administrator, who logs in with ``tenant_id``."""
    _refuse_others(principal)
    if fault := fault_of_password(data.password):
        raise Problem.invalid(FieldFault("password", fault))
    view = TenantView(new_id(), data.name, clock.now())
    make = partial(tenants.ensure, tenant_id=view.id, name=view.name, now=view.created_at)
    await store.write(Function(make))
    await accounts.add_user(view.id, data.administrator, Role.ADMIN, data.password)
    return view


@patch("/tenants/{tenant_id:uuid}", guards=[ADMIN], summary="Rename a tenant")
async def change_tenant(
    tenant_id: FromPath[UUID],
    data: JSONBody[TenantChanges],
    store: Injected[Store],
    principal: Injected[Principal],
) -> TenantView:
    """Rename a tenant."""
    _refuse_others(principal)
    change = partial(tenants.rename, tenant_id=tenant_id, name=data.name)
    row = await store.write(Function(change))
    if row is None:
        raise Problem.not_found("tenant", tenant_id)
    return TenantView(*row)


HANDLERS = (list_tenants, add_tenant, change_tenant)


def _administers(principal: Principal) -> bool:
    """Whether somebody administers the installation: from its first tenant, without limits."""
    is_first = principal.tenant_id == tenants.DEFAULT_TENANT_ID
    return is_first and principal.sites is None and principal.may("tenants:admin")


def _refuse_others(principal: Principal) -> None:
    if not _administers(principal):
        raise Problem.forbidden("the administrators of the first tenant look after tenants")
