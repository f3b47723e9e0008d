# `make` lists the targets. What they do is in tools/, one script a job.

PYTHON ?= python3 python3.13 python3.12 python3.11
PORT ?= 8000
TORCH ?= torch

ifeq ($(OS),Windows_NT)
BIN := .venv/Scripts
BACKENDS_BIN := .venv-backends/Scripts
else
BIN := .venv/bin
BACKENDS_BIN := .venv-backends/bin
endif

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help env book serve lab test lint unit notebooks test-site test-inverse test-seeds studies test-colab \
	test-backends format normalize address lock clean distclean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1 /p' Makefile | while read -r target line; do printf 'make %-14s %s\n' "$$target" "$$line"; done

env: .venv/.complete ## make the environment in .venv (with another Python: make env PYTHON=python3.12)

# The last line marks an environment as whole: one that was left half made is thrown away.
.venv/.complete: requirements.txt pyproject.toml
	@for candidate in $(PYTHON); do \
	  if $$candidate -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; \
	  then python=$$candidate; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Expected Python 3.11, 3.12 or 3.13 with venv, found none among: $(PYTHON)." >&2; \
	  echo "Install one (Debian, Ubuntu: apt install python3-venv) or name it: make env PYTHON=/path/to/python3.12" >&2; \
	  exit 1; \
	fi; \
	echo "Making the environment in .venv with $$($$python --version)"; \
	$$python -m venv $(if $(wildcard .venv/.complete),,--clear) .venv
	@$(BIN)/python -m pip install --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --disable-pip-version-check --quiet --no-deps -e .
	@touch $@

book: env ## run the notebooks that changed, build the site into _build/html
	@$(BIN)/python tools/build_book.py

serve: env ## show the built site (on another port: make serve PORT=9000)
	@$(BIN)/python tools/serve.py $(PORT)

lab: env ## open the notebooks in JupyterLab
	@$(BIN)/python -c 'import jupyterlab' 2>/dev/null || $(BIN)/python -m pip install --disable-pip-version-check -c requirements.txt jupyterlab
	@$(BIN)/python -m jupyter lab notebooks

test: lint unit notebooks ## lint, unit tests, and every notebook from top to bottom

lint: env ## check the form of the code and of the notebooks
	$(BIN)/python -m ruff check
	$(BIN)/python -m ruff format --check
	$(BIN)/python tools/check_notebooks.py

unit: env ## test seqlib, the tools and the pages
	$(BIN)/python -m pytest tests --ignore tests/site --numprocesses 2 --dist loadfile

notebooks: env ## run every notebook and compare the outputs that are contracts (nbval)
	$(BIN)/python -m pytest --nbval-lax --nbval-current-env --nbval-cell-timeout 600 \
	  --numprocesses 2 --dist loadscope -p no:cacheprovider -v notebooks

test-site: env ## open every page of the built site in a real browser
	$(BIN)/python -m pytest tests/site --numprocesses 2 --dist worksteal

test-inverse: env ## run the notebooks with learning switched off: claims that rest on training must fail
	$(BIN)/python tools/test_inverse.py

test-seeds: env ## run a notebook under five other seeds: make test-seeds NOTEBOOK=notebooks/02_....ipynb
	$(BIN)/python tools/test_seeds.py $(NOTEBOOK)

studies: env ## run the studies whose results are missing or stale (one: make studies NAME=memory_curve)
	$(BIN)/python tools/run_studies.py $(NAME)

test-colab: env ## run the notebooks as Colab would: alone, seqlib from its address (BRIEF=--brief: test-inverse in the same run)
	$(BIN)/python tools/test_colab.py $(BRIEF)

# JAX compiles every small case for longer than it runs it: so without most optimizations, and what is compiled is kept.
# Two processes share it; it is the limit of its size that makes JAX lock it (by filelock, which comes with torch).
JAX_SETTINGS := JAX_DISABLE_MOST_OPTIMIZATIONS=1 JAX_COMPILATION_CACHE_DIR=$(CURDIR)/.venv-backends/compiled \
  JAX_COMPILATION_CACHE_MAX_SIZE=1000000000 JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS=0.05
# Data sets load no Keras, as tests/test_layering.py sees to.
BACKEND_TESTS := tests --ignore tests/site --ignore tests/datasets --numprocesses 2 --dist loadfile
test-backends: .venv-backends/.complete ## run the unit tests on JAX and on PyTorch (downloads both)
	KERAS_BACKEND=jax $(JAX_SETTINGS) $(BACKENDS_BIN)/python -m pytest $(BACKEND_TESTS)
	KERAS_BACKEND=torch $(BACKENDS_BIN)/python -m pytest $(BACKEND_TESTS)

# No TensorFlow here, so that a test which needs it in secret fails.
.venv-backends/.complete: .venv/.complete
	$(BIN)/python -m venv --clear .venv-backends
	$(BACKENDS_BIN)/python -m pip install --disable-pip-version-check --quiet --constraint requirements.txt \
	  '$(TORCH)' -e '.[jax,torch,test]'
	@touch $@

format: env ## put the code into the form that lint wants
	$(BIN)/python -m ruff check --fix
	$(BIN)/python -m ruff format

normalize: env ## put the notebooks into the form that lint wants
	$(BIN)/python tools/normalize_notebooks.py

address: env ## set the address of the repository: make address URL=https://host/owner/name
	@$(BIN)/python tools/set_address.py "$(URL)"

lock: env ## pin the environment anew from pyproject.toml
	$(BIN)/python -m uv pip compile --universal --python-version 3.11 --extra tensorflow --extra book --extra test \
	  --no-emit-index-url --upgrade -o requirements.txt pyproject.toml

clean: ## remove the built site; what the notebooks printed is kept
	rm -rf _build

distclean: clean ## remove also the environments, the outputs kept, and what was downloaded
	rm -rf .venv .venv-backends .jupyter_cache .studies node_modules book/_static/vendor .pytest_cache .ruff_cache
