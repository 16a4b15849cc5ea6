"""Every test of this folder runs on both transports, if it asks for one."""

import pytest

from chargeplane.runtime.links import Transport


@pytest.fixture(params=list(Transport), ids=str)
def transport(request: pytest.FixtureRequest) -> Transport:
    return Transport(request.param)
