# Engines. GPU: a100 (= a100-80), a100-40, l4, l40s, a10g, h100, h200. MODEL: orpheus-3b, spark-0.5b.
# PRECISION: fp16, bf16, int8, int8-sq, fp8, int4-awq; KV: 16, int8, fp8. See engines/README.md.
GPU ?= a100
MODEL ?= orpheus-3b
ENGINES ?= build/engines

ENGINE_OPTIONS = $(call quoted,$(MODEL)) --gpu $(call quoted,$(GPU)) \
	$(if $(PRECISION),--precision $(call quoted,$(PRECISION))) $(if $(KV),--kv $(call quoted,$(KV))) \
	$(if $(CHECKPOINT),--checkpoint $(call quoted,$(CHECKPOINT)))

# A folder has to be given to those that take one.
DIR_GIVEN = $(call quoted,$(or $(DIR),$(error DIR is missing; give an engine's folder, such as \
	make $@ DIR=$(ENGINES)/NAME)))

.PHONY: plan build-engine check-engine verify-engine recipes

plan: $(PYTHON_READY)  ## what an engine would be: GPU=a100 [MODEL= PRECISION= KV= CHECKPOINT=]; needs no GPU
	@$(PYTHON) -m engines plan $(ENGINE_OPTIONS)

build-engine: $(PYTHON_READY)  ## plan, then build on this GPU: GPU=a100 [MODEL= PRECISION= KV= CHECKPOINT= OFFLINE=1 CALIBRATION=]
	@$(PYTHON) -m engines build $(ENGINE_OPTIONS) --output $(call quoted,$(ENGINES)) \
		$(if $(OFFLINE),--offline) $(if $(CALIBRATION),--calibration $(call quoted,$(CALIBRATION)))

check-engine: $(PYTHON_READY)  ## can this engine folder run here? DIR=build/engines/...
	@$(PYTHON) -m engines check $(DIR_GIVEN)

verify-engine: $(PYTHON_READY)  ## does this engine say what its weights say? DIR=build/engines/... [CHECKPOINT=]
	@$(PYTHON) -m engines verify $(DIR_GIVEN) \
		$(if $(CHECKPOINT),--checkpoint $(call quoted,$(CHECKPOINT)))

recipes: $(PYTHON_READY)  ## models, GPUs and formats that have a recipe
	@$(PYTHON) -m engines recipes

# The packages around tensorrt_llm, which want a Python 3.12 of their own (without one, another is
# tried), without what is for CUDA only. With TORCH_INDEX those that import torch are imported too.
TRTLLM_VENV ?= .venv-trtllm
TRTLLM_PYTHON = $(TRTLLM_VENV)/bin/python
TRTLLM_INSTALLED = $(TRTLLM_VENV)/.installed
TRTLLM_BASE_PYTHON ?= $(or $(firstword $(wildcard $(HOME)/.pyenv/versions/3.12.*/bin/python) \
	$(wildcard /usr/bin/python3.12 /usr/local/bin/python3.12)),$(BASE_PYTHON))
TRTLLM_PINS = requirements/trtllm-1.2.1.txt
TRTLLM_PIP = $(TRTLLM_PYTHON) -m pip install --quiet --disable-pip-version-check

.PHONY: test-trtllm-install

test-trtllm-install: $(PYTHON_READY) $(TRTLLM_INSTALLED)  ## resolve what tensorrt_llm 1.2.1 needs against the index, and import it (minutes)
	TRTLLM_PYTHON=$(TRTLLM_PYTHON) $(PYTHON) -m pytest -rP tests/requirements

$(TRTLLM_INSTALLED): $(TRTLLM_PINS) $(TRTLLM_PINS:.txt=-left-out.toml) | $(PYTHON_READY)
	$(TRTLLM_BASE_PYTHON) -m venv --clear $(TRTLLM_VENV)
	$(PYTHON) -m tests.requirements.pins > $(TRTLLM_VENV)/requirements.txt
	$(TRTLLM_PIP) uv==0.13.9
	$(TRTLLM_PYTHON) -m uv pip install --quiet --python $(TRTLLM_PYTHON) --no-deps --only-binary :all: \
		-r $(TRTLLM_VENV)/requirements.txt
	$(if $(TORCH_INDEX),$(TRTLLM_PIP) --index-url $(TORCH_INDEX) -c $(TRTLLM_VENV)/requirements.txt torch==2.9.1)
	@touch $@
