# `make` lists the targets. Nothing but Go is needed to build and test;
# docs/development.md says what the other targets need.

SHELL := /bin/bash
.DEFAULT_GOAL := help

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)

# Tools and environments that are installed on demand, outside the tree.
CACHE ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/sendmsgrec

CLANG_FORMAT          ?= clang-format-14
GOLANGCI_LINT_VERSION := v2.15.0
GOLANGCI_LINT         := $(CACHE)/golangci-lint-$(GOLANGCI_LINT_VERSION)/golangci-lint
DUCKDB_VERSION        := 2.0.0
PYARROW_VERSION       := 26.0.1
KAFKA_VERSION         := 4.3.1
CHDB_VERSION          := 4.4.0
GRPCIO_TOOLS_VERSION  := 1.85.1

# The packages that have tests which need privileges.
PRIVILEGED = $(sort $(dir $(shell grep -rl --include='*_test.go' '^//go:build privileged' ./bpf ./cmd ./record ./replay ./schema)))

# Flags for every go test, for example TESTFLAGS=-v.
TESTFLAGS ?=

FUZZTIME  ?= 10s
# What test-vm runs: guests (5.10, 6.1, 6.12, 7.3, 6.1-x32, 6.1-arm64), probe tiers (fentry,
# kprobe, tracepoint); commas between. VMFLAGS=-v shows all that the guests say.
KERNEL  ?= all
TIER    ?= all
VMFLAGS ?=

BENCH     ?= .
BENCHTIME ?= 1s

##@ Using it

.PHONY: build
build: ## build bin/sendmsgrec (static; no C compiler, no clang)
	CGO_ENABLED=0 $(GO) build -buildvcs=auto -trimpath -ldflags '-s -w -X main.version=$(VERSION)' -o bin/sendmsgrec ./cmd/sendmsgrec

.PHONY: demo
demo: ## record real programs on this machine and look at the result (root; installs Debian packages)
	.ci/demo

.PHONY: man
man: build ## write the man pages to bin/man
	bin/sendmsgrec man --dir bin/man

##@ Testing it

.PHONY: test
test: ## run all tests that need no privilege and nothing but Go
	$(GO) test $(TESTFLAGS) ./...

.PHONY: test-privileged
test-privileged: $(CACHE)/busybox-i386 ## run the tests that load programs into the running kernel (root, and the packages that .ci/run installs)
	busybox32=$(CACHE)/busybox-i386/bin/busybox $(GO) test $(TESTFLAGS) -tags privileged -count=1 -timeout 30m -p 1 $(PRIVILEGED)

.PHONY: test-vm
test-vm: ## run the shared table on Debian's kernels in emulated guests (qemu; KERNEL, TIER, RUN, PKG select, CMD runs a command there)
	$(GO) run ./record/internal/guest -cache $(CACHE) -kernel $(KERNEL) -tier $(TIER) \
		$(if $(RUN),-run '$(RUN)') $(if $(PKG),-pkg $(PKG)) $(VMFLAGS) $(if $(CMD),-- $(CMD))

.PHONY: race
race: ## run the unprivileged tests under the race detector, with fewer of their random cases (C compiler)
	GORACE=atexit_sleep_ms=10 $(GO) test $(TESTFLAGS) -timeout 30m -short -race ./...

.PHONY: fuzz
fuzz: ## run every fuzzer for FUZZTIME (default 10s)
	FUZZTIME=$(FUZZTIME) GO=$(GO) .ci/fuzz

.PHONY: bench
bench: build ## measure against trace-cmd and perf, and put the tables into docs/benchmarks.md (root, trace-cmd, linux-perf)
	$(GO) run ./record/bench -update docs/benchmarks.md

.PHONY: bench-vm
bench-vm: ## count the instructions that tracing costs, in guests, into docs/benchmarks.md (qemu, trace-cmd, linux-perf)
	$(GO) run ./record/internal/guest -cache $(CACHE) -instructions -kernel $(KERNEL) -tier $(TIER) -update docs/benchmarks.md $(VMFLAGS)

.PHONY: bench-parts
bench-parts: ## measure what each part of a recorder costs in the kernel (root)
	$(GO) test -tags privileged -run '^$$' -bench Parts -benchtime 1x ./bpf

.PHONY: bench-go
bench-go: ## run the Go benchmarks (BENCH selects, BENCHTIME is for each)
	$(GO) test -run '^$$' -bench '$(BENCH)' -benchtime $(BENCHTIME) -benchmem ./...

.PHONY: bench-once
bench-once: ## run every benchmark once, briefly, to see that it runs (root, trace-cmd, linux-perf)
	$(MAKE) bench-go BENCHTIME=1x
	$(MAKE) bench-parts
	$(GO) run ./record/bench -rounds 1 -calls 100000 -getppid 100000 -events 1000000

.PHONY: interop
interop: $(CACHE)/python-$(DUCKDB_VERSION)-$(PYARROW_VERSION)/done $(CACHE)/chdb-$(CHDB_VERSION)/done $(CACHE)/protoc-$(GRPCIO_TOOLS_VERSION)/done kafka ## compare our Parquet files with DuckDB and Arrow, our protobuf messages with protoc and Python; send to Kafka brokers and ClickHouse's engine (Python, Java, Maven)
	SENDMSGREC_PYTHON=$(dir $<)bin/python SENDMSGREC_CHDB=$(CACHE)/chdb-$(CHDB_VERSION)/bin/python \
		SENDMSGREC_PROTOC=$(CACHE)/protoc-$(GRPCIO_TOOLS_VERSION)/bin/python SENDMSGREC_KAFKA=$(CACHE)/kafka-$(KAFKA_VERSION) \
		$(GO) test $(TESTFLAGS) -tags interop -count=1 -timeout 30m ./replay/... ./record

.PHONY: fleet
fleet: $(CACHE)/fleet/done kafka ## run docs/fleet.md: recorders, three Kafka brokers, a Parquet data set, two Spark workers (Python, Java, Maven, jq)
	rm -rf $(CACHE)/fleet/lib/python*/site-packages/pyspark/work
	SENDMSGREC_FLEET=$(CACHE)/fleet SENDMSGREC_KAFKA=$(CACHE)/kafka-$(KAFKA_VERSION) \
		$(GO) test $(TESTFLAGS) -tags interop -count=1 -timeout 30m -run FleetPage ./cmd/sendmsgrec

.PHONY: kafka
kafka: $(CACHE)/kafka-$(KAFKA_VERSION)/done ## get Apache Kafka, which interop, fleet and bench-kafka run (Java, Maven)

.PHONY: bench-kafka
bench-kafka: kafka ## measure the Kafka sink against Kafka's own kafka-producer-perf-test, same broker, same record size
	SENDMSGREC_KAFKA=$(CACHE)/kafka-$(KAFKA_VERSION) $(GO) test -tags interop -run '^$$' -bench Kafka -benchtime 1x -timeout 30m ./replay/sink

.PHONY: cross
cross: ## check that schema and replay build on other systems, and everything on arm64; test the columns on 32 bits
	GOOS=darwin GOARCH=arm64 CGO_ENABLED=0 $(GO) build ./schema/... ./replay/...
	GOOS=windows GOARCH=amd64 CGO_ENABLED=0 $(GO) build ./schema/... ./replay/...
	GOOS=linux GOARCH=arm64 CGO_ENABLED=0 $(GO) build ./...
	GOOS=linux GOARCH=386 CGO_ENABLED=0 $(GO) test $(TESTFLAGS) ./schema/colblock

##@ Changing it

.PHONY: generate
generate: ## regenerate the BPF objects (clang-14) and the generated documents
	$(GO) generate ./...

.PHONY: check-generate
check-generate: generate ## regenerate and require that nothing changed
	git diff --exit-code -- bpf docs
	@test -z "$$(git status --porcelain -- bpf docs)" || { git status --short -- bpf docs; echo 'generated files are not committed'; exit 1; }

.PHONY: fmt
fmt: ## format Go and C
	gofmt -w bpf cmd record replay schema
	$(CLANG_FORMAT) -i bpf/*.c bpf/*.h

.PHONY: lint
lint: $(GOLANGCI_LINT) ## gofmt, go vet, staticcheck and others by golangci-lint; clang-format (clang-format-14)
	@test -z "$$(gofmt -l bpf cmd record replay schema)" || { gofmt -l bpf cmd record replay schema; echo 'not gofmt-ed: run make fmt'; exit 1; }
	$(CLANG_FORMAT) --dry-run -Werror bpf/*.c bpf/*.h
	$(GOLANGCI_LINT) run ./...

.PHONY: clean
clean: ## remove what the targets above built in the tree
	rm -rf bin

##@ Help

.PHONY: help
help: ## list the targets
	@awk 'BEGIN { FS = ":.*## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(GOLANGCI_LINT):
	GOBIN=$(dir $@) CGO_ENABLED=0 $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)

$(CACHE)/python-$(DUCKDB_VERSION)-$(PYARROW_VERSION)/done:
	python3 -m venv $(dir $@)
	$(dir $@)bin/pip install --quiet --disable-pip-version-check duckdb==$(DUCKDB_VERSION) pyarrow==$(PYARROW_VERSION)
	touch $@

$(CACHE)/chdb-$(CHDB_VERSION)/done:
	python3 -m venv $(dir $@)
	$(dir $@)bin/pip install --quiet --disable-pip-version-check chdb==$(CHDB_VERSION)
	touch $@

$(CACHE)/protoc-$(GRPCIO_TOOLS_VERSION)/done:
	python3 -m venv $(dir $@)
	$(dir $@)bin/pip install --quiet --disable-pip-version-check grpcio-tools==$(GRPCIO_TOOLS_VERSION)
	touch $@

$(CACHE)/busybox-i386:
	.ci/debian/package bookworm i386 busybox-static $@

$(CACHE)/fleet/done: docs/fleet/requirements.txt
	python3 -m venv --clear $(dir $@)
	$(dir $@)bin/pip install --quiet --disable-pip-version-check -r $<
	touch $@

$(CACHE)/kafka-$(KAFKA_VERSION)/done: .ci/kafka/pom.xml
	mvn --quiet --batch-mode -f $< -Dkafka.version=$(KAFKA_VERSION) dependency:copy-dependencies -DoutputDirectory=$(dir $@)
	touch $@
