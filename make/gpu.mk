# On a GPU host, with a Python that has torch for CUDA (and vLLM or tensorrt_llm, for their tests):
# make test-gpu PYTHON=python3. What is missing is skipped and said.
.PHONY: test-gpu

test-gpu: $(PYTHON_READY)  ## every test that needs a GPU; skips, with the reason, what this host lacks
	$(PYTHON) -m pytest -m gpu -rsP
