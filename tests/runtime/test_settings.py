"""Settings from four places, and faults that name the place."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import fields

from chargeplane.runtime.settings import (
    Settings,
    SettingsError,
    UnknownStations,
    by_source,
    load,
)


def toml(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "chargeplane.toml"
    file.write_text(text, encoding="utf-8")
    return file


def faults_of(
    flags: dict[str, object], environment: dict[str, str], file: Path | None = None
) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        load(flags, environment, file)
    return caught.value.faults


def test_the_defaults_are_those_of_the_documentation() -> None:
    assert load({}, {}) == Settings(
        data=Path("chargeplane-data"),
        host="127.0.0.1",
        port=8080,
        ocpp_port=9000,
        ocpp_tls_port=9443,
        database="",
        nats="",
        unknown_stations=UnknownStations.REFUSE,
        min_security_profile=1,
    )


def test_the_command_line_wins_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = toml(tmp_path, 'port = 1\nocpp_port = 2\nhost = "0.0.0.0"\ndata = "here"')
    environment = {"CHARGEPLANE_PORT": "3", "CHARGEPLANE_OCPP_PORT": "4", "PATH": "x"}
    settings = load({"port": 5, "ocpp_port": None}, environment, file)
    assert (settings.port, settings.ocpp_port, settings.host) == (5, 4, "0.0.0.0")
    assert settings.data == Path("here")


def test_text_of_flags_and_environment_becomes_the_right_type() -> None:
    settings = load(
        {"port": "81", "min_security_profile": "0"},
        {"CHARGEPLANE_UNKNOWN_STATIONS": "quarantine", "CHARGEPLANE_DATA": "folder"},
    )
    assert (settings.port, settings.min_security_profile) == (81, 0)
    assert settings.unknown_stations is UnknownStations.QUARANTINE
    assert settings.data == Path("folder")


def test_every_fault_of_every_source_is_told_at_once_by_source_and_key(tmp_path: Path) -> None:
    file = toml(tmp_path, "port = 70000\nocp_port = 1\nhost = 7")
    environment = {"CHARGEPLANE_MIN_SECURITY_PROFILE": "4", "CHARGEPLANE_COLOUR": "red"}
    faults = faults_of({"unknown_stations": "welcome"}, environment, file)
    assert [fault.split(": ")[0 if fault[0] in "C-" else 1] for fault in faults] == [
        "ocp_port",
        "CHARGEPLANE_COLOUR",
        "host",
        "port",
        "--unknown-stations",
        "CHARGEPLANE_MIN_SECURITY_PROFILE",
    ]
    assert "did you mean ocpp_port?" in faults[0]
    assert "70000" in faults[3]


@pytest.mark.parametrize(
    ("text", "fault"), [("port = ", "not TOML"), ("port = true", "Expected `int`")]
)
def test_a_file_that_cannot_be_understood_is_named(tmp_path: Path, text: str, fault: str) -> None:
    file = toml(tmp_path, text)
    (told,) = faults_of({}, {}, file)
    assert told.startswith(str(file))
    assert fault in told


def test_a_word_that_is_no_choice_is_told_with_the_choices() -> None:
    (told,) = faults_of({}, {"CHARGEPLANE_LOG_FORMAT": "loud"})
    assert told == "CHARGEPLANE_LOG_FORMAT: Expected one of auto, json, pretty (it is 'loud')"


def test_a_fault_that_is_found_later_is_told_by_its_source_too() -> None:
    faults = ("public_url: write https://HOST", "secret key: cannot be read", "port")
    told = by_source(SettingsError(faults), {"public_url": "my.toml: public_url"})
    assert told.faults == ("my.toml: public_url: write https://HOST", *faults[1:])


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    (told,) = faults_of({}, {}, tmp_path / "none.toml")
    assert "cannot be read: No such file" in told


def test_every_setting_is_in_the_reference() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "command-line.md"
    told = page.read_text(encoding="utf-8")
    names = (each.name for each in fields(Settings))
    ways = ((name, f"`{name}`", f"`--{name.replace('_', '-')}") for name in names)
    assert [name for name, line, flag in ways if line not in told and flag not in told] == []


def test_a_secret_in_the_environment_is_no_unknown_setting() -> None:
    assert load({}, {"CHARGEPLANE_API_TOKEN": "secret"}) == Settings()


def test_what_builds_and_tests_of_a_checkout_are_told_is_no_unknown_setting() -> None:
    assert load({}, {"CHARGEPLANE_SKIP_UI": "1", "CHARGEPLANE_SOAK": "1"}) == Settings()
