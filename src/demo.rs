//! Recorded broken clusters inside the binary, for somebody who has none.

use crate::{error::Error, facts::nearest::nearest_name, inventory::Inventory, source::recording};

macro_rules! cases {
    ($($name:literal)*) => { [$(($name, include_str!(concat!("../testdata/", $name, "/recording.json"))),)*] };
}

/// The first is shown where none is named.
const CASES: [(&str, &str); 6] = cases! {
    "seed"
    "image-tag-edited-in-place"
    "rollout-stuck-bad-image"
    "configmap-key-typo"
    "crash-dependency-down"
    "readiness-wrong-port"
};

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
    let Some((_, text)) = CASES.iter().find(|(name, _)| *name == wanted) else {
        let near = nearest_name(wanted, names()).map_or_else(String::new, |near| format!("; did you mean {near}?"));
        let all: Vec<_> = names().collect();
        return Err(Error::new(format!("there is no demo {wanted:?}{near} (the demos: {})", all.join(", "))));
    };
    let (inventory, target) = recording::read(text)?;
    Ok((inventory, target.into_iter().collect()))
}
