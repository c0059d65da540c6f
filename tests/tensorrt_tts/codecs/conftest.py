import pytest

from tests.support.codec_desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()
