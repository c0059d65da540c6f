# Calibrated builds through NVIDIA's real ModelOpt, on a CPU. It wants the transformers that
# TensorRT-LLM 1.2.1 pins, so it has an environment of its own; .venv saves the newer checkpoints.
MODELOPT_VENV ?= .venv-modelopt
MODELOPT_PYTHON ?= $(MODELOPT_VENV)/bin/python
MODELOPT_INSTALLED = $(MODELOPT_VENV)/.installed
MODELOPT_TORCH = torch==2.13.0
MODELOPT_PIP = $(MODELOPT_PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps

.PHONY: setup-modelopt test-modelopt

setup-modelopt: $(MODELOPT_INSTALLED)  ## make .venv-modelopt with ModelOpt for the CPU (a few minutes, 2 GB)

$(MODELOPT_INSTALLED): requirements/modelopt.txt
	$(BASE_PYTHON) -m venv $(MODELOPT_VENV)
	$(MODELOPT_PIP) $(MODELOPT_TORCH) $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX))
	$(MODELOPT_PIP) -r requirements/modelopt.txt
	@touch $@

test-modelopt: $(MODELOPT_INSTALLED) $(INSTALLED)  ## calibrated builds through the real ModelOpt (CPU), of checkpoints of transformers 4 and 5
	TRANSFORMERS5_PYTHON=$(PYTHON) $(MODELOPT_PYTHON) -m pytest tests/modelopt
