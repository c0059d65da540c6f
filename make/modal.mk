# Modal. Needs `pip install 'tensorrt-tts[modal]'` and `modal token new`; costs GPU time.
TEXT ?= Good morning! This is speech from a language model.

.PHONY: build-engine-modal speak-modal benchmark-modal parity-modal

build-engine-modal:  ## plan here, then build on a rented GPU into the Modal volume: GPU=a100 [MODEL= PRECISION= KV=]
	modal run deploy/build_engine.py --gpu $(call quoted,$(GPU)) --model $(call quoted,$(MODEL)) \
		$(if $(PRECISION),--precision $(call quoted,$(PRECISION))) $(if $(KV),--kv $(call quoted,$(KV)))

speak-modal:  ## speak TEXT on a rented A100, streamed, into speech.wav
	modal run inference_a100_optimized.py --text $(call quoted,$(TEXT)) --streaming

benchmark-modal:  ## first audio and tokens per second on a warm A100
	modal run inference_a100_optimized.py --benchmark

parity-modal:  ## streamed against batch audio on a rented A100
	modal run deploy/parity.py --model $(call quoted,$(MODEL))
