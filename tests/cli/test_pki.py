"""``chargeplane pki``, and the TLS ports that follow from it."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from chargeplane.cli.exits import Exit
from chargeplane.runtime.clock import SystemClock
from chargeplane.runtime.links import client_context
from chargeplane.runtime.pki import (
    Authority,
    KeyKind,
    Revocation,
    certificates_of_pem,
    common_name,
    der_of,
    is_for_names,
    pem_of,
)
from chargeplane.station import Station
from chargeplane.station.keystore import STATION
from chargeplane.station.signals import CertificateWanted
from tests.cli.calling import call, free_port, lines_until, ports, process, told
from tests.csms.certificates.authorities import Est, est_process
from tests.csms.certificates.est_server import PASSWORD, USER
from tests.runtime.pki.tokens import PIN, soft_token

LAST = "TLS"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder without an authority."""
    return tmp_path / "data"


def test_an_authority_is_made_once_shown_and_exported(data: Path, tmp_path: Path) -> None:
    made = call("pki", "init", "--organization", "Example Charging", data=data)
    assert made.exit_code == Exit.DONE
    again = call("pki", "init", data=data)
    assert (again.exit_code, "already" in again.output) == (Exit.REFUSED, True)
    shown = json.loads(call("pki", "show", "--json", data=data).stdout)
    assert [each["name"] for each in shown] == [
        "root", "csms", "station", "v2g", "mo", "manufacturer",
    ]  # fmt: skip
    assert {each["organization"] for each in shown} == {"Example Charging"}
    assert shown[0]["sha256"] in made.output
    assert "station" in call("pki", "show", data=data).stdout
    file = tmp_path / "root.pem"
    assert call("pki", "export", "--output", str(file), data=data).exit_code == Exit.DONE
    assert file.read_text() == call("pki", "export", data=data).stdout
    assert "PRIVATE" not in file.read_text()


def test_authorities_are_renewed_by_name(data: Path) -> None:
    assert call("pki", "renew", "root", data=data).exit_code == Exit.REFUSED
    call("pki", "init", data=data)
    before = {
        each["name"]: each for each in json.loads(call("pki", "show", "--json", data=data).stdout)
    }
    for name in ("root", "station"):
        assert call("pki", "renew", name, data=data).exit_code == Exit.DONE
    after = {
        each["name"]: each for each in json.loads(call("pki", "show", "--json", data=data).stdout)
    }
    changed = {name for name in after if after[name]["sha256"] != before[name]["sha256"]}
    assert changed == {"root", "station"}
    wrong = call("pki", "renew", "stations", data=data)
    assert (wrong.exit_code, "manufacturer" in wrong.output) == (Exit.REFUSED, True)


@pytest.mark.parametrize("word", ["show", "export"])
def test_without_an_authority_the_remedy_is_told(data: Path, word: str) -> None:
    answer = call("pki", word, data=data)
    assert answer.exit_code == Exit.REFUSED
    assert "chargeplane pki init" in answer.output


def test_another_secret_key_opens_no_authority(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    call("pki", "init", data=data)
    monkeypatch.setenv("CHARGEPLANE_SECRET_KEY", "A" * 43)
    answer = call("pki", "show", data=data)
    assert (answer.exit_code, "passphrase" in answer.output) == (Exit.REFUSED, True)


def test_the_keys_of_an_authority_are_made_in_a_token(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    soft = soft_token("of the command")
    assert call("pki", "init", "--pkcs11", data=data).exit_code == Exit.REFUSED
    monkeypatch.setenv("CHARGEPLANE_PKCS11_MODULE", soft.module)
    missing = call("pki", "init", "--pkcs11", data=data)
    assert missing.exit_code == Exit.USAGE
    assert "pkcs11_token" in missing.output
    monkeypatch.setenv("CHARGEPLANE_PKCS11_TOKEN", soft.label)
    monkeypatch.setenv("CHARGEPLANE_PKCS11_PIN", PIN)
    made = call("pki", "init", "--pkcs11", data=data)
    assert made.exit_code == Exit.DONE, made.output
    shown = json.loads(call("pki", "show", "--json", data=data).stdout)
    assert {each["key"].partition(";")[0] for each in shown} == {"pkcs11:token=of%20the%20command"}
    assert not [*(data / "pki").glob("*.key")]
    assert PIN not in made.output


def test_lists_of_other_authorities_are_shown_with_what_is_wrong(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert call("pki", "lists", data=data).exit_code == Exit.REFUSED
    now, day = SystemClock().now(), timedelta(days=1)
    root = Authority.new("their root", KeyKind.P256, now, 9 * day)
    (tmp_path / "roots.pem").write_text(pem_of([root.certificate]))
    listed = root.revocation_list([Revocation(7, now)], 1, now, day)
    (tmp_path / "root.crl").write_bytes(listed.public_bytes(Encoding.DER))
    monkeypatch.setenv("CHARGEPLANE_TLS_ROOTS", str(tmp_path / "roots.pem"))
    monkeypatch.setenv("CHARGEPLANE_CRL_SOURCES", str(tmp_path / "root.crl"))
    shown = call("pki", "lists", "--json", data=data)
    assert shown.exit_code == Exit.DONE
    (one,) = json.loads(shown.stdout)
    assert (one["issuer"], one["revoked"], one["fault"]) == ("their root", 1, None)
    monkeypatch.setenv("CHARGEPLANE_CRL_SOURCES", f"{tmp_path / 'root.crl'}, {tmp_path / 'no'}")
    shown = call("pki", "lists", "--json", data=data)
    assert shown.exit_code == Exit.REFUSED
    assert "No such file" in json.loads(shown.stdout)[1]["fault"]
    monkeypatch.setenv("CHARGEPLANE_CRL_SOURCES", "ftp://ca.example/")
    assert call("pki", "lists", data=data).exit_code == Exit.USAGE


def _serial_number(root: Path, port: int) -> str:
    """Of the certificate that a port shows."""
    context = client_context([der_of(certificates_of_pem(root.read_bytes())[0])])
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        context.wrap_socket(plain, server_hostname="localhost") as secure,
    ):
        certificate = secure.getpeercert()
        assert certificate is not None
        return str(certificate["serialNumber"])


def test_serve_opens_a_tls_port_and_takes_new_certificates_without_losing_a_station(
    data: Path, tmp_path: Path
) -> None:
    call("pki", "init", data=data)
    root = tmp_path / "root.pem"
    call("pki", "export", "--output", str(root), data=data)
    call("db", "upgrade", data=data)
    made = call("station", "add", "CP1", "--security-profile", "2", "--json", data=data)
    password = json.loads(made.stdout)["password"]
    secure = free_port()
    words = ("serve", "--data", str(data), *ports(), "--ocpp-tls-port", str(secure))

    async def live() -> None:
        station = Station("CP1", url=f"wss://localhost:{secure}/ocpp", password=password)
        pem = root.read_text()
        station.core.hub.keys.install("CSMSRootCertificate", pem, station.core.hub.time())
        async with station:
            before = await asyncio.to_thread(_serial_number, root, secure)
            for path in (data / "tls").glob("*.pem"):
                path.unlink()
            running.send_signal(signal.SIGHUP)
            now = before
            for _ in range(200):  # the signal is dealt with at some moment soon
                now = await asyncio.to_thread(_serial_number, root, secure)
                if now != before:
                    break
            assert now != before
            assert station.is_online

    with process(tmp_path, *words) as running:
        lines = lines_until(running, LAST)
        assert told(lines, "TLS") == f"wss://127.0.0.1:{secure}/ocpp/<station id>"
        asyncio.run(live())
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
    assert running.returncode == Exit.DONE


@pytest.fixture(scope="module")
def est(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Est]:
    """Another authority, in a process of its own."""
    with est_process(tmp_path_factory.mktemp("est")) as est:
        yield est


def settings_for(est: Est, folder: Path, roots: str = "root.pem") -> None:
    """A file in the working directory that names the other authority."""
    lines = {
        "est_url": est.url(),
        "est_roots": str(est.folder / "root.pem"),
        "est_user": USER,
        "tls_roots": str(est.folder / roots),
        "tls_certificate": str(est.folder / "server.pem"),
        "tls_key": str(est.folder / "server.key"),
    }
    text = "".join(f'{name} = "{value}"\n' for name, value in lines.items())
    (folder / "chargeplane.toml").write_text(text, encoding="utf-8")


def test_another_authority_is_asked_who_it_is_and_has_to_be_trusted(
    data: Path, tmp_path: Path, est: Est, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CHARGEPLANE_EST_PASSWORD", PASSWORD)
    assert "est_url is not set" in call("pki", "issuer", data=data).stderr
    settings_for(est, tmp_path)
    shown = call("pki", "issuer", "--json", data=data)
    assert shown.exit_code == Exit.DONE
    facts = json.loads(shown.stdout)
    assert [(each["common_name"], each["is_trusted"]) for each in facts] == [
        ("EST root", True),
        ("EST stations", False),
    ]
    settings_for(est, tmp_path, roots="other.pem")
    refused = call("pki", "issuer", data=data)
    assert (refused.exit_code, "tls_roots" in refused.stderr) == (Exit.REFUSED, True)


def test_settings_of_another_authority_that_cannot_work_are_all_told(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("EST_URL", "http://ca.example/est"),
        ("EST_USER", "chargeplane"),
        ("EST_CERTIFICATE", "own.pem"),
    ):
        monkeypatch.setenv(f"CHARGEPLANE_{name}", value)
    told = call("pki", "issuer", data=data)
    assert told.exit_code == Exit.USAGE
    for fault in ("est_url: write https", "est_key: ", "CHARGEPLANE_EST_PASSWORD"):
        assert fault in told.stderr
    monkeypatch.setenv("CHARGEPLANE_EST_URL", "https://ca.example/est")
    monkeypatch.setenv("CHARGEPLANE_EST_KEY", "own.key")
    monkeypatch.setenv("CHARGEPLANE_EST_PASSWORD", "x")
    assert "est_certificate: own.pem" in call("pki", "issuer", data=data).stderr
    monkeypatch.setenv("CHARGEPLANE_EST_ROOTS", str(tmp_path / "none.pem"))
    assert "est_roots: " in call("pki", "issuer", data=data).stderr


def test_a_served_station_gets_its_certificate_from_another_authority(
    data: Path, tmp_path: Path, est: Est
) -> None:
    settings_for(est, tmp_path)
    call("db", "upgrade", data=data)
    made = call("station", "add", "CP1", "--security-profile", "2", "--json", data=data)
    password = json.loads(made.stdout)["password"]
    secure = free_port()
    words = ("serve", "--data", str(data), *ports(), "--ocpp-tls-port", str(secure))

    async def live() -> str:
        station = Station("CP1", url=f"wss://localhost:{secure}/ocpp", password=password)
        pem = (est.folder / "root.pem").read_text()
        station.core.hub.keys.install("CSMSRootCertificate", pem, station.core.hub.time())
        async with asyncio.timeout(20), station:
            station.act(lambda core, now_s: core.hub.tell(CertificateWanted(STATION)))
            await station.until(lambda core: bool(core.hub.keys.own()))
            return common_name(station.core.hub.keys.own()[0].issuer)

    with process(tmp_path, *words, CHARGEPLANE_EST_PASSWORD=PASSWORD) as running:
        lines_until(running, LAST)
        assert asyncio.run(live()) == "EST stations"
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
    assert running.returncode == Exit.DONE


def test_a_lowest_profile_that_wants_tls_without_certificates_is_refused(
    data: Path, tmp_path: Path
) -> None:
    words = ("serve", "--data", str(data), *ports(), "--min-security-profile", "2")
    with process(tmp_path, *words) as running:
        _, errors = running.communicate(timeout=30)
    assert running.returncode == Exit.REFUSED
    assert "chargeplane pki init" in errors


def test_the_certificate_of_the_port_has_the_names_of_the_settings_and_is_kept_while_it_has(
    data: Path, tmp_path: Path
) -> None:
    call("pki", "init", data=data)
    words = ("serve", "--data", str(data), *ports(), "--ocpp-tls-port", str(free_port()))
    chain = data / "tls" / "ecdsa.pem"

    def shown_with(*more: str) -> bytes:
        with process(tmp_path, *words, *more) as running:
            lines_until(running, LAST)
            running.send_signal(signal.SIGTERM)
            running.communicate(timeout=20)
        return chain.read_bytes()

    first = shown_with()
    assert shown_with() == first
    renamed = shown_with("--tls-names", "cp.example, 192.0.2.7")
    leaf = certificates_of_pem(renamed)[0]
    assert is_for_names(leaf, ["cp.example", "192.0.2.7", "127.0.0.1", "localhost"])
    assert not is_for_names(leaf, ["cp.example", "127.0.0.1", "localhost"])


def test_the_ports_are_for_their_profiles_alone(data: Path, tmp_path: Path) -> None:
    call("pki", "init", data=data)
    legacy = free_port()
    words = (
        *("serve", "--data", str(data), *ports(), "--ocpp-tls-port", str(free_port())),
        *("--ocpp-legacy-tls-port", str(legacy), "--min-security-profile", "2"),
    )
    with process(tmp_path, *words) as running:
        lines = lines_until(running, "Legacy TLS")
        assert not [line for line in lines if "ws://" in line]
        assert str(legacy) in told(lines, "Legacy TLS")
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=20)
