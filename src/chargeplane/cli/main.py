"""The command and its top level. Each command is imported when it is called."""

from __future__ import annotations

import json
import platform
from types import MappingProxyType
from typing import Annotated, Final

import typer

from chargeplane import __version__
from chargeplane.cli.late import Late, group_of

__all__ = ["COMMANDS", "app", "main"]

_HERE: Final = __package__
COMMANDS: Final = MappingProxyType(
    {
        "serve": Late(
            f"{_HERE}.serving",
            "Run the central system.",
            "serve",
            "Example: chargeplane serve --data /var/lib/chargeplane --host 0.0.0.0",
        ),
        "demo": Late(
            f"{_HERE}.serving",
            "Run a demonstration on this machine alone.",
            "demo",
            "Example: chargeplane demo --port 8081",
        ),
        "simulate": Late(
            f"{_HERE}.simulation.command",
            "Run virtual stations with drivers against any central system.",
            "command",
            "Example: chargeplane simulate --url ws://127.0.0.1:9000/ocpp --version 1.6 "
            "--version 2.0.1 --count 100 --duration 120s",
        ),
        "station": Late(f"{_HERE}.stations", "The registered stations."),
        "user": Late(f"{_HERE}.users", "The people who may log in."),
        "token": Late(f"{_HERE}.tokens", "API tokens for programs."),
        "db": Late(f"{_HERE}.databases", "Upgrade, backup and restore of the database."),
        "audit": Late(f"{_HERE}.audit", "The audit log: who did what to what and why."),
        "pki": Late(f"{_HERE}.pki", "The certificate authority of the installation."),
        "security": Late(f"{_HERE}.security", "The secret keys of the installation."),
    }
)

app = typer.Typer(
    cls=group_of(COMMANDS),
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="The control plane for EV charging: stations of every version of OCPP.",
    epilog="Exit codes: 0 done; 1 not done; 2 command line or settings; 3 database or backup.",
)


@app.callback()
def _top() -> None:
    """With it the program is a group, however many commands are its own."""


@app.command(epilog="Example: chargeplane version --json")
def version(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")] = False,
) -> None:
    """Print the version of the program and of Python."""
    python, machine = platform.python_version(), f"{platform.system()} {platform.machine()}"
    if as_json:
        typer.echo(json.dumps({"version": __version__, "python": python, "platform": machine}))
    else:
        typer.echo(f"chargeplane {__version__} (Python {python}, {machine})")


def main() -> None:
    """The entry point."""
    app(prog_name="chargeplane")
