"""Every message of every version survives the way through XML, in the form of the WSDL."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from chargeplane.ocpp import v12, v15, v16
from chargeplane.ocpp.errors import ErrorCode, LocalError, RemoteError
from chargeplane.ocpp.soap import (
    NOT_IN_SOAP,
    Service,
    namespace_of,
    operations,
    parse_envelope,
    request_envelope,
    response_envelope,
    wsdl,
)
from chargeplane.ocpp.versions import Role, Version
from chargeplane.ocpp.wire import Request
from tests.ocpp.soap.envelopes import envelope, from_station, payload_envelope
from tests.ocpp.soap.samples import OPERATIONS, payloads, plain, request_of, response_of, sample

CS, CP = Service.CENTRAL_SYSTEM, Service.CHARGE_POINT
NOON = datetime(2026, 2, 28, 12, tzinfo=UTC)


def write_request(message: Request, service: Service) -> bytes:
    return request_envelope(
        message,
        service=service,
        charge_box_identity="CB 1",
        message_id="urn:uuid:1",
        to="http://to/",
    )


@cache
def xml_schema(version: Version, service: Service) -> etree.XMLSchema:
    root = etree.fromstring(wsdl(version, service, "http://here/"))
    schema = root.find(".//{http://www.w3.org/2001/XMLSchema}schema")
    assert schema is not None
    return etree.XMLSchema(etree.fromstring(etree.tostring(schema)))  # with its prefixes


def assert_valid(body: bytes, version: Version, service: Service) -> None:
    content = etree.fromstring(body).find("{*}Body")
    assert content is not None
    xml_schema(version, service).assertValid(content[0])


@st.composite
def exchanges(draw: st.DrawFn) -> tuple[Version, Service, str, dict[str, Any], dict[str, Any]]:
    version, service, name = draw(st.sampled_from(OPERATIONS))
    request = draw(payloads(version, f"{name}Request"))
    return version, service, name, request, draw(payloads(version, f"{name}Response"))


@given(exchanges())
@settings(max_examples=150, deadline=None)
def test_every_valid_message_comes_back_as_it_was_and_satisfies_the_xml_schema(
    exchange: tuple[Version, Service, str, dict[str, Any], dict[str, Any]],
) -> None:
    version, service, name, request, response = exchange
    body = write_request(request_of(version, name, request), service)
    assert_valid(body, version, service)
    read = parse_envelope(body)
    assert (read.version, read.service, read.is_request) == (version, service, True)
    assert plain(read.message()) == plain(request)

    answer = response_of(version, name, response)
    body = response_envelope(answer, service=service, relates_to="urn:uuid:1", message_id="2")
    assert_valid(body, version, service)
    read = parse_envelope(body)
    assert (read.version, read.service, read.is_request) == (version, service, False)
    assert plain(read.message()) == plain(response)


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("version", "service", "name"), OPERATIONS)
def test_the_smallest_and_the_largest_message_of_every_operation_survive(
    version: Version, service: Service, name: str, full: bool
) -> None:
    request = sample(version, f"{name}Request", full=full)
    body = write_request(request_of(version, name, request), service)
    assert_valid(body, version, service)
    assert plain(parse_envelope(body).message()) == plain(request)


def test_elements_count_in_any_order_and_any_namespace() -> None:
    body = payload_envelope(
        "statusNotificationRequest",
        "<errorCode xmlns='urn:else'>NoError</errorCode><cs:status>Available</cs:status>"
        "<cs:connectorId> +01\n</cs:connectorId>",
    )
    message = parse_envelope(body).message()
    assert message == v15.StatusNotificationRequest(
        connector_id=1,
        status=v15.ChargePointStatus.AVAILABLE,
        error_code=v15.ChargePointErrorCode.NO_ERROR,
    )


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("1", True), ("false", False), (" 0 ", False)]
)
def test_a_boolean_has_four_spellings(text: str, value: bool) -> None:
    body = payload_envelope(
        "getConfigurationResponse",
        f"<cs:configurationKey><cs:key>k</cs:key><cs:readonly>{text}</cs:readonly>"
        "</cs:configurationKey>",
        service=CP,
    )
    assert parse_envelope(body).message() == v15.GetConfigurationResponse(
        configuration_key=[v15.KeyValue(key="k", readonly=value)]
    )


def test_a_1_5_value_has_its_number_as_text_and_the_rest_as_attributes() -> None:
    value = v15.Value(value="12", unit=v15.UnitOfMeasure.AMP, location=v15.Location.INLET)
    message = v15.MeterValuesRequest(
        connector_id=0, values=[v15.MeterValue(timestamp=NOON, value=[value])]
    )
    body = write_request(message, CS)
    assert b'<cs:value location="Inlet" unit="Amp">12</cs:value>' in body
    assert parse_envelope(body).message() == message


def test_an_empty_element_is_an_empty_message() -> None:
    assert (
        parse_envelope(from_station("<cs:heartbeatRequest/>")).message() == v15.HeartbeatRequest()
    )
    body = write_request(v12.HeartbeatRequest(), CS)
    assert b"<cs:heartbeatRequest/>" in body


def test_a_payload_with_faults_stays_readable_for_repairs() -> None:
    body = payload_envelope(
        "startTransactionRequest",
        "<cs:connectorId>1.0</cs:connectorId><cs:idTag>A</cs:idTag><cs:idTag>B</cs:idTag>"
        "<cs:timestamp> 2026-02-28T12:00:00 </cs:timestamp><cs:meterStart/>"
        "<cs:extra><a>1</a></cs:extra>"
        "<cs:reservationId xsi:nil='true' xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance'/>"
        "stray",
        attributes="colour='red'",
    )
    envelope = parse_envelope(body)
    assert envelope.payload == {
        "@colour": "red",
        "#text": "stray",
        "connectorId": "1.0",
        "idTag": ["A", "B"],
        "timestamp": "2026-02-28T12:00:00",
        "meterStart": "",
        "extra": {"a": "1"},
        "reservationId": None,
    }
    with pytest.raises(RemoteError) as caught:
        envelope.message()
    faults = "".join(caught.value.details["violations"])
    for place in ("@colour", "#text", "connectorId", "idTag", "timestamp", "meterStart", "extra"):
        assert f"`$.{place}`" in faults


def test_a_number_with_endless_digits_is_a_fault_of_type() -> None:
    body = payload_envelope(
        "stopTransactionRequest", f"<cs:transactionId>{'9' * 5000}</cs:transactionId>"
    )
    with pytest.raises(RemoteError) as caught:
        parse_envelope(body).message()
    assert "`$.transactionId` is not an integer" in str(caught.value)


def test_1_6_may_leave_out_meter_values_in_soap() -> None:
    message = v16.MeterValuesRequest(connector_id=1, meter_value=[])
    body = write_request(message, CS)
    assert b"meterValue>" not in body
    assert parse_envelope(body).message() == message


def test_1_6_lists_that_the_wsdl_demands_are_never_written_empty() -> None:
    message = v16.MeterValuesRequest(
        connector_id=1, meter_value=[v16.MeterValue(timestamp=NOON, sampled_value=[])]
    )
    with pytest.raises(LocalError, match="`sampledValue` needs at least one element"):
        write_request(message, CS)


def test_1_6_numbers_are_32_bits_and_its_misspelt_unit_is_written_right() -> None:
    with pytest.raises(LocalError, match="`connectorId` is no 32-bit integer"):
        write_request(v16.UnlockConnectorRequest(connector_id=2**31), CP)
    sampled = v16.SampledValue(value="1", unit=v16.UnitOfMeasure.CELCIUS)
    message = v16.MeterValuesRequest(
        connector_id=1, meter_value=[v16.MeterValue(timestamp=NOON, sampled_value=[sampled])]
    )
    assert b"<cs:unit>Celsius</cs:unit>" in write_request(message, CS)


def test_a_decimal_is_written_without_exponent() -> None:
    period = v16.ChargingSchedulePeriod(start_period=0, limit=Decimal("1.1E+4"))
    schedule = v16.ChargingSchedule(
        charging_rate_unit=v16.ChargingRateUnitType.W, charging_schedule_period=[period]
    )
    answer = v16.GetCompositeScheduleResponse(
        status=v16.GetCompositeScheduleStatus.ACCEPTED, charging_schedule=schedule
    )
    body = response_envelope(answer, service=CP, relates_to=None, message_id="1")
    assert b"<cp:limit>11000</cp:limit>" in body
    assert parse_envelope(body).message() == answer


def test_times_are_written_in_utc_with_at_most_three_decimals() -> None:
    time = datetime(2026, 1, 1, 1, 0, 0, 123999, tzinfo=timezone(timedelta(hours=2)))
    answer = v12.HeartbeatResponse(current_time=time)
    body = response_envelope(answer, service=CS, relates_to=None, message_id="1")
    assert b">2025-12-31T23:00:00.123Z<" in body


def test_characters_that_xml_has_no_words_for_are_our_mistake() -> None:
    with pytest.raises(LocalError) as caught:
        write_request(v15.AuthorizeRequest(id_tag="a\x00b"), CS)
    assert caught.value.code is ErrorCode.PROPERTY_CONSTRAINT_VIOLATION
    with pytest.raises(LocalError):
        request_envelope(
            v15.HeartbeatRequest(),
            service=CS,
            charge_box_identity="\x1b",
            message_id="1",
            to="http://to/",
        )


def test_a_message_that_breaks_its_schema_is_never_written() -> None:
    with pytest.raises(LocalError):
        write_request(v15.AuthorizeRequest(id_tag="x" * 21), CS)


def test_messages_that_soap_does_not_have_are_refused_by_name() -> None:
    with pytest.raises(LocalError, match=r"SignCertificate is not part of SOAP of OCPP 1\.6"):
        write_request(v16.SignCertificateRequest(csr="x"), CS)
    with pytest.raises(LocalError, match="Heartbeat is not part of the Cp service"):
        write_request(v16.HeartbeatRequest(), CP)
    with pytest.raises(LocalError, match=r"OCPP 2\.0\.1 has no SOAP"):
        namespace_of(Version.V2_0_1, CS)
    offered = {name for service in Service for name in operations(Version.V1_6, service)}
    assert (len(offered), len(NOT_IN_SOAP)) == (28, 11)
    assert not offered & NOT_IN_SOAP
    assert {Service.called_by(service.client) for service in Service} == set(Service)
    assert CS.client is Role.STATION


def test_a_data_transfer_goes_both_ways_and_the_namespace_says_which() -> None:
    message = v15.DataTransferRequest(vendor_id="v")
    for service in Service:
        read = parse_envelope(write_request(message, service))
        assert (read.service, read.message()) == (service, message)


def test_a_first_element_in_other_case_is_recognised() -> None:
    read = parse_envelope(envelope("<cs:HeartBeatRequest/>"))
    assert read.message() == v15.HeartbeatRequest()
