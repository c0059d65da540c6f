# The clients that people have, against a real server. They are in an environment of their own, which
# sees what .venv has: what they pin must not decide what the toolkit is tested with.
CLIENTS_VENV ?= .venv-clients
CLIENTS_PYTHON ?= $(CLIENTS_VENV)/bin/python
CLIENTS_INSTALLED = $(CLIENTS_VENV)/.installed

.PHONY: test-clients

# The .pth file names what .venv has and the checkout itself: the .pth files in .venv are not read for it.
$(CLIENTS_INSTALLED): requirements/clients.txt make/clients.mk $(PYTHON_READY)
	$(PYTHON) -m venv --clear $(CLIENTS_VENV)
	{ $(PYTHON) -c "import sysconfig; print(sysconfig.get_path('purelib'))"; pwd; } \
		> $$($(CLIENTS_PYTHON) -c "import sysconfig; print(sysconfig.get_path('purelib'))")/toolkit.pth
	$(CLIENTS_PYTHON) -m pip install --quiet --disable-pip-version-check --no-deps -r requirements/clients.txt
	@touch $@

test-clients: $(CLIENTS_INSTALLED)  ## people's own clients against a real server, the demo voice transcribed
	$(CLIENTS_PYTHON) -m pytest -rsP tests/clients
