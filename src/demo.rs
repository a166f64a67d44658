//! Recorded broken clusters inside the binary, for somebody who has none.

use std::io::Read as _;

use flate2::read::GzDecoder;

use crate::{error::Error, facts::nearest::nearest_name, inventory::Inventory, source::recording};

/// Each with its recording, compressed; build.rs says which. The first is shown where none is named.
const CASES: &[(&str, &[u8])] = &include!(concat!(env!("OUT_DIR"), "/demos.rs"));

/// The names of the cases, in the order in which they are listed.
pub fn names() -> impl Iterator<Item = &'static str> {
    CASES.iter().map(|(name, _)| *name)
}

/// A recording by its name, the first where none is given, and what was asked of it.
///
/// # Errors
/// Where there is no such case; lists them.
pub fn recording(case: Option<&str>) -> Result<(Inventory, Vec<String>), Error> {
    let wanted = case.unwrap_or(CASES[0].0);
    let Some((_, packed)) = CASES.iter().find(|(name, _)| *name == wanted) else {
        let near = nearest_name(wanted, names()).map_or_else(String::new, |near| format!("; did you mean {near}?"));
        let all: Vec<_> = names().collect();
        return Err(Error::new(format!("there is no demo {wanted:?}{near} (the demos: {})", all.join(", "))));
    };
    let mut text = String::new();
    GzDecoder::new(*packed)
        .read_to_string(&mut text)
        .map_err(|error| Error::new(format!("cannot unpack the demo {wanted}: {error}")))?;
    let (inventory, target) = recording::read(&text)?;
    Ok((inventory, target.into_iter().collect()))
}
