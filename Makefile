# Debian packages the build needs; a name that is already installed (or provided) costs nothing.
DEBIAN_PACKAGES := libncursesw5-dev libsqlite3-dev

PREFIX ?= /usr/local
DESTDIR ?=
# MODEL=PATH runs another GGUF instead of fetching the default one; ARGS are passed to the program.
MODEL ?=
ARGS ?=
# VERIFY=1 makes `make model` check the whole hash of a model that is already there.
VERIFY ?=

# Left to itself the package manager colours its messages on a terminal only, and builds everything anew for it.
SWIFT_BUILD := swift build -c release --no-color-diagnostics
PROGRAM := .build/release/terrarium
# What is installed carries Swift's libraries in itself, so that it outlives the toolchain. Tests cannot be linked
# so; a folder of its own saves building everything anew each time the two alternate.
STATIC := .build-static/release/terrarium
SHARE := $(DESTDIR)$(PREFIX)/share
COMPLETIONS := bash:bash-completion/completions/terrarium zsh:zsh/site-functions/_terrarium \
	fish:fish/vendor_completions.d/terrarium.fish

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test test-servers kill-loop model test-models build picture bench-peers static install clean swift packages static-packages

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  variables         MODEL=FILE.gguf  ARGS='prompts/story.md'  PREFIX=$(PREFIX)  DESTDIR=  VERIFY=1"

run: build $(if $(MODEL),,model) ## set up what is missing, build, start the playground (MODEL=, ARGS=)
	@echo "==> Starting $(PROGRAM)"
	@exec $(PROGRAM) $(if $(MODEL),--model "$(MODEL)") $(ARGS)

# Tests reach what they test as `package`, not by @testable: so they share one release build with the program.
test: swift packages model test-models ## set up what is missing, build, run every test
	@echo "==> Building the program and the tests (release; the first time takes some minutes)"
	@$(SWIFT_BUILD)
	@$(SWIFT_BUILD) --build-tests
	@echo "==> Running the tests"
	@swift test -c release --no-color-diagnostics --disable-testable-imports --skip RemoteTests
	@echo "==> Running the tests of servers, alone: what computes for minutes keeps the network waiting"
	@swift test -c release --no-color-diagnostics --disable-testable-imports --filter RemoteTests
	@set -e; for script in scripts/test-*.sh; do [ -e "$$script" ] || continue; \
		echo "==> Running $$script"; "./$$script"; done

test-servers: build model ## try real inference servers on this machine, built once into the cache
	@scripts/test-servers.sh

# ARGS is how often.
kill-loop: ## kill the playground and running experiments 500 times each (after make test)
	@scripts/kill-loop.sh $(ARGS)

model: ## fetch the default model, once (VERIFY=1 checks its hash again)
	@VERIFY="$(VERIFY)" scripts/fetch-model.sh

test-models: ## fetch what the tests need of other models, once (320 MB; Gemma under its own terms)
	@scripts/fetch-test-models.sh

build: swift packages ## build the program (release)
	@echo "==> Building the program (release; the first time takes some minutes)"
	@$(SWIFT_BUILD)

picture: build model ## make the pictures of docs/ from the running program (needs tmux and python3)
	@scripts/picture.sh

# ARGS go to scripts/bench-peers.py, which lists them with --help.
bench-peers: build model ## build llama.cpp once, measure both in turn, write docs/benchmarks.md (needs python3)
	@scripts/bench-peers.sh $(ARGS)

static: swift static-packages ## build the program with Swift's libraries inside, as install does
	@echo "==> Building the program to install (release, static; the first time takes some minutes)"
	@$(SWIFT_BUILD) --static-swift-stdlib -Xlinker -s --scratch-path .build-static --product terrarium

# `sudo make install` takes what the user has built: root often has no Swift, and must not own files in here.
install: ## install program, man page, completions and prompts (PREFIX=, DESTDIR=)
	@if [ -z "$$SUDO_USER" ] || [ ! -x $(STATIC) ]; then $(MAKE) --no-print-directory static || { \
		[ -z "$$SUDO_USER" ] || echo "Or run 'make static' as yourself, then 'sudo make install'." >&2; exit 1; }; fi
	@echo "==> Installing into $(DESTDIR)$(PREFIX)"
	@install -D -m 755 $(STATIC) "$(DESTDIR)$(PREFIX)/bin/terrarium"
	@install -D -m 644 docs/terrarium.1 "$(SHARE)/man/man1/terrarium.1"
	@set -e; for pair in $(COMPLETIONS); do file="$(SHARE)/$${pair#*:}"; \
		text=$$($(STATIC) --generate-completion-script "$${pair%%:*}"); \
		mkdir -p "$${file%/*}"; printf '%s\n' "$$text" > "$$file"; chmod 644 "$$file"; done
	@set -e; find prompts -type f ! -name '.*' | while IFS= read -r file; do \
		install -D -m 644 "$$file" "$(SHARE)/terrarium/$$file"; done
	@echo "==> Installed; the model is fetched with 'make model', as the user who runs it"

clean: ## remove what was built (the model and your own prompts stay)
	@echo "==> Removing .build and .build-static"
	@rm -rf .build .build-static

swift:
	@scripts/check-swift.sh 6.1

packages:
	@scripts/debian-packages.sh $(DEBIAN_PACKAGES)

# Swift's own libraries inside need curl's to link with.
static-packages:
	@scripts/debian-packages.sh $(DEBIAN_PACKAGES) libcurl4-openssl-dev
