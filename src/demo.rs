//! Recorded broken clusters inside the binary, for somebody who has none.

use crate::{error::Error, facts::nearest::nearest_name, inventory::Inventory, source::recording};

const CASES: [(&str, &str); 1] = [("seed", include_str!("../testdata/seed/recording.json"))];

/// A recording by its name, the first where none is given, and what was asked of it.
///
/// # Errors
/// Where there is no such case; lists them.
pub fn recording(case: Option<&str>) -> Result<(Inventory, Vec<String>), Error> {
    let found = match case {
        None => CASES.first(),
        Some(name) => CASES.iter().find(|(known, _)| *known == name),
    };
    let Some((_, text)) = found else {
        let names: Vec<&str> = CASES.iter().map(|(name, _)| *name).collect();
        let near = nearest_name(case.unwrap_or_default(), &names)
            .map_or_else(String::new, |near| format!("; did you mean {near}?"));
        return Err(Error::new(format!(
            "there is no demo {:?}{near} (the demos: {})",
            case.unwrap_or_default(),
            names.join(", ")
        )));
    };
    let (inventory, target) = recording::read(text)?;
    Ok((inventory, target.into_iter().collect()))
}
