"""Commands that are imported when they are called.

What ``chargeplane serve`` needs takes seconds to import on a small machine. Whoever asks for the
list of commands, or has mistyped one, is not to wait for that.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_group

__all__ = ["Late", "group_of", "loaded"]


class Late(NamedTuple):
    """Where a command is."""

    module: str
    help: str
    """What the list says: its first sentence."""
    function: str = ""
    """Of the module; empty: the module has an ``app`` with commands of its own."""
    example: str = ""
    """For a function, below its help."""


def loaded(name: str, late: Late) -> Any:
    """The command itself, of typer's kind."""
    module = import_module(late.module)
    holder = typer.Typer(add_completion=False, rich_markup_mode=None)
    if late.function:
        holder.command(name, epilog=late.example)(getattr(module, late.function))
    else:
        holder.add_typer(module.app, name=name)
    return get_group(holder).commands[name]


def group_of(commands: Mapping[str, Late]) -> type[TyperGroup]:
    """A group that has these commands before its own ones."""

    class LateGroup(TyperGroup):
        """Stand-ins fill the list; the command takes the place of its own when it is called."""

        def __init__(self, **attributes: Any) -> None:
            super().__init__(**attributes)
            late = {name: TyperCommand(name, help=each.help) for name, each in commands.items()}
            self.commands = late | dict(self.commands)

        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            name, command, rest = super().resolve_command(ctx, args)
            late = commands.get(name or "")
            return name, command if late is None else loaded(name or "", late), rest

    return LateGroup
