"""Updates go their way through all states, in every version, and fail where they should."""

from __future__ import annotations

from base64 import b64encode
from datetime import timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from chargeplane.domain.tokens import IdToken
from chargeplane.ocpp import v16, v21
from chargeplane.station.firmware.images import image
from chargeplane.station.signals.files import DownloadWanted, FirmwareFaultWanted
from tests.station.central import START
from tests.station.stage import Stage, online

GOOD = image("2.0.0", b"x" * 1_000)
WAY = ["Downloading", "Downloaded", "Installing", "InstallRebooting", "Installed"]
SIGNED = [*WAY[:2], "SignatureVerified", *WAY[2:]]
Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def certificate(key: Key, days: int = 30) -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "firmware")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(START - timedelta(days=60))
        .not_valid_after(START + timedelta(days=days))
        .sign(key, SHA256())
    )
    return made.public_bytes(Encoding.PEM).decode()


def signature(key: Key, data: bytes) -> str:
    if isinstance(key, rsa.RSAPrivateKey):
        pss = padding.PSS(padding.MGF1(SHA256()), padding.PSS.DIGEST_LENGTH)
        return b64encode(key.sign(data, pss, SHA256())).decode()
    return b64encode(key.sign(data, ec.ECDSA(SHA256()))).decode()


class Server:
    """Gives what is downloaded, one answer after the other; the last one again and again."""

    def __init__(self, stage: Stage, *answers: bytes | str) -> None:
        self.stage, self.answers, self.asked = stage, list(answers), 0
        stage.core.hub.hears(DownloadWanted, self._on_wanted)

    def _on_wanted(self, wanted: DownloadWanted) -> None:
        answer = self.answers[min(self.asked, len(self.answers) - 1)]
        self.asked += 1
        self.stage.core.hub.after(2, f"download {self.asked}", lambda: wanted.done(answer))


def update(stage: Stage, *, key: Key | None = None, data: bytes = GOOD, **said: Any) -> str:
    """Ask for an update; the status of the answer."""
    request: Any
    when, retries = said.get("retrieve", START), said.get("retries", 0)
    if stage.core.is_1x and key is None:
        request = v16.UpdateFirmwareRequest(
            retrieve_date=when, location="http://x/fw", retries=retries, retry_interval=10
        )
    else:
        module: Any = v16 if stage.core.is_1x else v21
        signs = (
            {}
            if key is None
            else {
                "signing_certificate": said.get("certificate", certificate(key)),
                "signature": signature(key, data),
            }
        )
        if "install" in said:
            signs["install_date_time"] = said["install"]
        firmware = module.FirmwareType(location="http://x/fw", retrieve_date_time=when, **signs)
        kind = (
            module.SignedUpdateFirmwareRequest if stage.core.is_1x else module.UpdateFirmwareRequest
        )
        request = kind(request_id=7, firmware=firmware, retries=retries, retry_interval=10)
    answer = stage.ask(request)
    return str(getattr(answer, "status", "Accepted"))


def told(stage: Stage) -> list[str]:
    kinds = (
        v16.FirmwareStatusNotificationRequest,
        v16.SignedFirmwareStatusNotificationRequest,
        v21.FirmwareStatusNotificationRequest,
    )
    return [each.status.value for each in stage.central.heard if isinstance(each, kinds)]


def reboot(stage: Stage) -> Stage:
    """Wait until the station goes down, and let it come back."""
    stage.wait(30)
    if stage.core.wants_to_hang_up:
        stage.disconnect()
        stage.wait(2)
        stage.connect()
    return stage.wait(5)


@pytest.mark.parametrize("version", ["1.5", "1.6", "2.0.1", "2.1"])
def test_an_update_goes_its_way_and_the_station_boots_with_the_new_version(version: str) -> None:
    stage = online(version)
    Server(stage, GOOD)
    assert update(stage) == "Accepted"
    reboot(stage)
    plain = [each for each in WAY if each != "InstallRebooting"]
    words = {"1.5": ["Downloaded", "Installed"], "1.6": plain}
    assert told(stage) == words.get(version, WAY)
    boot = [each for each in stage.central.heard if "BootNotification" in type(each).__name__][-1]
    assert "2.0.0" in repr(boot)


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_a_signed_image_is_verified_with_its_certificate(version: str, kind: str) -> None:
    key: Key = (
        rsa.generate_private_key(65537, 2048)
        if kind == "rsa"
        else ec.generate_private_key(ec.SECP256R1())
    )
    stage = online(version)
    Server(stage, GOOD)
    assert update(stage, key=key) == "Accepted"
    assert told(reboot(stage)) == SIGNED
    other = online(version)
    Server(other, image("6.6.6"))
    update(other, key=key)
    assert told(reboot(other)) == [*WAY[:2], "InvalidSignature"]
    events = (v16.SecurityEventNotificationRequest, v21.SecurityEventNotificationRequest)
    assert any(isinstance(each, events) for each in other.central.heard)
    old = certificate(key, days=-1)
    assert update(other, key=key, certificate=old) == "InvalidCertificate"


def test_a_wrong_checksum_is_found_before_installing() -> None:
    stage = online("2.1")
    Server(stage, GOOD[:-1])
    update(stage)
    assert told(reboot(stage)) == [*WAY[:2], "InstallVerificationFailed"]


@pytest.mark.parametrize("version", ["1.6", "2.1"])
def test_downloads_are_tried_again_as_often_as_wanted(version: str) -> None:
    stage = online(version)
    server = Server(stage, "refused", "refused", GOOD)
    update(stage, retries=2)
    reboot(stage.wait(30))
    assert server.asked == 3
    assert told(stage)[-1] == "Installed"
    other = online(version)
    server = Server(other, "refused")
    update(other, retries=2)
    other.wait(60)
    assert (server.asked, told(other)[-1]) == (3, "DownloadFailed")


@pytest.mark.parametrize(
    ("at", "last"),
    [
        ("Downloading", "DownloadFailed"),
        ("SignatureVerified", "InstallVerificationFailed"),
        ("Installing", "InstallationFailed"),
        ("InstallRebooting", "InstallationFailed"),
        ("DownloadPaused", "Installed"),
    ],
)
def test_it_fails_where_somebody_wants_it_to(at: str, last: str) -> None:
    stage = online("2.1")
    Server(stage, GOOD)
    stage.core.want(FirmwareFaultWanted(at), stage.now_s)
    update(stage)
    assert told(reboot(stage))[-1] == last
    assert ("DownloadPaused" in told(stage)) == (at == "DownloadPaused")


def test_it_waits_for_its_times_and_for_the_end_of_transactions() -> None:
    stage = online("2.1")
    Server(stage, GOOD)
    stage.plug_in(1)
    stage.wait(1).tap()
    update(stage, retrieve=START + timedelta(seconds=60), install=START + timedelta(seconds=120))
    assert told(stage.wait(200)) == ["DownloadScheduled", *WAY[:2], "InstallScheduled"]
    stage.tap()
    assert told(reboot(stage))[-3:] == WAY[2:]


def statuses(stage: Stage, evse_id: int) -> list[str]:
    """What was told of an EVSE since the station registered."""
    found = []
    for each in stage.central.heard:
        if isinstance(each, v16.StatusNotificationRequest) and each.connector_id == evse_id:
            found.append(each.status.value)
        elif isinstance(each, v21.StatusNotificationRequest) and each.evse_id == evse_id:
            found.append(each.connector_status.value)
    return found


def waiting(version: str, **settings: str) -> Stage:
    """An update waits for the transaction on EVSE 1."""
    stage = online(version, variables=settings)
    Server(stage, GOOD)
    stage.plug_in(1)
    stage.wait(1).tap()
    update(stage)
    return stage.wait(60)


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_nobody_else_may_begin_while_it_waits_for_a_transaction(version: str) -> None:
    stage = waiting(version)
    assert told(stage)[-1] == ("Downloaded" if version == "1.6" else "InstallScheduled")
    assert statuses(stage, 2) == ["Unavailable"]
    stage.plug_in(2)
    stage.tap(IdToken("OTHER"), 2)
    assert stage.core.evse(2).transaction is None
    assert statuses(stage, 1)[-1] not in {"Unavailable", "Available"}
    stage.unplug(2)
    stage.tap()
    assert statuses(stage, 1)[-1] == "Unavailable"
    reboot(stage)
    assert told(stage)[-1] == "Installed"
    assert statuses(stage, 2)[-1] == "Available"


def test_others_may_begin_meanwhile_if_that_is_configured() -> None:
    allowed = {"ChargingStation.AllowNewSessionsPendingFirmwareUpdate": "true"}
    stage = waiting("2.1", **allowed)
    assert "Unavailable" not in statuses(stage, 2)
    stage.plug_in(2)
    stage.tap(IdToken("OTHER"), 2)
    assert stage.core.evse(2).transaction is not None


def test_a_start_from_afar_is_refused_until_the_update_has_failed() -> None:
    stage = waiting("2.1")
    stage.core.want(FirmwareFaultWanted("Installing"), stage.now_s)
    token = v21.IdTokenType(id_token="OTHER", type="Central")
    start = v21.RequestStartTransactionRequest(id_token=token, remote_start_id=1, evse_id=2)
    rejected = v21.RequestStartStopStatusEnumType.REJECTED
    answer = stage.ask(start)
    assert isinstance(answer, v21.RequestStartTransactionResponse)
    assert answer.status is rejected
    stage.tap().wait(20)
    assert told(stage)[-1] == "InstallationFailed"
    assert statuses(stage, 2) == ["Unavailable", "Available"]
    answer = stage.ask(start)
    assert isinstance(answer, v21.RequestStartTransactionResponse)
    assert answer.status is not rejected


def test_a_second_update_cancels_the_first() -> None:
    stage = online("2.1")
    server = Server(stage, GOOD)
    update(stage)
    assert update(stage) == "AcceptedCanceled"
    reboot(stage)
    assert server.asked == 2
    assert told(stage).count("Installed") == 1


def test_an_update_goes_on_after_a_power_cut_and_in_another_program() -> None:
    stage = online("2.1")
    Server(stage, GOOD)
    update(stage, retrieve=START + timedelta(seconds=60))
    again = Stage("2.1", memory=stage.core.hub.memory)
    Server(again, GOOD)
    again.connect().wait(70)
    assert told(reboot(again))[-1] == "Installed"


def test_its_status_is_told_when_it_is_asked_for() -> None:
    stage = online("2.1")
    request = v21.TriggerMessageRequest(
        requested_message=v21.MessageTriggerEnumType.FIRMWARE_STATUS_NOTIFICATION
    )
    stage.ask(request)
    Server(stage, GOOD)
    update(stage, retrieve=START + timedelta(seconds=60))
    stage.ask(request)
    assert told(stage) == ["Idle", "DownloadScheduled", "DownloadScheduled"]
