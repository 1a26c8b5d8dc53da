# Two commands on a fresh machine: `make demo` and `make test`. The work is in scripts/ and Tests/Tools/.

.DEFAULT_GOAL := help
.PHONY: help demo test build release install uninstall deb bench bench-s3 bench-collection soak soak-collection tools stores observers format lint clean
swift_sources := Sources Tests Package.swift

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' Makefile

demo: release ## build, back up a sample hospital to two sites, lose one, restore, compare
	HDSBACKUP="$(CURDIR)/.build/release/hdsbackup" Tests/Tools/demo.sh

test: tools stores observers ## install what is missing, build, run every test
	scripts/run-tests.sh

build: tools ## build for development
	swift build -Xcc -O2 -Xcxx -O2

release: tools ## build for use
	swift build -c release

install: release ## install below PREFIX (/usr), in DESTDIR where it is set; keys, configuration and state are left alone
	scripts/install.sh install

uninstall: ## remove what install installed, and nothing else
	scripts/install.sh uninstall

deb: release ## a package for Debian 12 and later, below .build/deb
	scripts/install-tools.sh packaging
	scripts/deb/build.sh

bench: release ## measure, beside restic, borg and the limit (BENCH_ARGS='--mib 1024 --rounds 3': see Benchmarks/bench.py)
	Benchmarks/bench.py --program "$(CURDIR)/.build/release/hdsbackup" $(BENCH_ARGS)

bench-s3: release ## measure on S3 stores of this machine, beside restic and rclone (BENCH_ARGS: see Benchmarks/s3.py)
	scripts/install-s3-stores.sh ceph seaweedfs
	Benchmarks/s3.py --program "$(CURDIR)/.build/release/hdsbackup" $(BENCH_ARGS)

bench-collection: release ## measure retention and collection, beside restic's (BENCH_ARGS: see Benchmarks/collect.py)
	Benchmarks/collect.py --program "$(CURDIR)/.build/release/hdsbackup" $(BENCH_ARGS)

soak: release ## let the daemon work for a while under kills and absences (SOAK_ARGS='--minutes 20 --idle 60': see Benchmarks/soak.py)
	Benchmarks/soak.py --program "$(CURDIR)/.build/release/hdsbackup" $(SOAK_ARGS)

soak-collection: release ## let nodes, a replicator and a collector work under kills (SOAK_ARGS='--minutes 10 --s3 ceph': see Benchmarks/collect_soak.py)
	scripts/install-s3-stores.sh
	Benchmarks/collect_soak.py --program "$(CURDIR)/.build/release/hdsbackup" $(SOAK_ARGS)

tools: ## install the libraries and programs that are missing
	scripts/install-tools.sh

stores: ## install the object stores that the tests start on loopback
	scripts/install-s3-stores.sh

observers: ## bring promtool, Chromium and WeasyPrint, which look at pages and metrics in tests, below .build-observers
	scripts/install-observers.sh

format: ## rewrite the Swift sources in the house format
	swift format --in-place --recursive --parallel $(swift_sources)

lint: ## check the format of the Swift sources and the syntax of the scripts
	swift format lint --strict --recursive --parallel $(swift_sources)
	find scripts Tests .ci -name '*.sh' -o -path .ci/run | xargs -n 1 bash -n
	for script in scripts/deb/p*st* scripts/deb/prerm systemd/hdsbackup-as-daemon; do sh -n "$$script" || exit 1; done
	for check in etc/checks/*; do sh -n "$$check" || exit 1; done
	python3 -c 'import ast, pathlib; [ast.parse(p.read_bytes(), str(p)) for p in pathlib.Path("Tests").rglob("*.py")]'

clean: ## remove what was built and the Python environment of the tests
	rm -rf .build .build-stores .build-observers .venv-tests
