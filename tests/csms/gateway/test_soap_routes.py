"""Where a station may be called: only where it comes from or is registered."""

from __future__ import annotations

import pytest

from chargeplane.csms.gateway.soap_routes import NoRoute, route_of

GOOD = {
    "plain": ("http://10.0.0.9:8080/cp", "10.0.0.9", "http://10.0.0.9:8080/cp"),
    "no path": ("http://10.0.0.9", "10.0.0.9", "http://10.0.0.9:80/"),
    "query": ("http://10.0.0.9/cp?a=1&b=%20", "10.0.0.9", "http://10.0.0.9:80/cp?a=1&b=%20"),
    "fragment": ("http://10.0.0.9/cp#x", "10.0.0.9", "http://10.0.0.9:80/cp"),
    "TLS": ("HTTPS://192.0.2.7/cp", "192.0.2.7", "https://192.0.2.7:443/cp"),
    "version 6": ("http://[2001:db8::1]:81/", "2001:db8:0:0::1", "http://[2001:db8::1]:81/"),
    "mapped peer": ("http://192.0.2.7/", "::ffff:192.0.2.7", "http://192.0.2.7:80/"),
    "mapped address": ("http://[::ffff:192.0.2.7]/", "192.0.2.7", "http://192.0.2.7:80/"),
}


@pytest.mark.parametrize(("announced", "remote_host", "url"), GOOD.values(), ids=GOOD.keys())
def test_a_station_is_called_where_it_comes_from(
    announced: str, remote_host: str, url: str
) -> None:
    route = route_of(announced, remote_host)
    assert (route.url, route.announced) == (url, announced)


BAD = {
    "nothing": (None, "192.0.2.7", "no-address"),
    "other host": ("http://192.0.2.8/", "192.0.2.7", "other-host"),
    "private host": ("http://10.0.0.9/", "192.0.2.7", "other-host"),
    "metadata of a cloud": ("http://169.254.169.254/latest", "192.0.2.7", "other-host"),
    "name": ("http://csms.example/", "192.0.2.7", "host-name"),
    "localhost": ("http://localhost/", "127.0.0.1", "host-name"),
    "number": ("http://3221225991/", "192.0.2.7", "host-name"),
    "octal": ("http://0300.0.2.7/", "192.0.2.7", "host-name"),
    "user": ("http://a@192.0.2.7/", "192.0.2.7", "malformed"),
    "user that looks like a host": ("http://192.0.2.7@10.0.0.9/", "192.0.2.7", "malformed"),
    "backslash": ("http://10.0.0.9\\@192.0.2.7/", "192.0.2.7", "malformed"),
    "file": ("file:///etc/passwd", "192.0.2.7", "malformed"),
    "other scheme": ("gopher://192.0.2.7/", "192.0.2.7", "malformed"),
    "no host": ("http:///cp", "192.0.2.7", "malformed"),
    "port 0": ("http://192.0.2.7:0/", "192.0.2.7", "malformed"),
    "long port": ("http://192.0.2.7:99999/", "192.0.2.7", "malformed"),
    "bracket": ("http://[192.0.2.7/", "192.0.2.7", "malformed"),
    "blank": ("http://192.0.2.7/a b", "192.0.2.7", "malformed"),
    "not ASCII": ("http://192.0.2.7/\u00e9", "192.0.2.7", "malformed"),
    "link-local": ("http://169.254.1.1/", "169.254.1.1", "special-host"),
    "this machine": ("http://127.0.0.1:8080/", "127.0.0.1", "loopback"),
    "this machine, mapped": ("http://[::ffff:127.0.0.1]/", "127.0.0.1", "loopback"),
    "unknown peer": ("http://192.0.2.7/", "", "other-host"),
}


@pytest.mark.parametrize(("announced", "remote_host", "slug"), BAD.values(), ids=BAD.keys())
def test_nothing_else_is_called(announced: str | None, remote_host: str, slug: str) -> None:
    with pytest.raises(NoRoute) as caught:
        route_of(announced, remote_host)
    assert caught.value.slug == slug
    assert str(caught.value)


def test_this_machine_may_be_allowed() -> None:
    route = route_of("http://127.0.0.1/", "127.0.0.1", loopback_allowed=True)
    assert route.url == "http://127.0.0.1:80/"


def test_line_breaks_do_not_get_into_the_url() -> None:
    assert route_of("http://192.0.2.7/a\r\nb", "192.0.2.7").url == "http://192.0.2.7:80/ab"


REGISTERED = {
    "address": ("http://10.0.0.9:81/cp", "10.0.0.9", "http://10.0.0.9:81/cp"),
    "mapped": ("http://[::ffff:10.0.0.9]/", "10.0.0.9", "http://10.0.0.9:80/"),
    "long form": ("http://[2001:DB8:0:0::1]/", "2001:db8::1", "http://[2001:db8::1]:80/"),
    "name": ("https://cp1.example/cp?a=1", "cp1.example", "https://cp1.example:443/cp?a=1"),
    "name in capitals": ("http://CP1.Example:81/", "cp1.example", "http://cp1.example:81/"),
    "this machine": ("http://127.0.0.9:81/", "127.0.0.9", "http://127.0.0.9:81/"),
    "where it connects from all the same": (
        "http://192.0.2.7/",
        "c.example",
        "http://192.0.2.7:80/",
    ),
}


@pytest.mark.parametrize(
    ("announced", "registered", "url"), REGISTERED.values(), ids=REGISTERED.keys()
)
def test_a_station_is_called_where_it_is_registered(
    announced: str, registered: str, url: str
) -> None:
    route = route_of(announced, "192.0.2.7", registered)
    assert (route.url, route.announced) == (url, announced)


NOT_REGISTERED = {
    "other address": ("http://10.0.0.8/", "10.0.0.9", "other-host"),
    "address for a name": ("http://10.0.0.9/", "cp1.example", "other-host"),
    "name for an address": ("http://cp1.example/", "10.0.0.9", "host-name"),
    "other name": ("http://cp2.example/", "cp1.example", "host-name"),
    "name below": ("http://a.cp1.example/", "cp1.example", "host-name"),
    "name above": ("http://example/", "cp1.example", "host-name"),
    "name with a dot": ("http://cp1.example./", "cp1.example", "host-name"),
    "number for an address": ("http://167772169/", "10.0.0.9", "host-name"),
    "other machine of this one": ("http://127.0.0.1/", "127.0.0.9", "other-host"),
    "user": ("http://cp1.example@10.0.0.8/", "cp1.example", "malformed"),
    "user at it": ("http://a@cp1.example/", "cp1.example", "malformed"),
    "fragment": ("http://10.0.0.8#cp1.example/", "cp1.example", "other-host"),
    "special": ("http://169.254.169.254/", "169.254.169.254", "special-host"),
    "nothing": (None, "cp1.example", "no-address"),
}


@pytest.mark.parametrize(
    ("announced", "registered", "slug"), NOT_REGISTERED.values(), ids=NOT_REGISTERED.keys()
)
def test_who_is_registered_elsewhere_is_not_called(
    announced: str | None, registered: str, slug: str
) -> None:
    with pytest.raises(NoRoute) as caught:
        route_of(announced, "192.0.2.7", registered)
    assert caught.value.slug == slug


def test_a_refusal_names_both_addresses_and_what_to_do() -> None:
    with pytest.raises(NoRoute) as caught:
        route_of("http://10.0.0.9/", "192.0.2.7")
    assert str(caught.value) == (
        "the station says that it listens at 10.0.0.9, connects from 192.0.2.7, and has no"
        " soap_host: it is called only where it connects from or is registered. If it is right,"
        " change the station's soap_host to it"
    )
    with pytest.raises(NoRoute, match="is registered with the soap_host cp1.example: "):
        route_of("http://10.0.0.9/", "192.0.2.7", "cp1.example")
