# The two to know: `make test` and `make demo`.  Each sets up what it needs in .venv by itself.
#
#   make test    every test, on all processors, in random order   (ARGS='tests/unit -x' for a part)
#   make demo    start a mail catcher, submit the messages of examples/, show what arrived
#   make lint    formatter, linters, layers, type checkers, manual page   (-k for all at once)
#   make cov     branch coverage of core and message by their unit tests: 100 % or it fails
#   make soak    the long version of `make test`, and three times the tests of docs/faults.md, in
#                random order; the log goes to docs/evidence/   (ARGS=faults for the latter alone)
#   make bench   measure against other clients; the tables go to benchmarks/results/
#   make bench-smoke   run every row of that once, to see that it runs
#   make fmt     let the formatter write
#   make pin     write requirements/*.txt anew, with hashes
#   make clean   remove all that the others made
#
# PYTHON=/path/to/python3.11 chooses the interpreter; without it, one of 3.11 or newer is found.

BIN := .venv/bin
PAGE := src/smtpwire/cli/smtp.1
export PYTHON

LINTERS := lint-format lint-rules lint-layers lint-mypy lint-pyright lint-page
MEASURED := cov-core cov-message

.PHONY: test demo lint $(LINTERS) lint-setup cov $(MEASURED) soak bench bench-smoke fmt pin clean

test:
	@tools/setup test bench
	$(BIN)/pytest --numprocesses auto --dist loadgroup $(ARGS)

demo:
	@tools/setup test
	@$(BIN)/python tools/demo.py

lint: $(LINTERS)

$(LINTERS): lint-setup

lint-setup:
	@tools/setup test lint bench

lint-format:
	$(BIN)/ruff format --check --quiet

lint-rules:
	$(BIN)/ruff check

lint-layers:
	$(BIN)/lint-imports

lint-mypy:
	$(BIN)/mypy

lint-pyright:
	$(BIN)/pyright

lint-page:
	@if command -v mandoc >/dev/null; then set -x; mandoc -T lint -W warning $(PAGE); \
	else echo 'lint: mandoc is not installed, so $(PAGE) was not checked' >&2; fi

# Each by its own unit tests, so that no package lives on the tests of another.
cov: $(MEASURED)

$(MEASURED): cov-%:
	@tools/setup test
	tools/coverage $*

soak:
	@tools/setup test bench
	tools/soak $(ARGS)

bench:
	@tools/setup test bench
	$(BIN)/python -m benchmarks $(ARGS)

bench-smoke:
	@tools/setup test bench
	$(BIN)/python -m benchmarks --smoke $(ARGS)

fmt:
	@tools/setup test lint
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

pin:
	tools/pin

clean:
	rm -rf .venv .venv-pin build dist .coverage .coverage.* .hypothesis
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache
	find src tests tools benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
