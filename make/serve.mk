# The server, on the demo voice unless TTS_* variables or SERVE say otherwise.
# SERVE: more flags, as in make serve SERVE="--slots 8 --host 0.0.0.0". See tensorrt_tts/server.
SERVE ?=

.PHONY: serve test-server screenshots

serve: $(INSTALLED)  ## speech over a WebSocket at :8000/ws/tts, and a page to hear it at :8000/test
	$(PYTHON) -m tensorrt_tts.server $(SERVE)

test-server: $(INSTALLED)  ## protocol, faults and drain on real sockets, and the page in Chromium
	$(PYTHON) -m pytest tests/tensorrt_tts/server

screenshots: $(INSTALLED)  ## the page with the demo voice in Chromium; pictures into docs/server
	@mkdir -p docs/server
	TTS_SCREENSHOTS=docs/server $(PYTHON) -m pytest -m slow tests/tensorrt_tts/server/test_demo_page.py
