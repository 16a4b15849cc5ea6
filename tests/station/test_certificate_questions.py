"""Contract certificates and revocation: what the station asks, and what it makes of the answers."""

from __future__ import annotations

from datetime import timedelta

import pytest
from cryptography import x509

from chargeplane.ocpp import v21
from chargeplane.ocpp.errors import ErrorCode
from chargeplane.ocpp.wire import Request, Response
from chargeplane.runtime.pki import Authority, KeyKind, Purpose, new_key
from chargeplane.station.signals.certificates import ContractWanted, Revocation, RevocationWanted
from tests.station.central import START
from tests.station.stage import Stage, online

DAY = timedelta(days=1)


def chain() -> tuple[x509.Certificate, x509.Certificate]:
    root = Authority.new("Root", KeyKind.P256, START - DAY, 10 * DAY)
    leaf = root.issue(
        new_key().public_key(),
        "DE-ABC-C12345678-9",
        Purpose.STATION,
        START - DAY,
        5 * DAY,
        ocsp_url="http://ocsp.example/",
    )
    return leaf.certificate, root.certificate


def revocations(stage: Stage, *, of_vehicle: bool) -> list[Revocation]:
    found: list[list[Revocation]] = []
    wanted = RevocationWanted(chain(), found.append, of_vehicle=of_vehicle)
    stage.core.want(wanted, stage.now_s)
    stage.carry()
    (only,) = found
    return only


def test_a_vehicle_gets_the_answer_to_what_it_asked() -> None:
    stage, told = online("2.1"), list[str]()
    stage.central.responds = lambda request: (
        v21.Get15118EVCertificateResponse(
            status=v21.Iso15118EVCertificateStatusEnumType.ACCEPTED, exi_response="YW5zd2Vy"
        )
        if isinstance(request, v21.Get15118EVCertificateRequest)
        else None
    )
    stage.core.want(ContractWanted("cXVlc3Rpb24=", told.append, is_update=True), stage.now_s)
    stage.carry()
    (asked,) = stage.central.all(v21.Get15118EVCertificateRequest)
    assert asked.action is v21.CertificateActionEnumType.UPDATE
    assert (asked.exi_request, told) == ("cXVlc3Rpb24=", ["YW5zd2Vy"])
    stage.disconnect()
    stage.core.want(ContractWanted("cXVlc3Rpb24=", told.append), stage.now_s)
    assert told == ["YW5zd2Vy", ""]


@pytest.mark.parametrize(("version", "of_vehicle"), [("2.0.1", True), ("2.1", False)])
def test_certificates_are_asked_about_one_by_one(version: str, of_vehicle: bool) -> None:
    stage = online(version)

    def responds(request: Request) -> Response | ErrorCode | None:
        if isinstance(request, v21.GetCertificateStatusRequest):
            status = v21.GetCertificateStatusEnumType.ACCEPTED
            return v21.GetCertificateStatusResponse(status=status, ocsp_result="MAMKAQA=")
        return None

    stage.central.responds = responds
    (found,) = revocations(stage, of_vehicle=of_vehicle)
    (asked,) = stage.central.all(v21.GetCertificateStatusRequest)
    assert asked.ocsp_request_data.responder_url == "http://ocsp.example/"
    assert asked.ocsp_request_data.serial_number == found.serial_number
    assert (found.status, found.answer) == ("Good", "MAMKAQA=")


def test_the_chain_of_a_vehicle_is_asked_about_at_once_in_2_1() -> None:
    stage = online("2.1")

    def responds(request: Request) -> Response | ErrorCode | None:
        if isinstance(request, v21.GetCertificateChainStatusRequest):
            (one,) = request.certificate_status_requests
            status = v21.CertificateStatusType(
                certificate_hash_data=one.certificate_hash_data,
                source=one.source,
                status=v21.CertificateStatusEnumType.REVOKED,
                next_update=START,
            )
            return v21.GetCertificateChainStatusResponse(certificate_status=[status])
        return None

    stage.central.responds = responds
    (found,) = revocations(stage, of_vehicle=True)
    assert found.status == "Revoked"


def test_nobody_can_say_anything_without_a_connection() -> None:
    stage = online("2.1").disconnect()
    (found,) = revocations(stage, of_vehicle=True)
    assert found.status == "Failed"
