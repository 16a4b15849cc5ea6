"""An authority that speaks EST, as a process of its own: good ones and bad ones, by label.

``python -m tests.csms.certificates.est_server FOLDER`` makes its certificates in the folder, and
prints its port when it serves. Labels are below ``/.well-known/est/``; see ``Answer.enrolled``.
"""

from __future__ import annotations

import base64
import ssl
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.pki import (
    Authority,
    Issued,
    KeyKind,
    Purpose,
    common_name,
    new_key,
    pem_of,
    pem_of_key,
)

USER, PASSWORD = "chargeplane", "the-word-for-the-authority"
DAY = timedelta(days=1)
PENDING_ANSWERS = 2


class Sent(NamedTuple):
    """An answer."""

    status: int
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class World:
    """The authorities of the process."""

    root: Authority
    stations: Authority
    other: Authority
    pending: Counter[str]

    @classmethod
    def new(cls) -> World:
        now = SystemClock().now()
        root = Authority.new("EST root", KeyKind.P256, now, 100 * DAY, "Operator")
        other = Authority.new("another root", KeyKind.P256, now, 100 * DAY, "Operator")
        stations = root.sub("EST stations", KeyKind.P256, now, 50 * DAY)
        return cls(root, stations, other, Counter())

    def server(self, folder: Path) -> ssl.SSLContext:
        """Its own TLS, and the certificate of a client that it knows."""
        now = SystemClock().now()
        for name, purpose in (("server", Purpose.SERVER), ("client", Purpose.STATION)):
            key = new_key()
            issued = self.stations.issue(
                key.public_key(), "localhost", purpose, now, DAY, names=["127.0.0.1"]
            )
            (folder / f"{name}.pem").write_bytes(issued.pem)
            (folder / f"{name}.key").write_bytes(pem_of_key(key))
        (folder / "root.pem").write_text(pem_of([self.root.certificate]))
        (folder / "other.pem").write_text(pem_of([self.other.certificate]))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        context.load_verify_locations(folder / "root.pem")
        context.verify_mode = ssl.CERT_OPTIONAL
        return context

    def enrolled(self, label: str, request: x509.CertificateSigningRequest) -> Sent:
        """What this label answers to a request."""
        self.pending[label] += 1
        if label == "always-pending" or (
            label == "pending" and self.pending[label] <= PENDING_ANSWERS
        ):
            return Sent(202, b"", {"Retry-After": "0"})
        if label == "refused":
            return Sent(400, b"this name\x1b[31m is not\n of ours", {})
        if label == "page":
            return Sent(200, b"<html>welcome</html>", {})
        if label == "huge":
            return Sent(200, b"A" * 1_000_000, {})
        if label == "elsewhere":
            return Sent(302, b"", {"Location": "/.well-known/est/good/simpleenroll"})
        return Sent(200, certs_only([self.issued(label, request)]), {})

    def issued(self, label: str, request: x509.CertificateSigningRequest) -> x509.Certificate:
        now, key, name = SystemClock().now(), request.public_key(), common_name(request.subject)
        assert isinstance(key, ec.EllipticCurvePublicKey | rsa.RSAPublicKey)
        if label == "authority":
            return (
                x509.CertificateBuilder(
                    self.stations.certificate.subject, request.subject, key, 4711, now, now + DAY
                )
                .add_extension(x509.BasicConstraints(True, 0), critical=True)
                .sign(self.stations.key, hashes.SHA256())
            )
        if label == "other-key":
            key = new_key().public_key()
        authority = self.other if label == "other-root" else self.stations
        issued: Issued = authority.issue(
            key,
            "CP2" if label == "other-name" else name,
            Purpose.STATION,
            now - 2 * DAY if label == "expired" else now,
            DAY,
            organization="Somebody" if label == "other-operator" else "",
        )
        return issued.certificate


def certs_only(certificates: Sequence[x509.Certificate]) -> bytes:
    der = pkcs7.serialize_certificates(list(certificates), Encoding.DER)
    return base64.encodebytes(der)


def handler(world: World) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        """One connection."""

        def do_GET(self) -> None:
            above = [world.stations.certificate, world.root.certificate]
            self.say(Sent(200, certs_only(above), {}))

        def do_POST(self) -> None:
            *_, label, what = self.path.split("/")
            raw = base64.b64decode(self.rfile.read(int(self.headers["Content-Length"])))
            if what != "simpleenroll" or self.headers["Content-Type"] != "application/pkcs10":
                self.say(Sent(404, b"", {}))
            elif not self.is_known(label):
                self.say(Sent(401, b"", {"WWW-Authenticate": 'Basic realm="est"'}))
            else:
                request = x509.load_der_x509_csr(raw)
                assert request.is_signature_valid
                self.say(world.enrolled(label, request))

        def is_known(self, label: str) -> bool:
            assert isinstance(self.connection, ssl.SSLSocket)
            if label == "by-certificate":
                return bool(self.connection.getpeercert())
            wanted = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
            return self.headers["Authorization"] == f"Basic {wanted}"

        def say(self, sent: Sent) -> None:
            self.send_response(sent.status)
            for name, value in sent.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/pkcs7-mime; smime-type=certs-only")
            self.send_header("Content-Length", str(len(sent.body)))
            self.end_headers()
            self.wfile.write(sent.body)

        def log_message(self, *_: object) -> None:
            """It says nothing."""

    return Handler


def main() -> None:
    """Serve until killed."""
    world = World.new()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(world))
    server.socket = world.server(Path(sys.argv[1])).wrap_socket(server.socket, server_side=True)
    sys.stdout.write(f"{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main()
