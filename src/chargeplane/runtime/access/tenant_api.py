"""The routes of tenants. The administrators of the first one look after the others."""

from __future__ import annotations

from functools import partial
from typing import Annotated
from uuid import UUID

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody, QueryParameter
from litestar.response import Stream

from chargeplane.runtime.access.accounts import Accounts
from chargeplane.runtime.access.credentials import fault_of_password
from chargeplane.runtime.access.freshness import require_fresh
from chargeplane.runtime.access.roles import Role
from chargeplane.runtime.access.tenancy import FirstTenant
from chargeplane.runtime.access.views import (
    NewTenant,
    TenantChanges,
    TenantContents,
    TenantContentView,
    TenantNamed,
    TenantView,
)
from chargeplane.runtime.audit.api import exported
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
from chargeplane.runtime.store.tenants import CONTENT_ROWS_MAX, Content, Tenant

__all__ = ["HANDLERS"]

ADMIN = requires("tenants:admin")
AUDIT = requires("tenants:audit")


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
    return _view(await store.write(Function(change)), tenant_id)


@post("/tenants/{tenant_id:uuid}/close", guards=[ADMIN], status_code=200, summary="Close a tenant")
async def close_tenant(
    tenant_id: FromPath[UUID],
    data: JSONBody[TenantNamed],
    accounts: Injected[Accounts],
    clock: Injected[Clock],
    principal: Injected[Principal],
) -> TenantView:
    """Let nobody of it in any more: sessions end, tokens count no longer, stations are cut.

    Everything that it has stays. ``name`` must be its name.
    """
    await _meant(accounts, principal, clock, tenant_id, data.name)
    try:
        return _view(await accounts.tenants.close(tenant_id), tenant_id)
    except FirstTenant as error:
        raise Problem.conflict("first-tenant", str(error)) from error


@post("/tenants/{tenant_id:uuid}/reopen", guards=[ADMIN], status_code=200, summary="Open a tenant")
async def reopen_tenant(
    tenant_id: FromPath[UUID], accounts: Injected[Accounts], principal: Injected[Principal]
) -> TenantView:
    """Let people, programs and stations of a closed tenant in again. People log in anew."""
    _refuse_others(principal)
    return _view(await accounts.tenants.reopen(tenant_id), tenant_id)


@get("/tenants/{tenant_id:uuid}/contents", guards=[AUDIT], summary="Count what a tenant has")
async def count_tenant(
    tenant_id: FromPath[UUID], accounts: Injected[Accounts], principal: Injected[Principal]
) -> TenantContents:
    """What a tenant has, by kind, and whether it may be removed with it."""
    _refuse_others(principal, "tenants:audit")
    tenant = await _found(accounts, tenant_id)
    found = await accounts.tenants.contents(tenant_id)
    is_free = not any(each.is_kept or each.rows > CONTENT_ROWS_MAX for each in found)
    is_gone = tenant.closed_at is not None and is_free
    return TenantContents([_content(each) for each in found], is_gone)


@get(
    "/tenants/{tenant_id:uuid}/audit-log",
    guards=[AUDIT],
    media_type="application/x-ndjson",
    summary="Export the audit log of a closed tenant",
)
async def export_tenant_audit_log(
    tenant_id: FromPath[UUID],
    accounts: Injected[Accounts],
    store: Injected[Store],
    principal: Injected[Principal],
) -> Stream:
    """All entries as JSON lines, the oldest first. Its own people can no longer ask for them."""
    _refuse_others(principal, "tenants:audit")
    if (await _found(accounts, tenant_id)).closed_at is None:
        raise Problem.conflict("tenant-open", "the audit log of an open tenant is its own")
    return exported(store, tenant_id)


@delete("/tenants/{tenant_id:uuid}", guards=[ADMIN], summary="Remove a closed tenant")
async def remove_tenant(
    tenant_id: FromPath[UUID],
    accounts: Injected[Accounts],
    clock: Injected[Clock],
    principal: Injected[Principal],
    name: Annotated[
        str, QueryParameter(max_length=300, description="Of the tenant that is meant.")
    ],
) -> None:
    """Delete a closed tenant with everything that it has, its audit log included, for ever.

    Refused while it has transactions, which must be kept, or more rows than one step can delete.
    """
    tenant = await _meant(accounts, principal, clock, tenant_id, name)
    if tenant.closed_at is None:
        raise Problem.conflict("tenant-open", "a tenant is closed first")
    if not await accounts.tenants.remove(tenant_id):
        detail = "it has transactions, which must be kept, or too much to be deleted at once"
        raise Problem.conflict("tenant-not-empty", detail)


HANDLERS = (
    list_tenants,
    add_tenant,
    change_tenant,
    close_tenant,
    reopen_tenant,
    count_tenant,
    export_tenant_audit_log,
    remove_tenant,
)


async def _meant(
    accounts: Accounts, principal: Principal, clock: Clock, tenant_id: UUID, name: str
) -> Tenant:
    """The tenant, if whoever asks may do away with it and knows its name."""
    _refuse_others(principal)
    require_fresh(principal, clock)
    tenant = await _found(accounts, tenant_id)
    if name != tenant.name:
        raise Problem.invalid(FieldFault("name", "is not the name of this tenant"))
    return tenant


async def _found(accounts: Accounts, tenant_id: UUID) -> Tenant:
    tenant = await accounts.tenants.find(tenant_id)
    if tenant is None:
        raise Problem.not_found("tenant", tenant_id)
    return tenant


def _view(tenant: Tenant | None, tenant_id: UUID) -> TenantView:
    if tenant is None:
        raise Problem.not_found("tenant", tenant_id)
    return TenantView(*tenant)


def _content(found: Content) -> TenantContentView:
    count = None if found.rows > CONTENT_ROWS_MAX else found.rows
    return TenantContentView(found.table, count, found.is_kept)


def _administers(principal: Principal, permission: str = "tenants:admin") -> bool:
    """Whether somebody looks after the installation: from its first tenant, without limits."""
    is_first = principal.tenant_id == tenants.DEFAULT_TENANT_ID
    return is_first and principal.sites is None and principal.may(permission)


def _refuse_others(principal: Principal, permission: str = "tenants:admin") -> None:
    if not _administers(principal, permission):
        raise Problem.forbidden("the people of the first tenant look after tenants")
