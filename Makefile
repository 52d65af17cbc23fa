# The commands a developer types. Each is a line or two over scripts/ and the CMake presets.
#   make test PRESET=asan TESTS=unit.sip      PRESET: dev (default) release asan tsan
PRESET ?= dev
TESTS ?= .
# Options for `offhook demo`, for example ARGS=--json
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo build test asan tsan format format-check lint clean

help:
	@echo 'make demo     install what is missing, build, and make a phone call with the built-in stand-in'
	@echo 'make test     the same, then all tests      PRESET=dev|release|asan|tsan  TESTS=regular expression'
	@echo 'make build    build offhook and the tests   PRESET=...'
	@echo 'make asan     tests with AddressSanitizer and UBSan'
	@echo 'make tsan     tests with ThreadSanitizer'
	@echo 'make format   clang-format all sources; format-check only tells'
	@echo 'make lint     clang-tidy on the files changed since main (all: scripts/lint --all)'
	@echo 'make clean    remove build/ and demo/'

demo:
	@scripts/install-dependencies needed optional
	@scripts/build release src/cli/offhook
	@build/release/src/cli/offhook demo $(ARGS)

build:
	@scripts/install-dependencies needed optional
	@scripts/build $(PRESET)

test:
	@scripts/install-dependencies needed optional peers
	@scripts/build $(PRESET)
	@scripts/run-tests $(PRESET) -R '$(TESTS)'

asan tsan:
	@$(MAKE) --no-print-directory test PRESET=$@

format:
	@scripts/format

format-check:
	@scripts/format --check

lint:
	@scripts/lint

clean:
	rm -rf build demo
