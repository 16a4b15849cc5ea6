"""What other authorities have revoked: their lists, from where an operator says that they are.

Certificates name addresses of lists as well. We do not ask there: whoever gets a certificate would
decide whom we call.

A source that cannot be had, and a list that is older than the one we have, change nothing; what
came from an address is kept in a folder, so that a restart forgets nobody.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import httpx
from cryptography import x509

from chargeplane.runtime.clock import Clock
from chargeplane.runtime.pki import (
    LIST_BYTES_MAX,
    ForeignList,
    PkiFault,
    contents_of,
    fingerprint,
    has_issued,
    verified,
    write_private,
)

__all__ = ["RevocationLists", "Source"]

_log = logging.getLogger(__name__)
SOURCES_MAX: Final = 32
LOOK_EVERY_S: Final = 60.0
"""At files; an address is due less often."""
FETCH_EVERY_S: Final = 3600.0
FETCH_AGAIN_S: Final = 300.0
"""After an address could not be had."""
TIMEOUT_S: Final = 20.0
FETCH_S_MAX: Final = 120.0
"""For the whole of a list, however slowly it comes."""

_PLAIN: Final = {"Accept-Encoding": "identity"}
"""Nothing that grows when it is unpacked."""

_Mark = tuple[int, int, int]
Roots = Callable[[], Sequence[x509.Certificate]]
"""Certificates that we trust; raises ``PkiFault``."""


@dataclass
class Source:
    """A file or an address, and what it has told."""

    place: str
    lists: tuple[ForeignList, ...] = ()
    certificates: tuple[x509.Certificate, ...] = ()
    """Those between the roots and the lists, if it holds them."""
    fault: str = ""
    """Why it could not be had or believed the last time; empty: it could."""
    due_s: float = 0.0
    seen: str = ""
    """Tells one content from another."""
    mark: _Mark = (0, 0, 0)
    """Of a file: changes when it is written or put in place."""

    @property
    def is_address(self) -> bool:
        return urlsplit(self.place).scheme in {"http", "https"}


@dataclass
class RevocationLists:
    """Knows whom other authorities have revoked."""

    places: Sequence[str]
    """Files and addresses."""
    roots: Roots
    """Who may issue certificates of stations."""
    folder: Path
    """For what came from addresses."""
    clock: Clock
    others: Roots = tuple
    """Who may issue lists, though no certificates of stations."""
    sources: list[Source] = field(init=False)
    _revoked_issuers: tuple[x509.Certificate, ...] = field(init=False, default=())

    def __post_init__(self) -> None:
        """Nothing is read yet.

        Raises:
            PkiFault: there are too many places, or one is no file and no address of HTTP.
        """
        if len(self.places) > SOURCES_MAX:
            raise PkiFault(f"more than {SOURCES_MAX} sources of revocation lists")
        for place in self.places:
            if "://" in place and urlsplit(place).scheme not in {"http", "https"}:
                raise PkiFault(f"{place}: revocation lists are in files, or at http(s)://")
        self.sources = [Source(place) for place in dict.fromkeys(self.places)]

    def is_revoked(self, certificate: x509.Certificate) -> bool:
        """Whether it is on a list, or its issuer is."""
        if any(each.has(certificate) for source in self.sources for each in source.lists):
            return True
        return any(has_issued(each, certificate) for each in self._revoked_issuers)

    async def load(self) -> None:
        """Know what the files say, and what addresses have said before. Asks nobody."""
        for source in self.sources:
            await self._load(source)
        for source in self.sources:
            if source.fault:  # the authority of its list may have been in a later file
                await self._load(source)

    async def look(self) -> bool:
        """Look at files, and ask addresses that are due; whether somebody may have been revoked."""
        changed = False
        for source in self.sources:
            if not source.is_address:
                changed |= await self._take_file(source, Path(source.place))
            elif self.clock.monotonic_s() >= source.due_s:
                changed |= await self._fetch(source)
        return changed

    async def _load(self, source: Source) -> None:
        if not source.is_address:
            await self._take_file(source, Path(source.place))
            return
        try:
            _, raw = await asyncio.to_thread(_read, self._kept(source))
        except FileNotFoundError:
            return  # nobody has asked there before
        except OSError as error:
            self._failed(source, f"{error.filename}: {error.strerror}")
            return
        await self._take(source, raw)

    async def _take_file(self, source: Source, path: Path) -> bool:
        try:
            known = (0, 0, 0) if source.fault else source.mark
            mark, raw = await asyncio.to_thread(_read, path, known)
        except OSError as error:
            return self._failed(source, error.strerror or "it cannot be read")
        if mark == known:
            return False
        source.mark = mark
        return await self._take(source, raw)

    async def _fetch(self, source: Source) -> bool:
        source.due_s = self.clock.monotonic_s() + FETCH_AGAIN_S
        try:
            async with asyncio.timeout(FETCH_S_MAX):
                raw = await _fetched(source.place)
        except (PkiFault, TimeoutError) as error:
            return self._failed(source, str(error) or "the list comes too slowly")
        changed = await self._take(source, raw)
        if not source.fault:
            source.due_s = self.clock.monotonic_s() + FETCH_EVERY_S
        if changed:
            try:
                self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                await asyncio.to_thread(write_private, self._kept(source), raw)
            except OSError as error:
                _log.warning("the list of %s is not kept: %s", source.place, error.strerror)
        return changed

    async def _take(self, source: Source, raw: bytes) -> bool:
        seen = hashlib.sha256(raw).hexdigest()
        if seen == source.seen and not source.fault:
            return False
        try:
            # Reading a long list takes seconds, which the stations shall not wait.
            roots = [*self.roots(), *self.others()]
            certificates, lists = await asyncio.to_thread(self._believed, source, raw, roots)
        except PkiFault as fault:
            return self._failed(source, str(fault))
        source.lists, source.certificates = tuple(lists), tuple(certificates)
        source.seen, source.fault = seen, ""
        self._note_issuers(roots)
        entries = sum(len(each.serial_numbers) for each in lists)
        _log.info("revocation list %s: %d certificates", source.place, entries)
        for each in lists:
            if each.is_outdated(self.clock.now()):
                _log.warning("revocation list %s: there should be a newer one", source.place)
        return True

    def _believed(
        self, source: Source, raw: bytes, roots: list[x509.Certificate]
    ) -> tuple[list[x509.Certificate], list[ForeignList]]:
        certificates, found = contents_of(raw)
        others = [one for each in self.sources if each is not source for one in each.certificates]
        candidates = [*roots, *certificates, *others]
        lists = [verified(each, candidates, roots, self.clock.now()) for each in found]
        for each in lists:
            for old in source.lists:
                same = fingerprint(old.issuer) == fingerprint(each.issuer)
                if same and old.this_update > each.this_update:
                    raise PkiFault(
                        f"an older list than the one of {old.this_update:%Y-%m-%d %H:%M}"
                    )
        return certificates, lists

    def _failed(self, source: Source, fault: str) -> bool:
        if fault != source.fault:
            _log.error("revocation list %s: %s", source.place, fault)
        source.fault = fault
        return False

    def _note_issuers(self, roots: list[x509.Certificate]) -> None:
        """Authorities that are revoked themselves: with them, all that they have issued."""
        known = [*roots, *(one for each in self.sources for one in each.certificates)]
        lists = [each for source in self.sources for each in source.lists]
        self._revoked_issuers = tuple(
            each for each in known if any(listed.has(each) for listed in lists)
        )

    def _kept(self, source: Source) -> Path:
        return self.folder / f"{hashlib.sha256(source.place.encode()).hexdigest()[:32]}.crl"


def _read(path: Path, known: _Mark = (0, 0, 0)) -> tuple[_Mark, bytes]:
    """The mark and the content of a file; no content if the mark is known."""
    with path.open("rb") as file:
        facts = os.fstat(file.fileno())
        mark = facts.st_ino, facts.st_mtime_ns, facts.st_size
        return mark, b"" if mark == known else file.read(LIST_BYTES_MAX + 1)


async def _fetched(url: str) -> bytes:
    """What is at an address. No redirect is followed: the operator has said where it is."""
    body = bytearray()
    try:
        async with (
            httpx.AsyncClient(timeout=TIMEOUT_S, follow_redirects=False) as client,
            client.stream("GET", url, headers=_PLAIN) as response,
        ):
            if response.status_code != httpx.codes.OK:
                raise PkiFault(f"the host answers {response.status_code}")
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > LIST_BYTES_MAX:
                    raise PkiFault(f"more than {LIST_BYTES_MAX} bytes of revocation lists")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise PkiFault(f"the host cannot be asked: {error}") from error
    return bytes(body)
