//! Changes JSON in its structure, so that what is made is still JSON and gets further than to its reader.

use serde_json::{Map, Number, Value};

/// Texts that have tripped programs before.
const TEXTS: [&str; 40] = [
    "",
    " ",
    "a",
    "-",
    "/",
    ":",
    "*",
    "%",
    "0",
    "-1",
    "1e400",
    "NaN",
    "9999999999999999999Ei",
    "1e3",
    "1Ki",
    "-1m",
    "0x10",
    "true",
    "null",
    "default",
    "kube-system",
    "web",
    "app=web",
    "a/b/c",
    "../..",
    "~",
    "\u{202e}",
    "\u{1b}[31m",
    "é",
    "💥",
    "\0",
    "2026-01-01T00:00:00Z",
    "9999-12-31T23:59:59Z",
    "-009999-01-02T01:59:59Z",
    "0001-01-01T00:00:00Z",
    "Always",
    "Exists",
    "NotIn",
    "DoNotSchedule",
    "v1",
];

/// A small generator (https://prng.di.unimi.it/splitmix64.c): libFuzzer gives each mutation a seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u32) -> Self {
        Self(u64::from(seed))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(limit.max(1)).unwrap_or(1)).unwrap_or(0)
    }
}

/// One to four changes at random places.
pub fn mutate(document: &mut Value, random: &mut Random, bytes: &mut dyn FnMut(&str) -> String) {
    for _ in 0..=random.below(4) {
        let count = count(document);
        let donor = nth(document, &mut random.below(count)).cloned().unwrap_or_default();
        let mut at = random.below(count);
        if let Some(place) = nth_mut(document, &mut at) {
            change(place, donor, random, bytes);
        }
    }
}

fn change(place: &mut Value, donor: Value, random: &mut Random, bytes: &mut dyn FnMut(&str) -> String) {
    match (random.below(10), &mut *place) {
        (0, _) => *place = scalar(random),
        (1, _) => *place = donor,
        (2, Value::Array(list)) if !list.is_empty() => drop(list.remove(random.below(list.len()))),
        (2, Value::Object(map)) => drop(key(map, random).and_then(|key| map.remove(&key))),
        (3, Value::Array(list)) => list.push(donor),
        (3, Value::Object(map)) => drop(key(map, random).and_then(|key| map.insert(key, donor))),
        (4, Value::Array(list)) if !list.is_empty() => list.push(list[random.below(list.len())].clone()),
        (4, Value::Object(map)) => {
            if let Some((key, value)) = key(map, random).and_then(|key| map.remove_entry(&key)) {
                map.insert(bytes(&key), value);
            }
        }
        (5, _) => *place = Value::Array(vec![place.take()]),
        (_, Value::String(text)) if donor.is_string() && random.below(2) == 0 => {
            *text = donor.as_str().unwrap_or_default().to_owned()
        }
        (_, Value::String(text)) if random.below(4) == 0 => *text = text.repeat(2 + random.below(6)),
        (_, Value::String(text)) => *text = bytes(text),
        (_, Value::Number(number)) => *number = self::number(random),
        (_, Value::Bool(truth)) => *truth = !*truth,
        (_, _) => *place = scalar(random),
    }
}

fn scalar(random: &mut Random) -> Value {
    match random.below(8) {
        0 => Value::Null,
        1 => Value::Bool(random.below(2) == 0),
        2 => Value::Array(Vec::new()),
        3 => Value::Object(Map::new()),
        4 | 5 => Value::Number(number(random)),
        _ => Value::from(TEXTS[random.below(TEXTS.len())]),
    }
}

fn number(random: &mut Random) -> Number {
    match random.below(12) {
        0 => i64::MAX.into(),
        1 => i64::MIN.into(),
        2 => u64::MAX.into(),
        3 => i32::MAX.into(),
        4 => i32::MIN.into(),
        5 => (-1).into(),
        6 => 65536.into(),
        7 => Number::from_f64(1.5).unwrap_or_else(|| 1.into()),
        8 => Number::from_f64(1e300).unwrap_or_else(|| 1.into()),
        _ => random.below(300).into(),
    }
}

fn key(map: &Map<String, Value>, random: &mut Random) -> Option<String> {
    map.keys().nth(random.below(map.len())).cloned()
}

fn count(value: &Value) -> usize {
    1 + match value {
        Value::Array(list) => list.iter().map(count).sum(),
        Value::Object(map) => map.values().map(count).sum(),
        _ => 0,
    }
}

fn nth<'a>(value: &'a Value, left: &mut usize) -> Option<&'a Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(list) => list.iter().find_map(|value| nth(value, left)),
        Value::Object(map) => map.values().find_map(|value| nth(value, left)),
        _ => None,
    }
}

fn nth_mut<'a>(value: &'a mut Value, left: &mut usize) -> Option<&'a mut Value> {
    if *left == 0 {
        return Some(value);
    }
    *left -= 1;
    match value {
        Value::Array(list) => list.iter_mut().find_map(|value| nth_mut(value, left)),
        Value::Object(map) => map.values_mut().find_map(|value| nth_mut(value, left)),
        _ => None,
    }
}
