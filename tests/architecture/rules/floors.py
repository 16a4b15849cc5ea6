"""Imports go down only, the two ends of the wire never meet, and blocks never reach into blocks."""

import ast
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.architecture.rules.finding import SRC, Finding, parsed
from tests.architecture.tree import folders

FLOORS = {
    "ocpp": 0,
    "domain": 1,
    "runtime": 2,
    "csms": 3,
    "station": 3,
    "energy": 3,
    "billing": 3,
    "roaming": 3,
    "insight": 3,
    "tenancy": 3,
    "conformance": 4,
    "web": 4,
    "cli": 5,
    "__main__": 6,
}
ENDS = frozenset({"csms", "station"})
WITHOUT_WIRE = frozenset({"domain", "energy", "billing", "roaming", "insight", "tenancy"})

# Folders under csms/ or station/ that are no blocks: the words in which blocks speak, what all of
# them use, and what is made of whole stations.
SHARED = frozenset({"signals", "device_model", "wires", "fleets", "scenarios"})
# A functional block is a folder under csms/ or station/; these are the ones of the design.
BLOCKS = frozenset(
    "provisioning authorization local_list transactions metering remote_control availability "
    "reservation tariff_cost smart_charging firmware security certificates diagnostics monitoring "
    "display data_transfer v2x der battery_swap payment".split()
) | {name for end in ENDS for name in folders(f"{SRC}{end}") - SHARED}


def check(path: str, source: str) -> Iterator[Finding]:
    """Every import of the package's own modules, judged."""
    if not path.startswith(SRC):
        return
    here = PurePosixPath(path).relative_to(SRC).with_suffix("").parts
    if len(here) > 1 and here[0] not in FLOORS:
        yield Finding(path, 1, f"{here[0]}/ stands on no floor; give it one in DESIGN and FLOORS")
        return
    for line, target in imports(path, source):
        if target and target[0] in FLOORS and (wrong := breach(here, target)):
            yield Finding(path, line, wrong)


def breach(here: tuple[str, ...], target: tuple[str, ...]) -> str:
    """What is wrong with `here` importing `target`; empty if nothing is."""
    mine, theirs = here[0], target[0]
    if mine == theirs:
        if blocks_meet(here, target):
            return (
                f"block {here[1]} reaches into block {target[1]}; "
                "send a domain event or a command instead"
            )
        return ""
    if {mine, theirs} == ENDS:
        return (
            f"{mine} imports {theirs}, the other end of the wire; "
            "put what both need into domain or ocpp, and join them in cli or in a test"
        )
    if mine in WITHOUT_WIRE and theirs == "ocpp":
        return (
            f"{mine} never sees a wire message; "
            "translate in v1.py or v2.py of a block and take domain values here"
        )
    if mine == "__init__":
        return f"the package's own __init__ imports {theirs}; it stays empty, so that ocpp is light"
    if FLOORS[theirs] >= FLOORS[mine]:
        return (
            f"{mine} (floor {FLOORS[mine]}) imports {theirs} (floor {FLOORS[theirs]}); imports go "
            f"down only: pass it in from above, or move what both need to a lower floor"
        )
    return ""


def blocks_meet(here: tuple[str, ...], target: tuple[str, ...]) -> bool:
    """True if both lie in blocks of the same end of the wire, and not in the same block."""
    return (
        here[0] in ENDS
        and len(here) > 2
        and len(target) > 1
        and here[1] != target[1]
        and {here[1], target[1]} <= BLOCKS
    )


def imports(path: str, source: str) -> Iterator[tuple[int, tuple[str, ...]]]:
    """Line and target of each import of our own modules, relative ones resolved."""
    package = ("chargeplane", *PurePosixPath(path).relative_to(SRC).parts[:-1])
    for node in ast.walk(parsed(source)):
        if isinstance(node, ast.Import):
            targets = [tuple(alias.name.split(".")) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            base += tuple((node.module or "").split(".")) if node.module else ()
            # `from chargeplane import csms` imports csms just as well.
            targets = [(*base, alias.name) for alias in node.names]
        else:
            continue
        for target in targets:
            if target[0] == "chargeplane":
                yield node.lineno, target[1:]
