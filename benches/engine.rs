//! The engine alone, without a server: what the facts and the rules cost, for each object of a recording.

#![allow(clippy::unwrap_used, missing_docs, reason = "a bench that can't go on fails")]

use std::{fs, hint::black_box, path::Path};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use doctor::{
    engine,
    facts::{Part, World},
    graph::{Graph, Reach},
    inventory::Inventory,
    rule::Rules,
    source::recording,
};

/// A small fault, one that drags others along, and a whole shop.
const RECORDINGS: [&str; 3] = ["image-tag-missing", "rollout-stuck-bad-image", "seed"];

fn recorded(name: &str) -> Inventory {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name).join("recording.json");
    recording::read(&fs::read_to_string(path).unwrap()).unwrap().0
}

fn engine(bench: &mut Criterion) {
    let rules = Rules::built_in().unwrap();
    let mut group = bench.benchmark_group("engine");
    for name in RECORDINGS {
        let inventory = recorded(name);
        let world = World::of(&inventory, &rules.logs);
        let reach = Reach::everything(&Graph::of(&inventory, &world.workloads, &rules.logs), None);
        let parts = world.parts(&reach);
        group.throughput(Throughput::Elements(inventory.all_json().count() as u64));
        group.bench_function(BenchmarkId::new("facts", name), |bench| {
            bench.iter(|| parts.iter().map(subjects).sum::<usize>());
        });
        group.bench_function(BenchmarkId::new("facts and rules", name), |bench| {
            bench.iter(|| black_box(engine::run(&rules, &parts)));
        });
    }
    group.finish();
}

fn subjects(part: &Part) -> usize {
    let mut subjects = Vec::new();
    part(&mut subjects);
    black_box(subjects).len()
}

criterion_group!(benches, engine);
criterion_main!(benches);
