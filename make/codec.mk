# The codec as an engine, and checkpoints with the audio vocabulary only.
CODEC ?= hubertsiuzdak/snac_24khz
OUTPUT ?= build/$(MODEL)-audio

.PHONY: build-snac export-snac cut-vocabulary

export-snac: $(PYTHON_READY)  ## SNAC's decoder as an ONNX graph: [CODEC=hub id or folder]
	@$(PYTHON) -m engines export-snac $(CODEC) build/snac-onnx

build-snac: $(PYTHON_READY)  ## SNAC's decoder as a TensorRT engine, on this GPU: [CODEC=hub id or folder]
	@$(PYTHON) -m engines build-snac $(CODEC) --output $(ENGINES)

cut-vocabulary: $(PYTHON_READY)  ## a checkpoint whose output head has the audio ids only, for vLLM: [MODEL= OUTPUT=]
	@$(PYTHON) -m engines cut $(MODEL) $(OUTPUT)
