"""``chargeplane pki``: the certificate authority of the installation."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from chargeplane.cli.accounts import by_command, print_json, with_store
from chargeplane.cli.accounts import show as print_rows
from chargeplane.cli.exits import Refused, told
from chargeplane.cli.issuing import est_issuers, revocation_lists, station_roots
from chargeplane.cli.options import AsJson, Config, Data, settings_of, vault_of
from chargeplane.csms.certificates import RevocationLists
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.pki import (
    KeyKind,
    PkiFault,
    Purpose,
    Vault,
    common_name,
    fingerprint,
    pem_of,
)
from chargeplane.runtime.pki import organization as organization_of
from chargeplane.runtime.store import Function, Store, StoreError

__all__ = ["app"]

app = typer.Typer(no_args_is_help=True, help="The certificate authority of the installation.")


@app.command(epilog="Example: chargeplane pki init --organization 'Example Charging'")
def init(
    organization: Annotated[
        str, typer.Option(help="The operator's name; stations have it in their certificates.")
    ] = "chargeplane",
    key: Annotated[KeyKind, typer.Option(help="The kind of the keys.")] = KeyKind.P256,
    pkcs11: Annotated[
        bool,
        typer.Option("--pkcs11", help="Make the keys in the hardware token of the settings."),
    ] = False,
    config: Config = None,
    data: Data = None,
) -> None:
    """Make a root, and an authority for each purpose. Keys are encrypted with the secret key.

    With --pkcs11 they are made in a hardware token (pkcs11_module, pkcs11_token) and stay there.
    The TLS port opens at the next start, with certificates of this authority.
    """
    with told():
        vault = _vault(config, data)
        try:
            vault.init(organization, SystemClock().now(), key, in_token=pkcs11)
        except PkiFault as fault:
            raise Refused(str(fault)) from fault
        _note("pki init", config, data)
        typer.echo("Stations have to trust this root (chargeplane pki export):", err=True)
        typer.echo(fingerprint(vault.root()))


@app.command(epilog="Example: chargeplane pki show --json")
def show(as_json: AsJson = False, config: Config = None, data: Data = None) -> None:
    """Show the authorities, and until when they are valid."""
    with told():
        vault = _vault(config, data)
        try:
            listed = {"root": vault.root()}
            listed |= {str(each): vault.authority(each).certificate for each in Purpose}
        except PkiFault as fault:
            raise Refused(str(fault)) from fault
        facts = [
            {
                "name": name,
                "common_name": common_name(certificate.subject),
                "organization": organization_of(certificate.subject),
                "not_after": certificate.not_valid_after_utc.isoformat(),
                "sha256": fingerprint(certificate),
                "key": vault.place_of_key(name),
            }
            for name, certificate in listed.items()
        ]
        if as_json:
            print_json(facts)
            return
        for each in facts:
            typer.echo(f"{each['name']:<14} {each['not_after']}  {each['common_name']}")
            typer.echo(f"{'':<14} {each['sha256']}")
            typer.echo(f"{'':<14} key: {each['key']}")


@app.command(epilog="Example: chargeplane pki export --output root.pem")
def export(
    output: Annotated[
        Path | None, typer.Option(help="A file; standard output if it is left out.")
    ] = None,
    config: Config = None,
    data: Data = None,
) -> None:
    """Write the root certificate in PEM, for stations. Keys never leave their folder."""
    with told():
        try:
            pem = pem_of([_vault(config, data).root()])
        except PkiFault as fault:
            raise Refused(str(fault)) from fault
        if output is None:
            sys.stdout.write(pem)
            return
        try:
            output.write_text(pem, encoding="ascii")
        except OSError as error:
            raise Refused(f"{output}: {error.strerror}") from error


@app.command(epilog="Example: chargeplane pki renew root")
def renew(
    name: Annotated[str, typer.Argument(help="root, csms, station, v2g, mo or manufacturer.")],
    config: Config = None,
    data: Data = None,
) -> None:
    """Give an authority a new certificate for the same key.

    `serve` does it in time by itself, if the key of the root is in its place: 3 years before the
    end for the root, 2 for the others. It then hands a new root to stations.
    """
    with told():
        vault, now = _vault(config, data), SystemClock().now()
        try:
            if name == "root":
                authority = vault.renew_root(now)
            elif name in {str(each) for each in Purpose}:
                authority = vault.renew(Purpose(name), now)
            else:
                raise Refused(f"there is no authority {name!r}: root, {', '.join(Purpose)}")
        except PkiFault as fault:
            raise Refused(str(fault)) from fault
        _note("pki renew", config, data)
        typer.echo(f"{authority.certificate.not_valid_after_utc:%Y-%m-%d}")


@app.command(epilog="Example: chargeplane pki issuer --json")
def issuer(as_json: AsJson = False, config: Config = None, data: Data = None) -> None:
    """Ask the other authorities (est_url) who they are.

    It says whether we trust them: a certificate has to lead to a root of tls_roots, or to the own
    authority.
    """
    with told():
        settings = settings_of(config, data=data)
        vault = vault_of(settings)
        issuers = est_issuers(settings, os.environ, vault, SystemClock())
        if not issuers:
            raise Refused("there is no other authority: est_url is not set")
        try:
            trusted = {fingerprint(each) for each in station_roots(settings, vault)}
            facts = [
                {
                    "purpose": str(purpose),
                    "common_name": common_name(each.subject),
                    "not_after": each.not_valid_after_utc.isoformat(),
                    "sha256": fingerprint(each),
                    "is_trusted": fingerprint(each) in trusted,
                }
                for purpose, it in issuers.items()
                for each in sorted(
                    asyncio.run(it.authorities()), key=lambda it: common_name(it.subject)
                )
            ]
        except PkiFault as fault:
            raise Refused(str(fault)) from fault
        columns = ("purpose", "common_name", "not_after", "is_trusted", "sha256")
        print_rows(facts, columns, as_json=as_json)
        if not any(each["is_trusted"] for each in facts):
            raise Refused("none of them is trusted: put their root into the file of tls_roots")


@app.command(epilog="Example: chargeplane pki lists --json")
def lists(as_json: AsJson = False, config: Config = None, data: Data = None) -> None:
    """Get the revocation lists (crl_sources), and say what they hold.

    A list counts if somebody has signed it who leads to a root that we trust (tls_roots).
    """
    with told():
        settings = settings_of(config, data=data)
        clock = SystemClock()
        found = revocation_lists(settings, vault_of(settings), clock)
        if found is None:
            raise Refused("there are no lists: crl_sources is not set")
        asyncio.run(_looked(found))
        facts = [
            {
                "source": source.place,
                "issuer": common_name(each.issuer.subject) if each else None,
                "revoked": len(each.serial_numbers) if each else 0,
                "this_update": each.this_update.isoformat() if each else None,
                "next_update": each.next_update and each.next_update.isoformat() if each else None,
                "is_outdated": each.is_outdated(clock.now()) if each else False,
                "fault": source.fault or None,
            }
            for source in found.sources
            for each in source.lists or (None,)
        ]
        print_rows(facts, (*facts[0],), as_json=as_json)
        if any(each["fault"] or each["is_outdated"] for each in facts):
            raise Refused("not all lists can be had, or are up to date")


async def _looked(found: RevocationLists) -> None:
    await found.load()
    await found.look()


def _note(action: str, config: Path | None, data: str | None) -> None:
    """The authority is in files, and may be made before there is a database."""

    async def work(store: Store) -> None:
        with by_command(action):
            await store.write(Function(lambda connection: None))

    try:
        with_store(config, data, None, work)
    except StoreError as error:
        typer.echo(f"this is not in the audit log: {error}", err=True)


def _vault(config: Path | None, data: str | None) -> Vault:
    return vault_of(settings_of(config, data=data))
