# Benchmarks, on the demo voice and this machine. Results: BENCH_OUT. See benchmarks/README.md.
BENCH_OUT ?= $(OUT)/bench

.PHONY: bench bench-drift bench-quality bench-decode bench-host bench-capacity bench-device soak

bench: $(INSTALLED)  ## speak 22 texts to a server of its own: run log, W&B (offline), figures, report
	$(PYTHON) -m benchmarks sweep --serve --save-audio --score --plot --wandb offline --out $(BENCH_OUT)

bench-drift: $(INSTALLED)  ## one sentence 20 times: does the server get slower?
	$(PYTHON) -m benchmarks iterations --serve --plot --out $(BENCH_OUT)/drift

bench-quality: $(INSTALLED)  ## streamed audio against the batch decode of the same tokens
	$(PYTHON) -m benchmarks quality --out $(BENCH_OUT)/quality

bench-decode: $(INSTALLED)  ## what decoding costs per second of audio, by policy and length
	$(PYTHON) -m benchmarks decode-cost --out $(BENCH_OUT)/decode

bench-host: $(INSTALLED)  ## real-time streams that one process carries when the model costs nothing
	$(PYTHON) -m benchmarks host-overhead --out $(BENCH_OUT)/host

bench-capacity: $(INSTALLED)  ## real-time streams by codec policy, ours beside the usual ones (ten minutes to half an hour)
	$(PYTHON) -m benchmarks capacity --out $(BENCH_OUT)/capacity

MINUTES ?= 10
soak: $(INSTALLED)  ## every route at twice capacity, with clients of every kind: does anything leak? [MINUTES=10]
	$(PYTHON) -m benchmarks soak --minutes $(MINUTES) --out $(BENCH_OUT)/soak

# On a GPU host: `pip install 'tensorrt-tts[vllm,bench,server]'`, then with that PYTHON (no .venv is
# made then). STAGES: some of ceilings,exactness,codec,backbone,first-audio,callers; each adds to
# device.json, and goes on where it was cut short. PRECISION: bf16 or fp8, side by side.
# On a laptop, to test them: make bench-device PYTHON=.venv-vllm/bin/python DEVICE=cpu SHAPE=tiny \
#   DEVICE_FLAGS="--batches 1,2 --limit 2 --seconds 2 --alone 3"
DEVICE ?= cuda
SHAPE ?= orpheus-3b
STAGES ?=
bench-device: $(PYTHON_READY)  ## on a GPU: ceilings, vLLM on the Orpheus shape with random weights, first audio, callers held [STAGES= PRECISION=]
	$(PYTHON) -m benchmarks device --shape $(SHAPE) --device $(DEVICE) $(if $(STAGES),--stages $(STAGES)) \
		$(if $(PRECISION),--precision $(PRECISION)) $(DEVICE_FLAGS) --out $(BENCH_OUT)/device
