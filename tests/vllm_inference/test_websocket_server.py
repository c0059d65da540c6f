import sys

import pytest

from vllm_inference import websocket_server


def test_a_server_of_the_vllm_backend(monkeypatch, capsys):
    """Without vLLM the entry gets as far as the backend it chose, and says what is missing."""
    from tests.support.tiny_orpheus import tiny_model_folders

    folder, codec = tiny_model_folders()
    monkeypatch.setitem(sys.modules, "vllm", None)
    monkeypatch.setenv("TTS_BACKEND", "reference")  # the entry's choice stands above it
    arguments = ["--model", str(folder), "--codec", str(codec), "--port", "0"]
    assert websocket_server.main(arguments) == 4
    assert "the vllm backend needs vLLM" in capsys.readouterr().err


def test_flags_reach_the_server(capsys):
    assert websocket_server.main(["--slots", "0"]) == 2
    assert "slots" in capsys.readouterr().err


def test_help(capsys):
    with pytest.raises(SystemExit) as caught:
        websocket_server.main(["--help"])
    assert caught.value.code == 0
    assert "--slots" in capsys.readouterr().out
