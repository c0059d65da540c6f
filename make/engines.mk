# Engines. GPU: a100 (= a100-80), a100-40, l4, l40s, a10g, h100, h200. MODEL: orpheus-3b, spark-0.5b.
# PRECISION: fp16, bf16, int8, int8-sq, fp8, int4-awq; KV: 16, int8, fp8. See engines/README.md.
GPU ?= a100
MODEL ?= orpheus-3b
ENGINES ?= build/engines

ENGINE_OPTIONS = $(MODEL) --gpu $(GPU) $(if $(PRECISION),--precision $(PRECISION)) \
	$(if $(KV),--kv $(KV)) $(if $(CHECKPOINT),--checkpoint $(CHECKPOINT))

.PHONY: plan build-engine check-engine verify-engine recipes

plan: $(PYTHON_READY)  ## what an engine would be: GPU=a100 [MODEL= PRECISION= KV= CHECKPOINT=]; needs no GPU
	@$(PYTHON) -m engines plan $(ENGINE_OPTIONS)

build-engine: $(PYTHON_READY)  ## plan, then build on this GPU: GPU=a100 [MODEL= PRECISION= KV= CHECKPOINT= OFFLINE=1 CALIBRATION=]
	@$(PYTHON) -m engines build $(ENGINE_OPTIONS) --output $(ENGINES) \
		$(if $(OFFLINE),--offline) $(if $(CALIBRATION),--calibration $(CALIBRATION))

check-engine: $(PYTHON_READY)  ## can this engine folder run here? DIR=build/engines/...
	@$(PYTHON) -m engines check $(DIR)

verify-engine: $(PYTHON_READY)  ## does this engine say what its weights say? DIR=build/engines/... [CHECKPOINT=]
	@$(PYTHON) -m engines verify $(DIR) $(if $(CHECKPOINT),--checkpoint $(CHECKPOINT))

recipes: $(PYTHON_READY)  ## models, GPUs and formats that have a recipe
	@$(PYTHON) -m engines recipes
