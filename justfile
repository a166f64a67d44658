# What CI runs (.ci/run), one stage at a time, and what a developer does besides

# the recipes
default:
    @just --list --unsorted

# formatting and lints
check:
    .ci/run fmt clippy

build:
    cargo build

# unit tests, recordings and snapshots
test:
    cargo test

# licences, bans, sources, advisories
deny:
    .ci/deny

# the documentation as a site, in target/book
docs: build
    docs/build

# the archives of a release, the krew manifest, sums and SBOM, in dist/; needs cargo-zigbuild and zig (both on PyPI)
dist:
    .ci/dist

# all that CI runs
ci:
    .ci/run

# a real Kubernetes cluster, without Docker; needs root
cluster-up:
    tests/cluster/cluster up

cluster-down:
    tests/cluster/cluster down

# real faults on a real cluster, and the score
e2e: build
    .ci/e2e

# a case of tests/faults that is applied, recorded into testdata/
record case: build
    mkdir -p testdata/{{ case }}
    tests/cluster/cluster exec target/debug/kubectl-doctor record -n {{ case }} $(sed -n 's/^# ask: *//p' tests/faults/cases/{{ case }}.yaml) --file testdata/{{ case }}/recording.json

# how long a diagnosis of a whole cluster takes against kubectl, from 1,000 pods to 20,000, and then the engine alone
bench:
    cargo build --release
    benches/growth --doctor target/release/kubectl-doctor
    cargo bench

# a diagnosis without a cluster
demo: build
    target/debug/kubectl-doctor demo
