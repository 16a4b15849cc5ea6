"""Error codes in the spelling of each version."""

from __future__ import annotations

import pytest

from chargeplane.ocpp.errors import ErrorCode, LocalError, RemoteError
from chargeplane.ocpp.versions import Version

CODES_OF_1_6 = {  # 1.6-J, table 7, with both misspellings that errata 5.1 and 5.2 keep
    "NotImplemented",
    "NotSupported",
    "InternalError",
    "ProtocolError",
    "SecurityError",
    "FormationViolation",
    "PropertyConstraintViolation",
    "OccurenceConstraintViolation",
    "TypeConstraintViolation",
    "GenericError",
}


@pytest.mark.parametrize("version", [Version.V1_2, Version.V1_5, Version.V1_6])
def test_1_x_says_only_the_ten_codes_of_1_6_misspelt_as_they_are(version: Version) -> None:
    assert {code.on_wire(version) for code in ErrorCode} == CODES_OF_1_6


@pytest.mark.parametrize("version", [Version.V2_0_1, Version.V2_1])
def test_2_x_says_every_code_as_it_is_named(version: Version) -> None:
    assert {code.on_wire(version) for code in ErrorCode} == {str(code) for code in ErrorCode}
    assert len(ErrorCode) == 12


@pytest.mark.parametrize(
    ("word", "code"),
    [
        ("FormationViolation", ErrorCode.FORMAT_VIOLATION),
        ("FormatViolation", ErrorCode.FORMAT_VIOLATION),
        ("OccurenceConstraintViolation", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        ("OccurrenceConstraintViolation", ErrorCode.OCCURRENCE_CONSTRAINT_VIOLATION),
        ("RpcFrameworkError", ErrorCode.RPC_FRAMEWORK_ERROR),
        ("Nonsense", None),
        ("", None),
    ],
)
def test_a_code_is_read_in_any_spelling(word: str, code: ErrorCode | None) -> None:
    assert ErrorCode.of_wire(word) is code


@pytest.mark.parametrize("version", list(Version))
def test_what_is_said_is_understood_by_the_same_version(version: Version) -> None:
    for code in ErrorCode:
        word = code.on_wire(version)
        understood = ErrorCode.of_wire(word)
        assert understood is not None
        assert understood.on_wire(version) == word


@pytest.mark.parametrize("blame", [LocalError, RemoteError])
def test_an_error_carries_code_sentence_and_details(
    blame: type[LocalError] | type[RemoteError],
) -> None:
    error = blame(ErrorCode.NOT_SUPPORTED, "1.2 has no reservations", {"action": "ReserveNow"})
    assert str(error) == "NotSupported: 1.2 has no reservations"
    assert error.details == {"action": "ReserveNow"}
    assert blame(ErrorCode.GENERIC_ERROR, "").details == {}


def test_blame_is_in_the_type() -> None:
    assert not issubclass(LocalError, RemoteError)
    assert not issubclass(RemoteError, LocalError)
