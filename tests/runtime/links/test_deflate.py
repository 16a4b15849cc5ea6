"""The negotiation of RFC 7692, and its bounds."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chargeplane.runtime.links.deflate import (
    OFFER,
    Deflate,
    Inflater,
    accepted_by_server,
    negotiated,
)
from chargeplane.runtime.links.faults import MessageFault


@pytest.mark.parametrize(
    ("offers", "window_bits"),
    [
        ("permessage-deflate", 15),
        ("Permessage-Deflate", 15),
        ("permessage-deflate; client_max_window_bits", 15),
        ("permessage-deflate; client_max_window_bits=9", 15),
        ("permessage-deflate; server_max_window_bits=9", 9),
        ('permessage-deflate; server_max_window_bits="12"', 12),
        (OFFER, 15),
        ("x-webkit-deflate-frame, permessage-deflate", 15),
        # zlib has no window of 8 bits; the next offer has none to keep.
        ("permessage-deflate; server_max_window_bits=8, permessage-deflate", 15),
    ],
)
def test_an_offer_is_accepted_without_context(offers: str, window_bits: int) -> None:
    deflate = negotiated([each.strip() for each in offers.split(",")])
    assert deflate is not None
    assert deflate.window_bits == window_bits
    assert deflate.answer.startswith(OFFER)
    assert ("server_max_window_bits" in deflate.answer) == (window_bits < 15)


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "permessage-bzip2",
        "permessage-deflate; server_max_window_bits",
        "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits=16",
        "permessage-deflate; server_max_window_bits=010",
        "permessage-deflate; client_max_window_bits=7",
        "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
        "permessage-deflate; unknown",
    ],
)
def test_a_malformed_offer_is_declined(offer: str) -> None:
    assert negotiated([offer]) is None


def test_no_more_than_eight_offers_are_looked_at() -> None:
    assert negotiated(["x"] * 7 + ["permessage-deflate"]) is not None
    assert negotiated(["x"] * 8 + ["permessage-deflate"]) is None


@pytest.mark.parametrize(
    ("answer", "fits"),
    [
        (OFFER, True),
        ("permessage-deflate; server_no_context_takeover", True),
        ("permessage-deflate; server_no_context_takeover; server_max_window_bits=10", True),
        ("permessage-deflate", False),
        ("permessage-deflate; server_no_context_takeover; client_max_window_bits=10", False),
        ("permessage-bzip2", False),
    ],
)
def test_a_client_takes_only_what_it_offered(answer: str, fits: bool) -> None:
    assert (accepted_by_server(answer) is not None) == fits


@given(st.binary(max_size=5_000), st.integers(9, 15), st.lists(st.integers(0, 6_000), max_size=5))
def test_what_is_compressed_comes_back_however_it_is_cut(
    data: bytes, window_bits: int, cuts: list[int]
) -> None:
    payload = Deflate(window_bits).compressed(data)
    inflater = Inflater(len(data))
    places = [0, *sorted(min(cut, len(payload)) for cut in cuts)]
    parts = [payload[a:b] for a, b in zip(places, [*places[1:], len(payload)], strict=True)]
    result = b"".join(inflater.inflated(part, final=False) for part in parts[:-1])
    assert result + inflater.inflated(parts[-1], final=True) == data


@given(st.integers(0, 2_000), st.integers(1, 100_000))
def test_no_more_than_the_bound_is_inflated(bytes_max: int, over: int) -> None:
    payload = Deflate().compressed(b"x" * (bytes_max + over))
    with pytest.raises(MessageFault) as caught:
        Inflater(bytes_max).inflated(payload, final=True)
    assert caught.value.code == 1009


def test_a_bomb_takes_no_memory() -> None:
    payload = Deflate().compressed(bytes(20_000_000))
    inflater = Inflater(1_000)
    tracemalloc.start()
    with pytest.raises(MessageFault):
        inflater.inflated(payload, final=True)
    _now_bytes, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 200_000


@given(st.binary(max_size=300))
def test_any_bytes_are_a_stream_or_a_fault(payload: bytes) -> None:
    codes = []
    data = b""
    try:
        data = Inflater(1_000).inflated(payload, final=True)
    except MessageFault as fault:
        codes.append(fault.code)
    assert len(data) <= 1_000
    assert set(codes) <= {1002, 1009}
