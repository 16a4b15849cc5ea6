"""Where a station connects, and how securely: its network profiles (A05, B09, B10).

Slot 1 is what it was built with; the central system fills others. The station tries the slots of
NetworkConfigurationPriority in order, each NetworkProfileConnectionAttempts times; so a profile
that does not work is rolled back by itself. A profile that works and is more secure than others
ends their use. 1.6 has no slots, but a key SecurityProfile: slot 2 then is the same address with
the other profile.
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from chargeplane.station.device_model.variables import Place, Variables, split
from chargeplane.station.keystore import CSMS, KeyStore
from chargeplane.station.memory import Memory

__all__ = ["FACTORY", "Network", "NetworkProfile"]

SLOTS_MAX: Final = 8
FACTORY: Final = 1
_UPGRADE: Final = 2
_DRAWER: Final = "network"
_TLS: Final = 2
"""Security profiles from here on use TLS."""
_OWN_CERTIFICATE: Final = 3


class NetworkProfile(Struct, frozen=True):
    """One way to the central system."""

    url: str
    """Without the identity."""
    security: int = 0
    """The security profile."""
    password: str | None = None
    """For this way alone (2.1); None: the one of the station."""


class Network:
    """The profiles of one station, and the one that is in use."""

    def __init__(self, memory: Memory, variables: Variables, keys: KeyStore) -> None:
        """Recall what the central system has set."""
        self._memory = memory
        self._variables = variables
        self._keys = keys
        self._slots = {
            int(key): each for key, each in memory.take_all(_DRAWER, NetworkProfile).items()
        }
        self._factory = NetworkProfile("")
        self.is_trusting = False
        """Whether the owner of the station says whom to trust, so that it needs no root."""
        self._slot: int | None = None
        self._failures = 0
        self._active = variables.at(Place("OCPPCommCtrlr", "ActiveNetworkProfile"))
        self._priority = variables.at(Place("OCPPCommCtrlr", "NetworkConfigurationPriority"))
        self._priority.allows = self._may_be_tried
        self._priority.needs_reboot = True
        self._level = variables.at(Place("SecurityCtrlr", "SecurityProfile"))
        self._level.allows = self._may_be_level

    def begin(self, factory: NetworkProfile, *, is_trusting: bool) -> None:
        """Say how the station was built to connect. Its security profile may have been preset."""
        level = 0 if self._slots else int(self._level.value)
        self._factory = replace(factory, security=level or factory.security)
        self.is_trusting = is_trusting
        self._level.read = lambda: str(self.current.security)
        self._active.read = lambda: str(self.slot)

    @property
    def slot(self) -> int:
        """The slot that is in use, or dialled next."""
        slot = self._slot
        return self._in_order()[0] if slot is None or self._find(slot) is None else slot

    @property
    def current(self) -> NetworkProfile:
        """The profile of this slot."""
        return self._find(self.slot) or self._factory

    @property
    def is_tls(self) -> bool:
        """Whether this way is one of TLS."""
        return self.current.url.startswith("wss")

    def _find(self, slot: int) -> NetworkProfile | None:
        return self._slots.get(slot) or (self._factory if slot == FACTORY else None)

    def _in_order(self) -> list[int]:
        found = [int(each) for each in split(self._priority.value) if each.isdecimal()]
        return [each for each in found if self._find(each) is not None] or [FACTORY]

    # What the central system sets.

    def reason_against(self, slot: int, profile: NetworkProfile, *, used: bool) -> str | None:
        """Why a profile cannot be kept, a reason code of 2.x; None: it can (B09).

        Args:
            slot: to be filled.
            profile: what with.
            used: whether it may be one that is tried, but not the active one (2.0.1).
        """
        if not FACTORY <= slot <= SLOTS_MAX:
            return "InvalidNetworkConf"
        if slot == self.slot or (not used and slot in self._in_order()):
            return "PriorityNetworkConf"
        if not self._is_secure_enough(profile.security):
            return "NoSecurityDowngrade"
        scheme = "wss://" if profile.security >= _TLS else "ws://"
        return None if profile.url.startswith(scheme) else "InvalidNetworkConf"

    def keep(self, slot: int, profile: NetworkProfile) -> None:
        """Fill a slot."""
        self._slots[slot] = profile
        self._memory.put(_DRAWER, str(slot), profile)

    def upgrade(self, level: int) -> bool:
        """1.6: go to this security profile, at the same address; False: it is there already."""
        now = self.current
        if level == now.security:
            return False
        scheme = "wss://" if level >= _TLS else "ws://"
        other = FACTORY if self.slot == _UPGRADE else _UPGRADE
        before = self.slot
        self.keep(other, replace(now, url=scheme + now.url.partition("://")[2], security=level))
        self._prefer([other, before])
        self._slot, self._failures = other, 0
        return True

    def _is_secure_enough(self, level: int) -> bool:
        """Never less than now; but 2.1 may allow to go from 3 to 2 (B09.FR.04)."""
        now = self.current.security
        may_fall = self._variables.find(Place("SecurityCtrlr", "AllowSecurityProfileDowngrade"))
        falls = now == _OWN_CERTIFICATE and level == _TLS
        return level >= now or (falls and may_fall is not None and may_fall.actual == "true")

    def _is_equipped(self, level: int) -> bool:
        """Whether the station has what the profile needs (A05.FR.02, A05.FR.03)."""
        has_root = self.is_trusting or any(each.use == CSMS for each in self._keys.listed())
        if level >= _TLS and not has_root:
            return False
        return level < _OWN_CERTIFICATE or bool(self._keys.own())

    def _may_be_tried(self, value: str) -> bool:
        words = split(value)
        if not words or len(set(words)) < len(words):
            return False
        found = [self._find(int(each)) if each.isdecimal() else None for each in words]
        return all(each is not None and self._is_equipped(each.security) for each in found)

    def _may_be_level(self, value: str) -> bool:
        level = int(value)
        is_json = self._factory.url.startswith("ws")
        return is_json and level >= self.current.security and self._is_equipped(level)

    # What happens on the way.

    def failed(self) -> None:
        """There was no connection: after so many attempts comes the next slot (B10.FR.03)."""
        self._failures += 1
        most = self._variables.number("OCPPCommCtrlr", "NetworkProfileConnectionAttempts")
        if self._failures >= most:
            self._failures = 0
            slots, slot = self._in_order(), self.slot
            after = slots.index(slot) + 1 if slot in slots else 0
            self._slot = slots[after % len(slots)]

    def succeeded(self) -> None:
        """There is a connection: what is less secure is not used again (A05.FR.05)."""
        self._failures = 0
        self._slot, level = self.slot, self.current.security
        kept = [
            each
            for each in self._in_order()
            if ((found := self._find(each)) is not None and found.security >= level)
        ]
        if kept and kept != self._in_order():
            self._prefer(kept)

    def start_over(self) -> None:
        """The station boots: the first slot comes first again."""
        self._slot, self._failures = None, 0

    def _prefer(self, slots: list[int]) -> None:
        self._priority.value = ",".join(map(str, slots))
        self._variables.changed(self._priority)
