"""A short round of the fuzzer; ``make fuzz`` runs one as long as one likes."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from random import Random

import pytest

from tests.fuzz.targets import one_input, seeds
from tests.soak import cases

SEEDS = list(seeds())


def test_nothing_raises_for_frames_and_payloads_with_random_damage() -> None:
    random = Random(7)
    for _ in range(20_000):
        data = bytearray(random.choice(SEEDS))
        for _ in range(random.randrange(6)):
            place = random.randrange(len(data))
            if random.random() < 0.4:
                del data[place : place + random.randrange(1, 9)]
            else:
                data[place : place + random.randrange(2)] = random.choice(SEEDS)[:8]
            data = data or bytearray(1)
        one_input(bytes(data))


@pytest.mark.soak
@pytest.mark.timeout(180)
@pytest.mark.skipif(find_spec("atheris") is None, reason="atheris has no wheel for this platform")
def test_coverage_guided_fuzzing_finds_nothing_in_a_few_seconds() -> None:
    command = [sys.executable, "-m", "tests.fuzz", "--seconds", str(cases(20, 3))]
    done = subprocess.run(command, capture_output=True, text=True, timeout=150, check=False)
    assert done.returncode == 0, done.stderr[-4000:]
    assert "Done " in done.stderr
