"""Bytes from the network -> a small tree of XML elements, or one refusal.

libxml2 only reports what it sees; the tree is built here, so every bound holds while the document
is being read and not after it was believed. A document type declaration ends the reading at once:
without one there are no entities to expand and nothing to fetch, and SOAP 1.2 forbids it anyway
(Part 1, section 5).
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from typing import Any, NoReturn

from lxml import etree

from chargeplane.ocpp.errors import ErrorCode, LocalError
from chargeplane.ocpp.soap.faults import EnvelopeError

__all__ = ["LIMITS", "Limits", "Node", "compress", "inflate", "parse_tree", "unpadded"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a body may cost before it is refused."""

    body_bytes_max: int = 1 << 20
    """As received, so compressed if it is."""
    inflated_bytes_max: int = 4 << 20
    depth_max: int = 32
    elements_max: int = 50_000
    header_length_max: int = 2000
    """Characters of one header: identities, message ids and addresses are kept and sent back."""


LIMITS = Limits()


class Node:
    """An element: names without prefixes, the text directly inside it, its children in order."""

    __slots__ = ("attributes", "children", "name", "namespace", "parts")

    def __init__(self, tag: str, attributes: dict[str, str]) -> None:
        self.namespace, self.name = split(tag)
        self.attributes = attributes
        """A name from a namespace is written ``{namespace}name``."""
        self.children: list[Node] = []
        self.parts: list[str] = []

    @property
    def text(self) -> str:
        """The character data directly inside the element."""
        return "".join(self.parts)

    def find(self, *names: str) -> Node | None:
        """The first descendant along these local names, in any namespace."""
        node: Node | None = self
        for name in names:
            node = next((c for c in node.children if c.name == name), None) if node else None
        return node


def split(tag: str) -> tuple[str, str]:
    """``{namespace}name`` -> namespace (empty if there is none) and local name."""
    if not tag.startswith("{"):
        return "", tag
    namespace, _, name = tag[1:].partition("}")
    return namespace, name


class _Builder:
    """Receives the events of the parser; an exception raised here ends the parsing."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: list[Node] = []
        self._root: Node | None = None
        self._elements = 0

    def doctype(self, name: str, pubid: str | None, system: str | None) -> NoReturn:
        raise _refusal("a document type declaration is not allowed")

    def start(self, tag: str, attrib: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > self._limits.elements_max:
            raise _refusal(f"more than {self._limits.elements_max} elements")
        if len(self._open) >= self._limits.depth_max:
            raise _refusal(f"elements nested deeper than {self._limits.depth_max}")
        node = Node(tag, dict(attrib))
        if self._open:
            self._open[-1].children.append(node)
        else:
            self._root = node
        self._open.append(node)

    def end(self, tag: str) -> None:
        self._open.pop()

    def data(self, data: str) -> None:
        self._open[-1].parts.append(data)

    def close(self) -> Node | None:
        return self._root


def unpadded(text: bytes) -> bytes:
    """The text without the NUL bytes of a buffer behind it; UTF-16 has such bytes of its own."""
    end = text.rstrip(b"\0\t\n\r ")
    return end if b"\0" in text[len(end) :] and b"\0" not in end else text


def parse_tree(text: bytes, limits: Limits) -> Node:
    """The root element of an XML document.

    Raises:
        EnvelopeError: it is no XML, has a document type declaration, or breaks a limit.
    """
    if text.lstrip().startswith(b"<?xml"):
        text = text.lstrip()  # some stations begin with an empty line
    target: Any = _Builder(limits)  # its type stub demands methods that are optional
    parser = etree.XMLParser(
        target=target,
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
    )
    try:
        root = etree.fromstring(text, parser)
    except (etree.LxmlError, ValueError, LookupError) as error:
        raise _refusal(f"not XML: {str(error)[:200]}") from error
    if not isinstance(root, Node):
        raise _refusal("no XML element")
    return root


# How zlib finds the header of each coding of RFC 9110, 8.4.1.
_GZIP_BITS, _ZLIB_BITS, _RAW_BITS = 31, 15, -15
_IDENTITY = frozenset({"", "identity"})
_GZIP = frozenset({"gzip", "x-gzip"})


def inflate(body: bytes, content_encoding: str | None, limits: Limits = LIMITS) -> bytes:
    """The body without its content coding: gzip, deflate (with or without zlib header), identity.

    Raises:
        EnvelopeError: it is too large before or after, damaged, or of another coding.
    """
    if len(body) > limits.body_bytes_max:
        raise _refusal(f"the body has more than {limits.body_bytes_max} bytes")
    coding = (content_encoding or "").strip().lower()
    if coding in _IDENTITY:
        text = body
    elif coding in _GZIP:
        text = _unzip(body, _GZIP_BITS, limits)
    elif coding == "deflate":
        text = _unzip(body, _ZLIB_BITS if _has_zlib_header(body) else _RAW_BITS, limits)
    else:
        raise EnvelopeError(
            ErrorCode.NOT_SUPPORTED, f"the content coding {coding[:40]!r} is not supported"
        )
    if len(text) > limits.inflated_bytes_max:
        raise _refusal(f"the body has more than {limits.inflated_bytes_max} bytes inflated")
    return text


def _has_zlib_header(body: bytes) -> bool:
    """RFC 1950, 2.2: method 8, and a check that makes the first two bytes a multiple of 31."""
    return len(body) > 1 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0


def _unzip(body: bytes, bits: int, limits: Limits) -> bytes:
    unzipper = zlib.decompressobj(bits)
    try:
        text = unzipper.decompress(body, limits.inflated_bytes_max + 1)
    except zlib.error as error:
        raise _refusal(f"damaged compression: {error}") from error
    if len(text) <= limits.inflated_bytes_max:
        if not unzipper.eof:
            raise _refusal("the compressed body ends too early")
        if unzipper.unused_data:
            raise _refusal("bytes follow the compressed body")
    return text


def compress(body: bytes, content_encoding: str) -> bytes:
    """The body in the content coding ``gzip`` or ``deflate``.

    Raises:
        LocalError: it is another coding.
    """
    bits = {"gzip": _GZIP_BITS, "deflate": _ZLIB_BITS}.get(content_encoding)
    if bits is None:
        raise LocalError(ErrorCode.NOT_SUPPORTED, f"no content coding {content_encoding!r}")
    zipper = zlib.compressobj(wbits=bits)
    return zipper.compress(body) + zipper.flush()


def _refusal(text: str) -> EnvelopeError:
    return EnvelopeError(ErrorCode.FORMAT_VIOLATION, text)
