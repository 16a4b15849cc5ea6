"""Scripts of this folder, run with Node.js."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
NODE = shutil.which("node")
READY = NODE is not None and (HERE / "node_modules" / "ocpp-rpc").is_dir()

needs_node = pytest.mark.skipif(
    not READY and "CI" not in os.environ,
    reason="needs Node.js and the packages of tests/interop (make test installs them with npm)",
)


async def node(script: str, *arguments: str, talks: bool = False) -> asyncio.subprocess.Process:
    """Start a script; ``talks``: it reads what we write to its standard input."""
    assert NODE is not None, "Node.js is not installed"
    return await asyncio.create_subprocess_exec(
        NODE,
        str(HERE / script),
        *arguments,
        cwd=HERE,
        stdin=asyncio.subprocess.PIPE if talks else None,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def report_of(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """Its last line of output, after it has ended without an error."""
    output, errors = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 0, errors.decode()
    report: dict[str, Any] = json.loads(output.splitlines()[-1])
    return report
