"""Faults: who is blamed, in which words, and that any fault can be read."""

from __future__ import annotations

import pytest

from chargeplane.ocpp.errors import ErrorCode, LocalError, RemoteError
from chargeplane.ocpp.soap import (
    EnvelopeError,
    Fault,
    FaultCode,
    Remark,
    Service,
    Subcode,
    fault_envelope,
    parse_envelope,
)
from chargeplane.ocpp.soap.faults import REASON_LENGTH_MAX
from chargeplane.ocpp.versions import Version
from tests.ocpp.soap.envelopes import envelope, from_station

SENT = {
    ErrorCode.SECURITY_ERROR: (FaultCode.SENDER, Subcode.SECURITY_ERROR),
    ErrorCode.PROTOCOL_ERROR: (FaultCode.SENDER, Subcode.PROTOCOL_ERROR),
    ErrorCode.FORMAT_VIOLATION: (FaultCode.SENDER, Subcode.PROTOCOL_ERROR),
    ErrorCode.TYPE_CONSTRAINT_VIOLATION: (FaultCode.SENDER, Subcode.PROTOCOL_ERROR),
    ErrorCode.PROPERTY_CONSTRAINT_VIOLATION: (FaultCode.SENDER, Subcode.PROTOCOL_ERROR),
    ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION: (FaultCode.SENDER, Subcode.PROTOCOL_ERROR),
    ErrorCode.RPC_FRAMEWORK_ERROR: (FaultCode.SENDER, Subcode.PROTOCOL_ERROR),
    ErrorCode.NOT_SUPPORTED: (FaultCode.RECEIVER, Subcode.NOT_SUPPORTED),
    ErrorCode.NOT_IMPLEMENTED: (FaultCode.RECEIVER, Subcode.NOT_SUPPORTED),
    ErrorCode.MESSAGE_TYPE_NOT_SUPPORTED: (FaultCode.RECEIVER, Subcode.NOT_SUPPORTED),
    ErrorCode.INTERNAL_ERROR: (FaultCode.RECEIVER, Subcode.INTERNAL_ERROR),
    ErrorCode.GENERIC_ERROR: (FaultCode.RECEIVER, Subcode.INTERNAL_ERROR),
}


def read_back(fault: Fault | RemoteError | LocalError) -> Fault:
    body = fault_envelope(
        fault,
        relates_to="urn:uuid:1",
        message_id="urn:uuid:2",
        version=Version.V1_6,
        service=Service.CHARGE_POINT,
    )
    read = parse_envelope(body)
    assert (read.relates_to, read.message_id) == ("urn:uuid:1", "urn:uuid:2")
    assert (read.action, read.payload, read.is_request) == (None, None, False)
    assert read.fault is not None
    with pytest.raises(RemoteError):
        read.message()
    return read.fault


@pytest.mark.parametrize("code", ErrorCode)
def test_every_error_code_has_a_fault_that_comes_back_as_a_near_code(code: ErrorCode) -> None:
    fault = read_back(RemoteError(code, "The id tag is <unknown> & unloved."))
    assert (fault.code, fault.subcode) == SENT[code]
    assert fault.reason == "The id tag is <unknown> & unloved."
    assert SENT[fault.error_code] == SENT[code]
    assert fault.http_status == (400 if fault.code is FaultCode.SENDER else 500)


@pytest.mark.parametrize("subcode", Subcode)
def test_every_subcode_of_the_specification_is_read(subcode: Subcode) -> None:
    fault = Fault(FaultCode.SENDER, subcode, "no")
    assert read_back(fault) == fault
    error = fault.error()
    expected = (
        ErrorCode.SECURITY_ERROR
        if subcode is Subcode.IDENTITY_MISMATCH
        else ErrorCode.of_wire(subcode)
    )
    assert (error.code, error.description) == (expected, "no")


def test_our_own_mistake_is_always_an_internal_error() -> None:
    fault = read_back(LocalError(ErrorCode.SECURITY_ERROR, "a bug"))
    assert (fault.code, fault.subcode) == (FaultCode.RECEIVER, Subcode.INTERNAL_ERROR)


def test_a_version_mismatch_says_which_envelope_would_do() -> None:
    body = from_station().replace(b"2003/05", b"2099/05")
    with pytest.raises(EnvelopeError) as caught:
        parse_envelope(body)
    answer = fault_envelope(caught.value, relates_to=None, message_id="1")
    assert b'<soap:SupportedEnvelope qname="soap:Envelope"/>' in answer
    read = parse_envelope(answer)
    assert read.fault is not None
    assert (read.fault.code, read.fault.subcode) == (FaultCode.VERSION_MISMATCH, None)
    assert read.fault.error_code is ErrorCode.PROTOCOL_ERROR
    assert read.fault.http_status == 500


def test_a_fault_takes_what_the_error_knows_of_the_request() -> None:
    with pytest.raises(EnvelopeError) as caught:
        parse_envelope(from_station("<cs:resetRequest/>"))
    answer = fault_envelope(caught.value, relates_to=None, message_id="1")
    assert b'xmlns:cs="urn://Ocpp/Cs/2012/06/"' in answer
    assert b"cs:NotSupported" in answer
    assert parse_envelope(answer).relates_to == "urn:uuid:1"


def test_a_reason_may_quote_what_xml_cannot_carry() -> None:
    fault = read_back(RemoteError(ErrorCode.FORMAT_VIOLATION, "a\x00b\ud800c\ufffed"))
    assert fault.reason == "a\ufffdb\ufffdc\ufffdd"


def test_a_reason_ends_at_reason_length_max() -> None:
    fault = read_back(RemoteError(ErrorCode.FORMAT_VIOLATION, "x" * (REASON_LENGTH_MAX + 1)))
    assert fault.reason == "x" * REASON_LENGTH_MAX
    name = "a" * 40_000
    with pytest.raises(RemoteError) as caught:
        parse_envelope(
            from_station(f"<cs:heartbeatRequest><{name}/></cs:heartbeatRequest>")
        ).message()
    assert len(read_back(caught.value).reason) == REASON_LENGTH_MAX


FAULTS = [
    ("", Fault(FaultCode.RECEIVER, None, ""), ErrorCode.INTERNAL_ERROR),
    (
        "<s:Code><s:Value>s:Sender</s:Value></s:Code>",
        Fault(FaultCode.SENDER, None, ""),
        ErrorCode.GENERIC_ERROR,
    ),
    (
        "<s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>x:OutOfCoffee</s:Value>"
        "<s:Subcode><s:Value>x:Beans</s:Value></s:Subcode></s:Subcode></s:Code>"
        "<s:Reason><s:Text> No  beans. </s:Text></s:Reason><s:Detail>a<b>c<d/> d</b></s:Detail>",
        Fault(FaultCode.SENDER, "OutOfCoffee", "No  beans.", "a c d"),
        ErrorCode.GENERIC_ERROR,
    ),
    (
        "<s:Code><s:Value>Client</s:Value><s:Subcode><s:Value>FormationViolation</s:Value>"
        "</s:Subcode></s:Code>",
        Fault(FaultCode.SENDER, "FormationViolation", ""),
        ErrorCode.FORMAT_VIOLATION,
    ),
    (
        "<s:Code><s:Value>s:MustUnderstand</s:Value></s:Code>",
        Fault(FaultCode.MUST_UNDERSTAND, None, ""),
        ErrorCode.PROTOCOL_ERROR,
    ),
]


@pytest.mark.parametrize(("content", "fault", "code"), FAULTS)
def test_a_fault_is_read_however_it_is_written(content: str, fault: Fault, code: ErrorCode) -> None:
    read = parse_envelope(envelope(f"<s:Fault>{content}</s:Fault>"))
    assert read.fault == fault
    assert read.fault.error_code is code
    assert read.fault.error().details["detail"] == fault.detail
    assert {Remark.RELATES_TO_MISSING, Remark.MESSAGE_ID_MISSING} == read.remarks
