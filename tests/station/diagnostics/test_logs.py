"""Logs are uploaded with all their states, in every version; customers are told of."""

from __future__ import annotations

from typing import Any

import pytest

from chargeplane.ocpp import v16, v21
from chargeplane.station.signals.files import UploadWanted
from tests.station.stage import TOKEN, Stage, online


class Server:
    """Takes what is uploaded; answers one status after the other."""

    def __init__(self, stage: Stage, *statuses: str) -> None:
        self.stage, self.statuses, self.got = stage, list(statuses), list[UploadWanted]()
        stage.core.hub.hears(UploadWanted, self._on_wanted)

    def _on_wanted(self, wanted: UploadWanted) -> None:
        status = self.statuses[min(len(self.got), len(self.statuses) - 1)]
        self.got.append(wanted)
        self.stage.core.hub.after(2, f"upload {len(self.got)}", lambda: wanted.done(status))


def ask(stage: Stage, kind: str = "DiagnosticsLog", **said: Any) -> Any:
    module: Any = v16 if stage.core.is_1x else v21
    log = module.LogParametersType(remote_location="http://x/logs/")
    request = module.GetLogRequest(
        log=log, log_type=module.LogEnumType(kind), request_id=5, retry_interval=10, **said
    )
    return stage.ask(request)


def told(stage: Stage) -> list[str]:
    kinds = (
        v16.DiagnosticsStatusNotificationRequest,
        v16.LogStatusNotificationRequest,
        v21.LogStatusNotificationRequest,
    )
    return [each.status.value for each in stage.central.heard if isinstance(each, kinds)]


@pytest.mark.parametrize("version", ["1.6", "2.0.1", "2.1"])
def test_a_log_is_uploaded_under_the_name_that_was_told(version: str) -> None:
    stage = online(version)
    server = Server(stage, "Uploaded")
    answer = ask(stage.charge(60))
    stage.wait(5)
    assert told(stage) == ["Uploading", "Uploaded"]
    assert server.got[0].location == f"http://x/logs/{answer.filename}"
    assert b"TransactionStarted" in server.got[0].content


@pytest.mark.parametrize("version", ["1.2", "1.5", "1.6"])
def test_1_x_uploads_diagnostics(version: str) -> None:
    stage = online(version)
    server = Server(stage, "UploadFailure", "Uploaded")
    request = v16.GetDiagnosticsRequest(location="http://x/put", retries=1, retry_interval=10)
    answer = stage.ask(request)
    assert isinstance(answer, v16.GetDiagnosticsResponse)
    stage.wait(20)
    assert [each.location for each in server.got] == ["http://x/put"] * 2
    assert told(stage)[-1] == "Uploaded"
    assert ("Uploading" in told(stage)) == (version == "1.6")


def test_a_failure_has_its_own_word_and_a_second_request_cancels_the_first() -> None:
    stage = online("2.1")
    Server(stage, "PermissionDenied")
    ask(stage)
    assert ask(stage).status.value == "AcceptedCanceled"
    stage.wait(5)
    assert told(stage) == ["Uploading", "AcceptedCanceled", "Uploading", "PermissionDenied"]
    assert ask(stage, "DataCollectorLog").status.value == "Rejected"


@pytest.mark.parametrize("version", ["2.0.1", "2.1"])
def test_what_is_known_of_a_customer_is_told(version: str) -> None:
    stage = online(version)
    stage.plug_in(1)
    stage.wait(1).tap()

    def customer(**said: Any) -> str:
        answer = stage.ask(v21.CustomerInformationRequest(request_id=1, clear=False, **said))
        return str(getattr(answer, "status", ""))

    token = v21.IdTokenType(id_token=TOKEN.value, type="ISO14443")
    assert customer(report=True) == "Invalid"
    assert customer(report=False, id_token=token) == "Rejected"
    assert customer(report=True, id_token=token) == "Accepted"
    assert customer(report=True, customer_identifier="nobody") == "Accepted"
    found = [each.data for each in stage.central.all(v21.NotifyCustomerInformationRequest)]
    assert found[0].startswith("EVSE 1: transaction")
    assert found[1] == "no data"
