//! libFuzzer on one of the targets: `fuzz/run TARGET SECONDS`.

#![no_main]

mod mutate;
mod targets;

use std::{panic, sync::OnceLock, time::Duration};

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use mutate::Random;
use serde_json::Value;

static TARGET: OnceLock<targets::Target> = OnceLock::new();

fn target() -> targets::Target {
    *TARGET.get_or_init(|| {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        let known = targets::TARGETS.iter().find(|(known, _)| *known == name);
        known.unwrap_or_else(|| panic!("FUZZ_TARGET={name}: there is no such target")).1
    })
}

// A panic that the doctor itself catches is none; one that comes out of it ends the fuzzer.
fuzz_target!(init: drop(panic::take_hook()), |data: &[u8]| {
    let before = spent();
    target()(data);
    assert!(spent() - before < MOST, "it takes too long");
});

// On a machine that has much else to do, libFuzzer's own clock says nothing.
const MOST: Duration = Duration::from_secs(10);

// The processor time of this thread (https://docs.kernel.org/scheduler/sched-stats.html).
fn spent() -> Duration {
    let told = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(told.split(' ').next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random::new(seed);
    let document = serde_json::from_slice::<Value>(&data[..size])
        .ok()
        .filter(|document| document.is_object() || document.is_array());
    let Some(mut document) = document.filter(|_| random.below(8) > 0) else {
        return fuzzer_mutate(data, size, max_size);
    };
    mutate::mutate(&mut document, &mut random, &mut |text| {
        let mut bytes = text.as_bytes().to_vec();
        let length = bytes.len();
        bytes.resize(length + 32, 0);
        let longest = bytes.len();
        let length = fuzzer_mutate(&mut bytes, length, longest);
        String::from_utf8_lossy(&bytes[..length]).into_owned()
    });
    let text = document.to_string();
    if text.len() > max_size {
        return fuzzer_mutate(data, size, max_size);
    }
    data[..text.len()].copy_from_slice(text.as_bytes());
    text.len()
});
