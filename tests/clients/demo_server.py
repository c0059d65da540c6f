"""A real server with the voice that ships."""

from tensorrt_tts.server.serve import open_configured
from tensorrt_tts.synthesizer import Synthesizer
from tests.support.backend_double import BackendDouble
from tests.support.server_thread import ServerThread


class DemoServer(ServerThread):
    def __init__(self) -> None:
        super().__init__(BackendDouble(), slots=1)

    def _open(self) -> Synthesizer:
        return open_configured(self.settings)
