# The codec as an engine, and checkpoints with the audio vocabulary only.
CODEC ?= hubertsiuzdak/snac_24khz
SPARK ?= SparkAudio/Spark-TTS-0.5B
OUTPUT ?= build/$(MODEL)-audio

.PHONY: build-bicodec build-snac export-bicodec export-snac cut-vocabulary

export-snac: $(PYTHON_READY)  ## SNAC's decoder as an ONNX graph: [CODEC=hub id or folder]
	@$(PYTHON) -m engines export-snac $(call quoted,$(CODEC)) build/snac-onnx

build-snac: $(PYTHON_READY)  ## SNAC's decoder as a TensorRT engine, on this GPU: [CODEC=hub id or folder]
	@$(PYTHON) -m engines build-snac $(call quoted,$(CODEC)) --output $(call quoted,$(ENGINES))

export-bicodec: $(PYTHON_READY)  ## BiCodec's decoder as an ONNX graph: [SPARK=hub id or folder]
	@$(PYTHON) -m engines export-bicodec $(call quoted,$(SPARK)) build/bicodec-onnx

build-bicodec: $(PYTHON_READY)  ## BiCodec's decoder as a TensorRT engine, on this GPU: [SPARK=hub id or folder]
	@$(PYTHON) -m engines build-bicodec $(call quoted,$(SPARK)) --output $(call quoted,$(ENGINES))

cut-vocabulary: $(PYTHON_READY)  ## a checkpoint whose output head has the audio ids only, for vLLM: [MODEL= OUTPUT=]
	@$(PYTHON) -m engines cut $(call quoted,$(MODEL)) $(call quoted,$(OUTPUT))
