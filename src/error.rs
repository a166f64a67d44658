//! What ends a run without a diagnosis.

/// An error that ends the run with exit status 2. Its text is one line that
/// names what is wrong and what to do.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Error(String);

impl Error {
    /// From what is wrong and what to do about it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}
