"""No password and no key code in the flight recorder."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import json

from chargeplane.csms.gateway.redaction import BLOT, redacted

SECRET = 'hunter2 "quoted\\" and \\ more'
CASES = {
    "1.6 sets it": {"key": "AuthorizationKey", "value": SECRET},
    "2.x sets it": {
        "setVariableData": [
            {
                "attributeValue": SECRET,
                "component": {"name": "SecurityCtrlr"},
                "variable": {"name": "BasicAuthPassword"},
            }
        ]
    },
    "1.6 shows it": {
        "configurationKey": [{"key": "AuthorizationKey", "readonly": False, "value": SECRET}]
    },
}


@pytest.mark.parametrize("payload", CASES.values(), ids=CASES.keys())
def test_a_frame_with_a_password_is_kept_without_it(payload: object) -> None:
    text = json.encode([2, "1", "Any", payload]).decode()
    kept = redacted(text)
    assert "hunter2" not in kept
    assert BLOT in kept
    json.decode(kept)  # and is still a frame


def test_an_envelope_with_a_password_is_kept_without_it() -> None:
    text = "<cp:key>AuthorizationKey</cp:key><cp:value>hunter2</cp:value>"
    assert redacted(text) == f"<cp:key>AuthorizationKey</cp:key><cp:value>{BLOT}</cp:value>"


@given(st.text())
def test_any_password_is_blotted_out_of_a_frame(password: str) -> None:
    payload = {"key": "AuthorizationKey", "value": password}
    kept = json.decode(redacted(json.encode([2, "1", "ChangeConfiguration", payload]).decode()))
    assert kept[3]["value"] == BLOT


@pytest.mark.parametrize(
    "text",
    [
        '[2,"1","Authorize",{"idToken":{"idToken":"47\\"11","type":"KeyCode"}}]',
        '[2,"1","Authorize", {"idToken": {"type": "KeyCode", "idToken": "47\\"11"}}]',
        '{"id_token":{"value":"47\\"11","type":"KeyCode"}}',  # as a command has it
    ],
    ids=["before", "behind", "command"],
)
def test_a_key_code_is_blotted_out(text: str) -> None:
    kept = redacted(text)
    assert kept == text.replace('47\\"11', BLOT)
    json.decode(kept)


def test_all_other_frames_are_kept_as_they_are() -> None:
    text = '[2,"1","ChangeConfiguration",{"key":"HeartbeatInterval","value":"300"}]'
    assert redacted(text) is text
    text = '[2,"1","Authorize",{"idToken":{"idToken":"4711","type":"ISO14443"}}]'
    assert redacted(text) is text


@pytest.mark.parametrize(
    "text",
    [
        '[2,"1","GetLog",{"log":{"remoteLocation":"https://cp.example/api/v1/transfers/Ab-_9"}}]',
        '[2,"1","GetDiagnostics",{"location":"https://cp.example/api/v1/transfers/Ab-_9/"}]',
        "<location>https://cp.example/api/v1/transfers/Ab-_9</location>",
    ],
    ids=["2.x", "1.6", "soap"],
)
def test_what_opens_an_address_of_a_file_is_blotted_out(text: str) -> None:
    assert redacted(text) == text.replace("Ab-_9", BLOT)
