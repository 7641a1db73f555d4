# Two commands matter: `make demo` and `make test`. Everything here sets up .venv by itself,
# and again when the lock file changed.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed-from-lock

.PHONY: venv system demo test test-all real check lock clean

venv: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed (PYTHON=... make venv); this is " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	# --no-deps: the lock is complete, and pip refuses extras such as sqlalchemy[asyncio] in hash mode.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)
