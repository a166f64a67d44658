//! Objects as files have them.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::document::ObjectRef;

/// An object as its file has it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Which one, in the version that is written.
    pub object: ObjectRef,
    /// Where it begins: `deploy/web.yaml:12`.
    pub place: String,
    /// All that is written, but for what may not be shown.
    pub written: Value,
}

impl Manifest {
    /// The file that it is in.
    pub fn file(&self) -> &str {
        self.place.rsplit_once(':').map_or(&self.place, |(file, _)| file)
    }
}
