# Two commands matter: `make demo` and `make test`. Everything here sets up .venv by itself,
# and again when the lock file changed.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed-from-lock
DOCS := .venv/docs

.PHONY: venv system demo test test-all faults real seed-split results bench check docs dist axe audit lock clean

venv: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(0 if (3, 11) <= sys.version_info < (3, 14) else "Python 3.11, 3.12 or 3.13 is needed (PYTHON=... make venv); this is " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	# --no-deps: the lock is complete, and pip refuses extras such as sqlalchemy[asyncio] in hash mode.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $(STAMP)

system:
	scripts/system_packages.sh

# The whole job offline on drawn photos, in ./demo/.
demo: venv system
	$(BIN)/wreck demo demo

# The whole job on 1,227 real photos, in ./real/. Without a network: MIRROR=folder/of/photos.
real: venv system
	$(BIN)/python -m wreck_core.cli.real real $(if $(MIRROR),--mirror $(MIRROR))

# Our recipes on the seed notebook's own split of these photos, in ./real/ too: reports/seed_split.csv.
# NOTEBOOK=1: the notebook's own recipe there, reports/seed_split_notebook.csv.
seed-split: venv system
	$(BIN)/python -m wreck_core.cli.seed_split real $(if $(MIRROR),--mirror $(MIRROR)) $(if $(NOTEBOOK),--notebook)

# docs/results from ./real/: after `make real`, and `make seed-split` for the notebook's table.
results: venv
	$(BIN)/python -m scripts.results real

# Every benchmark at a moderate size; writes docs/benchmarks.md. PHOTOS=folder/with/two/folders, WEIGHTS=folder.
bench: venv system
	$(BIN)/python -m benchmarks $(if $(PHOTOS),--photos $(PHOTOS)) $(if $(WEIGHTS),--weights $(WEIGHTS))

test: venv system
	# Two processes: half of the suite waits for servers, windows and commands. A file's tests stay together.
	$(BIN)/pytest -q -m "not slow" -n 2 --dist loadfile

test-all: venv system
	$(BIN)/pytest -q

# Every promise of SECURITY.md, whole; writes the table of docs/reliability.md. About 20 minutes of processor time.
faults: venv system
	$(BIN)/python -m benchmarks.reliability

check: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The site, in build/docs/site: reference pages written from the code, every internal link checked.
docs: venv $(DOCS)/.installed-from-lock
	$(BIN)/python -m scripts.site build/docs
	$(DOCS)/bin/zensical build --strict --config-file build/docs/zensical.toml

$(DOCS)/.installed-from-lock: docs/requirements.lock | venv
	test -x $(DOCS)/bin/python || $(PYTHON) -m venv $(DOCS)
	$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r docs/requirements.lock
	touch $@

# Wheel and sdist, in dist/; the wheel installed into an empty environment, where its command must answer.
dist: venv
	rm -rf dist
	$(BIN)/uv build --quiet --no-build-isolation --python $(BIN)/python --out-dir dist
	rm -rf build/empty && $(PYTHON) -m venv build/empty
	build/empty/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	build/empty/bin/python -m pip install --quiet --disable-pip-version-check --no-deps dist/*.whl
	cd build && empty/bin/wreck --version && empty/bin/wreck --help >/dev/null && empty/bin/python -m flows --help >/dev/null

# axe-core (MPL-2.0) looks for accessibility faults in the browser tests, which skip without it.
axe:
	npm install --no-save --no-package-lock --ignore-scripts --prefix . axe-core@4.14.1

# Known advisories against the locked packages. Without a network it says so, and that is no failure here:
# scripts/audit.py itself exits with 75 then.
audit: venv
	$(BIN)/python scripts/audit.py || [ $$? -eq 75 ]

# Hashes and no index addresses: the same files work behind any mirror.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-annotate --custom-compile-command "make lock"
lock: venv
	$(COMPILE) pyproject.toml --all-extras --group dev --output-file requirements.lock
	$(COMPILE) --group docs --output-file docs/requirements.lock

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis demo real node_modules
