# Every target runs in .venv, which `setup` makes; `make` alone lists them. Continuous integration
# (.ci/run) calls the same targets. To use a Python of your own: make PYTHON=python3 …

BASE_PYTHON ?= python3
VENV ?= .venv
PYTHON ?= $(VENV)/bin/python
INSTALLED = $(VENV)/.installed
# For targets of a GPU host: whoever brings a Python of their own has it ready; no .venv is made.
PYTHON_READY = $(if $(filter $(VENV)/%,$(PYTHON)),$(INSTALLED))
OUT ?= out
SENTENCE ?= The rain had stopped before the children came home from school.

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-slow test-search check

help:  ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "%-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(INSTALLED)  ## make .venv with everything pinned (CPU; a few minutes the first time)

# torch first and by itself: its exact version is what decides between a CPU and a CUDA build.
$(INSTALLED): pyproject.toml requirements/constraints.txt requirements/scoring.txt
	$(BASE_PYTHON) -m venv $(VENV)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt torch setuptools wheel
	$(PYTHON) -m pip install --quiet --disable-pip-version-check -c requirements/constraints.txt --no-build-isolation -e '.[dev]'
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/scoring.txt
	@touch $@

# VOICE: another voice of the folder that ships; it says SENTENCE where that is given on the command
# line, else a sentence of its own language. What scores Hindi is installed when it is asked for.
VOICE ?=
HINDI_SCORES = $(VENV)/.scoring-hindi

$(HINDI_SCORES): requirements/scoring-hindi.txt $(INSTALLED)
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/scoring-hindi.txt
	@touch $@

demo: $(INSTALLED) $(if $(filter-out heart,$(VOICE)),$(HINDI_SCORES))  ## speak a sentence into out/demo.wav and transcribe it
	@mkdir -p $(OUT)
ifneq ($(VOICE),)
	@$(PYTHON) -m demo_voice demo --work $(OUT) --voice $(call quoted,$(VOICE)) --output $(OUT)/demo.wav \
		--sentence $(call quoted,$(if $(filter-out file,$(origin SENTENCE)),$(SENTENCE)))
else
	$(PYTHON) -m tensorrt_tts speak $(call quoted,$(SENTENCE)) --seed 0 --warm --timing --output $(OUT)/demo.wav
	@$(PYTHON) -m benchmarks.scoring $(OUT)/demo.wav --said $(call quoted,$(SENTENCE))
endif

# Four processes on two cores: half of the tests' time is waiting.
# Containers often forbid bytecode; every process would then compile us and our tests anew.
test: export PYTHONDONTWRITEBYTECODE =
test: $(INSTALLED)  ## the default test suite (minutes on 2 cores)
	$(PYTHON) -m pytest -n 4 --dist loadfile

test-slow: $(INSTALLED)  ## the tests that take minutes each
	$(PYTHON) -m pytest -m slow

test-search: $(INSTALLED)  ## the property tests on new random examples, ten times as many
	$(PYTHON) -m pytest --hypothesis-profile search $$(grep -rlE '^from hypothesis' tests)

check: $(INSTALLED)  ## lint, format and types
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy tensorrt_tts engines vllm_inference benchmarks plot_metrics demo_voice \
		deploy inference_a100_optimized.py

include make/*.mk
