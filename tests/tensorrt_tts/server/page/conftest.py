"""The server and the page that these tests share."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from benchmarks.doubles.null_codec import NullCodec
from tests.support.chromium import Page
from tests.support.server_thread import ServerThread, serving
from tests.support.speech_page import TAP, opened_page


@pytest.fixture(scope="module")
def server() -> Iterator[ServerThread]:
    # A codec that takes no time: what is tested is the page, not how busy this machine is.
    with serving(codec=NullCodec()) as running:
        yield running


@pytest_asyncio.fixture
async def page(server: ServerThread, tmp_path: Path) -> AsyncIterator[Page]:
    async with opened_page(server, tmp_path, TAP) as page:
        yield page
