# Every target is a command or two that can be typed as well. A bare make lists them.

VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)

# As Grafana's own tool builds backends: static, and without what debuggers need.
PLUGIN_FLAGS := -trimpath -tags arrow_json_stdlib -ldflags "-s -w"

.DEFAULT_GOAL := help
.PHONY: help build demo docs plugin chromium lab package levitate test bench lint update clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

build: ## Build bin/dorado
	go build -trimpath -ldflags "-X main.version=$(VERSION)" -o bin/dorado ./cmd/dorado

demo: build ## Show dorado on a made-up organisation; needs no token and no network
	bin/dorado demo

plugin: grafana/node_modules ## Build the Grafana data source in grafana/dist, for this machine; needs node
	cd grafana && npm run --silent build
	CGO_ENABLED=0 go build $(PLUGIN_FLAGS) -o grafana/dist/gpx_dorado_$$(go env GOOS)_$$(go env GOARCH) ./cmd/gpx_dorado

grafana/node_modules: grafana/package-lock.json
	cd grafana && npm ci --no-audit --no-fund
	touch grafana/node_modules

# The oldest DuckDB that snapshots are promised to be read by.
warehouse/testdata/node/node_modules: warehouse/testdata/node/package-lock.json
	cd warehouse/testdata/node && npm ci --no-audit --no-fund
	touch $@

lab: plugin ## Show the data source in a browser, without a Grafana; dorado serve answers at SERVER
	cd grafana && npm run --silent lab
	go run ./grafana/lab --server $(or $(SERVER),http://127.0.0.1:8920)

package: plugin ## Pack the data source for all platforms into bin, with checksums
	go run ./grafana/pack

levitate: grafana/node_modules ## Check the data source against the lowest Grafana it claims to work with; downloads that one's packages
	cd grafana && npm run --silent levitate

# The browser that pages and the data source are tested in.
chromium:
	@test -n "$$CHROMIUM" || command -v chromium >/dev/null || { apt-get update -q && apt-get install -q -y chromium fonts-inter; }

test: chromium plugin warehouse/testdata/node/node_modules ## Check the formatting, vet, and run all tests, with those of the data source
	@unformatted=$$(gofmt -l $$(find . -name '*.go' -not -path '*/node_modules/*')); test -z "$$unformatted" || { echo "not formatted (run gofmt -w on them):"; echo "$$unformatted"; exit 1; }
	go vet ./...
	cd grafana && npm run --silent lab && npm run --silent typecheck && npm run --silent lint && npm test --silent
	DORADO_TEST_PLUGIN=1 go test -timeout 30m ./...

docs: build ## Write the data dictionary in docs/ anew
	bin/dorado docs

bench: ## Run the benchmarks
	@echo "cores: $$(getconf _NPROCESSORS_ONLN)"
	go test -run '^$$' -bench . -benchmem -timeout 1h ./...

lint: ## Run the linters; the first time they are downloaded and built, which takes minutes
	go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.6.2 run

update: ## Write the golden files anew, to be reviewed with git diff
	@for folder in $$(grep -rl --include='*_test.go' 'flag.Bool("update"' . | xargs -n 1 dirname | sort -u); do \
		echo "go test $$folder -update"; go test "$$folder" -update || exit 1; \
	done

clean: ## Remove what make built
	rm -rf bin grafana/dist grafana/lab/dist grafana/node_modules warehouse/testdata/node/node_modules
