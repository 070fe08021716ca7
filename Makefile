# make help lists what can be made. Go and gcc are all that is needed (gcc for
# the race detector of the tests; the program itself is built without cgo).

SHELL       := bash
.SHELLFLAGS := -o pipefail -c

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

# Tools run from their modules at these versions; nothing is installed.
GOLANGCI_LINT := $(GO) run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
ACTIONLINT    := $(GO) run github.com/rhysd/actionlint/cmd/actionlint@v1.7.12

# SQLite was translated from C, and every access to its memory would be watched,
# which takes several times as long as everything else the tests do.
RACE := -race -gcflags=modernc.org/...=-race=false

# The whole of the tests ends within this, or says where it hangs.
TEST_TIMEOUT ?= 9m
FUZZTIME     ?= 30s
BENCH        ?= .
BENCHTIME    ?= 1s
SOAK         ?= 10m
SOAK_SEED    ?=
CRASH_SEED   ?=
REPLICAS     ?= 3m

.DEFAULT_GOAL := help
.PHONY: help demo build test check lint vet tidy workflows format golden bench soak backlog crash replicas fuzz clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## start a whole workspace to try modbot in; nothing to configure, nothing kept
	$(GO) run ./cmd/modbot demo

build: ## build bin/modbot, static
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/modbot ./cmd/modbot

# What vet says is make vet's to say, once.
test: ## run every test under the race detector
	$(GO) test $(RACE) -vet=off -timeout $(TEST_TIMEOUT) ./...

check: lint vet tidy workflows build test ## run everything that a change must pass

lint: ## run the linters, the format included
	$(GOLANGCI_LINT) run --allow-serial-runners ./...

vet: ## run go vet
	$(GO) vet ./...

tidy: ## check that go.mod and go.sum are what the imports need
	$(GO) mod tidy -diff
	$(GO) mod verify

workflows: ## check the workflows
	$(ACTIONLINT)

format: ## format the code as the linters want it
	$(GOLANGCI_LINT) fmt ./...

golden: ## write the golden files of the tests anew; read the difference afterwards
	MODBOT_UPDATE_GOLDEN=1 $(GO) test ./...

bench: ## measure, and print one table; BENCH=regexp, BENCHTIME=duration
	$(GO) test -p 1 -run '^$$' -bench '$(BENCH)' -benchtime '$(BENCHTIME)' -timeout 30m ./... | $(GO) run ./internal/benchtable

# The soak ends by itself: what the load left behind has ten minutes more.
soak: ## run modbot under load while everything around it fails, for SOAK (10m), and count
	MODBOT_SOAK='$(SOAK)' MODBOT_SOAK_SEED='$(SOAK_SEED)' $(GO) test -count=1 -run '^TestSoak$$' -timeout 0 -v ./internal/soak

backlog: ## tell 10,000 entries to a channel on each platform, and count the messages
	$(GO) test -count=1 -run '^TestBacklog$$' -v ./cmd/modbot

# The tests of package crash run in a short form by make test.
crash: ## kill, stop and cut the power of modbot for minutes, on SQLite and PostgreSQL, and count
	MODBOT_CRASH=1 MODBOT_CRASH_SEED='$(CRASH_SEED)' $(GO) test -count=1 -p 1 -parallel 1 -timeout 2h -v ./internal/crash/...

replicas: ## run three modbots on one PostgreSQL under kills, pauses and a bad wire, for REPLICAS (3m) each
	MODBOT_REPLICAS='$(REPLICAS)' $(GO) test -count=1 -timeout 0 -v ./internal/replicas

# Go runs one fuzz target at a time, so they are found and run one by one.
fuzz: ## run every fuzz target for FUZZTIME (30s)
	@grep -rE --include='*_test.go' '^func Fuzz[A-Z]' cmd internal | \
	sed -E 's|^(.*)/[^/]+:func (Fuzz[A-Za-z0-9_]+).*|\1 \2|' | sort -u | \
	while read -r dir target; do \
		echo "== $$dir $$target"; \
		$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime '$(FUZZTIME)' -fuzzminimizetime 10s "./$$dir" || exit 1; \
	done

clean: ## remove what was built
	rm -rf bin dist
