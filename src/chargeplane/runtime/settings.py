"""What can be set, and where it was set: command line, environment, file, default, in this order.

Every setting has one name. On the command line it is ``--ocpp-port 9000``, in the environment
``CHARGEPLANE_OCPP_PORT=9000``, in ``chargeplane.toml`` ``ocpp_port = 9000``. All faults of all
sources are found at the start and reported together, each by its source and key: a wrong setting
must not show days later.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct, field
from msgspec.structs import fields

__all__ = [
    "ENVIRONMENT_PREFIX",
    "SECRETS",
    "LogFormat",
    "Settings",
    "SettingsError",
    "UnknownStations",
    "by_source",
    "load",
    "origins",
]

ENVIRONMENT_PREFIX = "CHARGEPLANE_"
# Read where they are used: a secret has no place in a structure that is printed and logged.
SECRETS = frozenset(
    {
        "CHARGEPLANE_API_TOKEN",
        "CHARGEPLANE_SECRET_KEY",
        "CHARGEPLANE_OIDC_CLIENT_SECRET",
        "CHARGEPLANE_EST_PASSWORD",
        "CHARGEPLANE_PKCS11_PIN",
    }
)
# What a checkout may have in its environment for its build and its tests, and nobody means for us.
_OF_A_CHECKOUT = frozenset({"CHARGEPLANE_SKIP_UI", "CHARGEPLANE_SOAK"})

Port = Annotated[int, Meta(ge=1, le=65535)]


class UnknownStations(StrEnum):
    """What happens to a station that nobody has registered."""

    REFUSE = "refuse"
    """No connection; the attempt is remembered, for one-click adoption."""
    QUARANTINE = "quarantine"
    """Connected and answered Pending; nothing else is served."""
    ACCEPT = "accept"
    """Served like any other: for laboratories."""


class LogFormat(StrEnum):
    """How log lines look."""

    AUTO = "auto"
    """Pretty on a terminal, JSON elsewhere."""
    JSON = "json"
    PRETTY = "pretty"


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The settings of ``chargeplane serve``."""

    data: Path = field(default_factory=lambda: Path("chargeplane-data"))
    """The folder of the embedded database, keys and certificates."""
    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    """The address that all ports listen on."""
    port: Port = 8080
    """Console, portal and REST."""
    ocpp_port: Port = 9000
    """Stations, plain."""
    ocpp_tls_port: Port = 9443
    """Stations, TLS: opened as soon as there are certificates."""
    ocpp_legacy_tls_port: Annotated[int, Meta(ge=0, le=65535)] = 0
    """1.6 stations that cannot do TLS 1.2; 0: there is no such port."""
    tls_names: str = ""
    """Host names of the TLS ports, separated by commas, for certificates of the own authority."""
    tls_certificate: str = ""
    """A PEM file: ECDSA certificate and chain; empty: the own authority issues one."""
    tls_key: str = ""
    tls_rsa_certificate: str = ""
    """A PEM file: RSA certificate and chain."""
    tls_rsa_key: str = ""
    tls_roots: str = ""
    """A PEM file: roots of station certificates that another authority has issued."""
    renew_ended_certificates: bool = False
    """Stations may come with a certificate that has ended, where somebody allows it to one of them,
    to get another one. Intermediate authorities have to be in ``tls_roots`` too then."""
    pkcs11_module: str = ""
    """The PKCS#11 library of a hardware token that holds keys of the own authority."""
    pkcs11_token: str = ""
    """The label of the token. Its PIN is CHARGEPLANE_PKCS11_PIN in the environment."""
    est_url: str = ""
    """Another authority that signs the requests of stations, over EST (RFC 7030), such as
    https://ca.example/.well-known/est; empty: the own one does."""
    est_v2g_url: str = ""
    """The same for the certificates that stations show to vehicles."""
    est_roots: str = ""
    """A PEM file: whom we trust as the server of that authority; empty: as the system does."""
    est_user: str = ""
    """As whom it knows us. The password is CHARGEPLANE_EST_PASSWORD in the environment."""
    est_certificate: str = ""
    """A PEM file: the certificate that we show to it, and its chain."""
    est_key: str = ""
    tell_unknown_stations: bool = False
    """Answer 404 to unknown identities, as the standard has it; whoever guesses learns from it."""
    ocsp_hosts: str = ""
    """Hosts of other authorities' OCSP responders, separated by commas, that may be asked."""
    ocsp_responders: str = ""
    """Who is asked about certificates of stations that another authority has issued, separated by
    commas: PEM file of the authority=address of its OCSP responder."""
    ocsp_hard_fail: bool = False
    """Refuse stations of these authorities of which no responder says that they are good."""
    crl_sources: str = ""
    """Files and addresses, separated by commas, of the revocation lists of other authorities."""
    database: str = ""
    """A URL such as ``postgresql://...``; empty: SQLite in ``data``."""
    nats: str = ""
    """The URL of a NATS server, for more than one node, which is not served yet; empty: one."""
    unknown_stations: UnknownStations = UnknownStations.REFUSE
    min_security_profile: Annotated[int, Meta(ge=0, le=3)] = 1
    """Stations with a lower one are refused."""
    signed_firmware_only: bool = False
    """Stations are given firmware with a signature that they check, or none."""
    simulator: bool = False
    """Virtual stations that people start and move in the console, for trying things out."""
    public_url: str = ""
    """How browsers reach console and REST, such as https://cp.example; empty: localhost. Passkeys
    belong to its host, and cookies are Secure if it is https."""
    trusted_proxies: str = ""
    """Addresses or networks, separated by commas, whose X-Forwarded-For is believed."""
    session_hours: Annotated[float, Meta(gt=0, le=8760)] = 12.0
    """A log-in ends after this time."""
    session_idle_minutes: Annotated[float, Meta(gt=1, le=525_600)] = 120.0
    """A log-in ends after this time without a request."""
    second_factor_roles: str = ""
    """Roles, separated by commas, that may do nothing before a second factor is set."""
    oidc_issuer: str = ""
    """An identity provider (OpenID Connect) that users log in by; empty: none."""
    oidc_client_id: str = ""
    """As whom it knows us. The secret is CHARGEPLANE_OIDC_CLIENT_SECRET in the environment."""
    oidc_scopes: str = "openid profile email"
    oidc_roles_claim: str = "groups"
    """The claim that decides about roles."""
    oidc_roles: str = ""
    """What its values stand for: staff=operator, admins=admin."""
    log_format: LogFormat = LogFormat.AUTO
    """Of the log on stderr."""


@dataclass(eq=False)  # not frozen: an exception is given a traceback on its way
class SettingsError(Exception):
    """Settings that cannot be used; one line for each fault."""

    faults: tuple[str, ...]

    def __str__(self) -> str:
        return "\n".join(self.faults)


@dataclass(frozen=True)
class _Given:
    value: Any
    source: str
    """How the person who set it would name it: ``chargeplane.toml: ocpp_port``."""


def load(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None = None
) -> Settings:
    """The settings that apply.

    Args:
        flags: from the command line, by setting name; None where a flag was not used.
        environment: usually ``os.environ``; only names with our prefix are looked at.
        file: a TOML file; None: there is none.

    Raises:
        SettingsError: with every fault of every source.
    """
    faults: list[str] = []
    given = _given(flags, environment, file, faults)
    values = {}
    for each in fields(Settings):
        if each.name not in given:
            continue
        value, source = given[each.name].value, given[each.name].source
        try:
            # Text is what flags and the environment have; a file has types of its own.
            from_text = isinstance(value, str)
            values[each.name] = msgspec.convert(
                value, each.type, strict=not from_text, dec_hook=_path
            )
        except (msgspec.ValidationError, ValueError) as error:
            faults.append(f"{source}: {_expected(each.type) or error} (it is {value!r})")
    if faults:
        raise SettingsError(tuple(faults))
    return Settings(**values)


def origins(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None = None
) -> dict[str, str]:
    """Where each setting that is not left at its default was set, by the name of the setting.

    The arguments are those of ``load``, which tells of faults; here they are passed over.
    """
    return {name: each.source for name, each in _given(flags, environment, file, []).items()}


def by_source(error: SettingsError, origins: Mapping[str, str]) -> SettingsError:
    """The same faults, each that begins with the name of a setting by where that was set.

    For what is only found when a setting is used: whoever uses it knows its name alone.
    """

    def named(fault: str) -> str:
        name, colon, rest = fault.partition(":")
        return f"{origins.get(name, name)}{colon}{rest}"

    return SettingsError(tuple(named(each) for each in error.faults))


def _expected(kind: Any) -> str:
    """What may be chosen; empty where there is no list of it."""
    is_choice = isinstance(kind, type) and issubclass(kind, StrEnum)
    return f"Expected one of {', '.join(kind)}" if is_choice else ""


def _given(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None, faults: list[str]
) -> dict[str, _Given]:
    from_file = _from_file(file, faults) if file else {}
    return from_file | _from_environment(environment, faults) | _from_flags(flags)


def _path(expected: type, value: object) -> object:
    if expected is not Path or not isinstance(value, str) or not value:
        raise ValueError("Expected the path of a folder")
    return Path(value)


def _from_file(file: Path, faults: list[str]) -> dict[str, _Given]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        faults.append(f"{file}: cannot be read: {error.strerror}")
        return {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        faults.append(f"{file}: not TOML: {error}")
        return {}
    faults += [f"{file}: {key}: {_unknown(key)}" for key in content if key not in _NAMES]
    return {key: _Given(value, f"{file}: {key}") for key, value in content.items()}


def _from_environment(environment: Mapping[str, str], faults: list[str]) -> dict[str, _Given]:
    given = {}
    for variable, value in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in SECRETS | _OF_A_CHECKOUT:
            continue
        name = variable.removeprefix(ENVIRONMENT_PREFIX).lower()
        if name in _NAMES:
            given[name] = _Given(value, variable)
        else:
            faults.append(f"{variable}: {_unknown(name)}")
    return given


def _from_flags(flags: Mapping[str, Any]) -> dict[str, _Given]:
    return {
        name: _Given(value, "--" + name.replace("_", "-"))
        for name, value in flags.items()
        if value is not None
    }


_NAMES = {each.name for each in fields(Settings)}


def _unknown(name: str) -> str:
    near = get_close_matches(name, _NAMES, n=1)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"there is no such setting{hint}"
