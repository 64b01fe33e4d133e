# `make demo` and `make test` need Python 3.11 or 3.12 and g++; everything else is installed into .venv.
PYTHON ?= $(firstword $(foreach name,python3.11 python3.12 python3,$(shell command -v $(name))))
VENV   ?= .venv
BIN    := $(VENV)/bin

.PHONY: demo test check docs clean

demo: $(VENV)/.installed
	$(BIN)/edgeood demo --out demo

# Style and types first: they fail in seconds. Two pytest processes share the cores.
test: check docs
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 --dist loadfile --durations 15

check: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The site, docs/_build/index.html; a warning is an error.
docs: $(VENV)/.installed
	$(BIN)/sphinx-build --quiet --fail-on-warning --keep-going -b html docs docs/_build
	@echo docs/_build/index.html

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".[all,dev]"
	touch $@

clean:
	rm -rf $(VENV) demo runs jets build dist docs/_build docs/generated
