"""What visitors prove: every profile, at every port, with everything that is wrong."""

from datetime import timedelta
from itertools import product
from uuid import UUID

import pytest

from chargeplane.csms.contract import Registration
from chargeplane.csms.gateway.credentials import Entrance, Proof, Visitor, proof_of
from chargeplane.csms.gateway.throttle import ENTRIES_MAX, Throttle
from chargeplane.csms.inventory import Known
from chargeplane.runtime.passwords import Passwords
from chargeplane.runtime.pki import Authority, KeyKind, Purpose, der_of, new_key
from tests.csms.making import NOW, TENANT_ID

PASSWORDS = Passwords([bytes(32)])
RIGHT, NEXT = b"nine-lives-of-a-cat", b"ten-lives-of-two-cats"
HASHED, NEXT_HASHED = PASSWORDS.hashed(RIGHT), PASSWORDS.hashed(NEXT)
ROOT = Authority.new("root", KeyKind.P256, NOW, timedelta(days=90), "Op")
PLAIN, TLS = Entrance("plain", frozenset({0, 1})), Entrance("tls", frozenset({2, 3}))


def certificate(name: str, organization: str = "Op") -> bytes:
    key = new_key().public_key()
    life = timedelta(days=9)
    issued = ROOT.issue(key, name, Purpose.STATION, NOW, life, organization=organization)
    return der_of(issued.certificate)


OWN, BY_SERIAL, FOREIGN = certificate("CP1"), certificate("SN-7"), certificate("CP2")
OTHER_OPERATOR = certificate("CP1", "Somebody else")


def station(profile: int, next_profile: int | None = None, rotates: bool = False) -> Known:
    return Known(
        TENANT_ID,
        "CP1",
        profile,
        HASHED,
        Registration.ACCEPTED,
        0,
        serial_number="SN-7",
        next_security_profile=next_profile,
        next_password_hash=NEXT_HASHED if rotates else None,
    )


def visitor(
    password: bytes | None = RIGHT,
    *,
    name: str | None = "CP1",
    tls: bool = False,
    shows: bytes | None = None,
    entrance: Entrance | None = None,
) -> Visitor:
    who = name if password is not None else None
    return Visitor("CP1", who, password, "127.0.0.1", tls, ("ocpp2.0.1",), shows, entrance)


def proof(of: Visitor, known: Known, profile_min: int = 0) -> Proof | None:
    return proof_of(of, known, PASSWORDS, profile_min=profile_min, operator="Op")


@pytest.mark.parametrize(
    ("profile", "of"),
    [
        (0, visitor(None, entrance=PLAIN)),
        (1, visitor(entrance=PLAIN)),
        (2, visitor(tls=True, entrance=TLS)),
        (3, visitor(None, tls=True, shows=OWN, entrance=TLS)),
        (3, visitor(None, tls=True, shows=BY_SERIAL, entrance=TLS)),
        (3, visitor(b"whatever", tls=True, shows=OWN, entrance=TLS)),
    ],
    ids=["0", "1", "2", "3", "3-by-serial-number", "3-with-a-password-as-well"],
)
def test_a_station_is_let_in_by_its_own_profile_and_by_no_other(profile: int, of: Visitor) -> None:
    for pinned in range(4):
        found = proof(of, station(pinned))
        # Profile 0 asks for nothing: whatever comes to its port is let in, as profile 0.
        is_open = pinned == 0 and of.entrance is PLAIN
        expected = pinned if pinned == profile or is_open else None
        assert (found.profile if found else None) == expected


WRONG = {
    "nothing": visitor(None),
    "empty": visitor(b""),
    "wrong": visitor(b"nine-lives-of-a-dog"),
    "10 kB": visitor(b"x" * 10_240),
    "another user": visitor(name="CP2"),
    "no user": visitor(name=""),
    "hash itself": visitor(HASHED.encode()),
    "foreign certificate": visitor(None, shows=FOREIGN, tls=True),
    "foreign certificate and right password": visitor(shows=FOREIGN, tls=True),
    "other operator": visitor(None, shows=OTHER_OPERATOR, tls=True),
    "no certificate at all": visitor(None, shows=b"junk", tls=True),
    "other name, right certificate": visitor(b"x", name="CP2", shows=OWN, tls=True),
}


@pytest.mark.parametrize("profile", [1, 2, 3])
@pytest.mark.parametrize("what", WRONG)
def test_whatever_is_wrong_proves_nothing(profile: int, what: str) -> None:
    for entrance in (PLAIN, TLS, None):
        wrong = WRONG[what]
        of = wrong._replace(entrance=entrance)
        assert proof(of, station(profile)) is None


def test_a_revoked_certificate_proves_nothing() -> None:
    of = visitor(None, tls=True, shows=OWN)
    known = station(3)
    assert proof_of(of, known, PASSWORDS, is_revoked=lambda der: der == OWN) is None
    assert proof_of(of, known, PASSWORDS, is_revoked=lambda der: der == FOREIGN) is not None


class Lenient:
    """Lets one station in by certificates that only serve to get another one."""

    def __init__(self, *others: str, has_ended: bool | None = False) -> None:
        self._others = frozenset(others)
        self._has_ended = has_ended

    def names(self, tenant_id: UUID, station_id: str) -> frozenset[str] | None:
        return self._others if (tenant_id, station_id) == (TENANT_ID, "CP1") else None

    def has_ended(self, certificate: bytes) -> bool | None:
        return self._has_ended


UNTIMED = Entrance("tls", frozenset({2, 3}), checks_times=False)
LACKING: dict[str, tuple[bytes, Entrance, Lenient, str | None]] = {
    "good": (OWN, UNTIMED, Lenient(), ""),
    "ended": (OWN, UNTIMED, Lenient(has_ended=True), "ended on"),
    "untrusted": (OWN, UNTIMED, Lenient(has_ended=None), None),
    "TLS looks at times": (OWN, TLS, Lenient(has_ended=None), ""),
    "of the factory": (OTHER_OPERATOR, TLS, Lenient(), "not the operator's"),
    "another name": (FOREIGN, TLS, Lenient("SN-8"), None),
    "a name that is said": (FOREIGN, TLS, Lenient("CP2"), "has not reported yet"),
}


@pytest.mark.parametrize("what", LACKING)
def test_who_is_allowed_may_come_to_get_another_certificate(what: str) -> None:
    shows, entrance, lenient, lack = LACKING[what]
    of = visitor(None, tls=True, shows=shows, entrance=entrance)
    for can_renew, known in ((True, station(3)), (False, station(3)), (True, station(2))):
        mine = of._replace(can_renew=can_renew)
        found = proof_of(mine, known, PASSWORDS, operator="Op", renewals=lenient)
        is_in = lack is not None and known.security_profile == 3 and (can_renew or not lack)
        assert (found is not None) is is_in
        if found is not None:
            assert (lack or "") in found.lack
            assert bool(found.lack) is bool(lack)
    other = station(3)._replace(tenant_id=UUID(int=9))
    assert lack == "" or proof_of(of, other, PASSWORDS, operator="Op", renewals=lenient) is None


def test_where_tls_does_not_look_at_times_somebody_has_to() -> None:
    of = visitor(None, tls=True, shows=OWN, entrance=UNTIMED)
    assert proof_of(of, station(3), PASSWORDS) is None


def test_what_is_below_the_lowest_profile_stays_outside() -> None:
    assert proof(visitor(None), station(0), profile_min=1) is None
    assert proof(visitor(), station(1), profile_min=2) is None
    assert proof(visitor(tls=True), station(2), profile_min=2) is not None


def test_a_port_lets_in_only_the_profiles_it_is_for() -> None:
    of = visitor(tls=True, entrance=Entrance("certificates only", frozenset({3})))
    assert proof(of, station(2)) is None
    assert proof(visitor(None, entrance=Entrance("x", frozenset({1}))), station(0)) is None


def test_on_the_way_to_a_profile_both_count_and_no_third() -> None:
    known = station(1, next_profile=2)
    ways = {1: visitor(), 2: visitor(tls=True), 3: visitor(None, tls=True, shows=OWN)}
    found = {profile: proof(of, known) for profile, of in ways.items()}
    assert [each and each.profile for each in found.values()] == [1, 2, None]


@pytest.mark.parametrize(("now", "then"), [(2, 3), (3, 2)])
@pytest.mark.parametrize(
    ("of", "profile"),
    [
        (visitor(tls=True), 2),
        (visitor(tls=True, shows=OWN), 2),
        (visitor(None, tls=True, shows=OWN), 3),
        (visitor(b"wrong", tls=True, shows=OWN), 3),
    ],
    ids=["password", "both", "certificate", "certificate and a wrong password"],
)
def test_between_2_and_3_a_certificate_beside_the_password_is_profile_2(
    of: Visitor, profile: int, now: int, then: int
) -> None:
    found = proof(of, station(now, next_profile=then))
    assert found is not None
    assert found.profile == profile


def test_while_a_password_changes_both_are_right_and_it_is_known_which_one_came() -> None:
    known = station(1, rotates=True)
    old, new = proof(visitor(), known), proof(visitor(NEXT), known)
    assert old is not None
    assert new is not None
    assert (old.is_new_password, new.is_new_password) == (False, True)
    assert old.fingerprint != new.fingerprint
    assert proof(visitor(NEXT), station(1)) is None


@pytest.mark.parametrize(("profile", "tls"), [*product([1, 2], [False, True])])
def test_a_password_counts_at_its_own_kind_of_port_alone(profile: int, tls: bool) -> None:
    assert (proof(visitor(tls=tls), station(profile)) is not None) == (tls == (profile == 2))


def test_wrong_attempts_are_answered_in_full_until_there_are_too_many() -> None:
    throttle = Throttle(attempts_max=3, refill_s=10.0)
    assert [throttle.failed("a", "CP1", 0.0) for _ in range(4)] == [0, 0, 0, 10]
    assert throttle.failed("a", "CP2", 0.0) == 10  # the source has none left
    assert throttle.failed("b", "CP1", 0.0) == 10  # nor has the identity
    assert throttle.failed("b", "CP3", 0.0) == 0
    assert throttle.failed("a", "CP2", 10.0) == 0
    assert throttle.failed("a", "CP2", 12.0) == 8


def test_the_throttle_remembers_a_bounded_number() -> None:
    throttle = Throttle()
    for number in range(ENTRIES_MAX + 500):
        throttle.failed(f"10.0.{number >> 8}.{number & 255}", f"CP{number}", 0.0)
    assert len(throttle) == ENTRIES_MAX
