//! The config file: what a user would otherwise give as flags each time.

use std::path::{Path, PathBuf};

use clap::ValueEnum;
use serde::Deserialize;

use crate::{cli::Look, error::Error, rule::unreadable};

const KEYS: &str = "ignore, rules, failOn and output";

/// What stands in the file. A flag counts for more, but for lists, to which it adds.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Config {
    ignore: Vec<String>,
    rules: Vec<PathBuf>,
    fail_on: Option<String>,
    output: Option<String>,
    #[serde(skip)]
    path: PathBuf,
}

impl Config {
    /// From this file, or from the user's own where none is named: it need not be there.
    ///
    /// # Errors
    /// Where it can't be read, or something in it is not known.
    pub fn read(named: Option<&Path>) -> Result<Self, Error> {
        let named = named.filter(|path| !path.as_os_str().is_empty());
        let Some(path) = named.map(Path::to_owned).or_else(usual) else { return Ok(Self::default()) };
        let text = match std::fs::read_to_string(&path) {
            Err(error) if named.is_none() && error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            read => {
                read.map_err(|error| Error::new(format!("cannot read the config file {}: {error}", path.display())))?
            }
        };
        let has_words = text.lines().any(|line| !line.trim().is_empty() && !line.trim().starts_with('#'));
        let config: Self = if has_words {
            serde_saphyr::from_str(&text).map_err(|error| {
                Error::new(format!(
                    "{}; a config file may have {KEYS}",
                    unreadable(&path.display().to_string(), &error)
                ))
            })?
        } else {
            Self::default()
        };
        Ok(Self { path, ..config })
    }

    /// The flags, with what stands here where none is given.
    ///
    /// # Errors
    /// Where a format or severity is none.
    pub fn applied(self, mut look: Look, is_given: impl Fn(&str) -> bool) -> Result<Look, Error> {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        look.rules.splice(0..0, self.rules.iter().map(|rules| folder.join(rules)));
        if let Some(word) = self.output.as_ref().filter(|_| !is_given("output")) {
            look.output = self.value("output", word)?;
        }
        if let Some(word) = self.fail_on.as_ref().filter(|_| !is_given("fail_on")) {
            look.fail_on = self.value("failOn", word)?;
        }
        look.settings = self;
        Ok(look)
    }

    /// What to leave out, and the file that says so.
    pub fn ignore(&self) -> impl Iterator<Item = (&str, String)> {
        self.ignore.iter().map(|word| (word.as_str(), self.path.display().to_string()))
    }

    fn value<T: ValueEnum>(&self, key: &str, word: &str) -> Result<T, Error> {
        T::from_str(word, false).map_err(|_| {
            let known = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
            let known: Vec<_> = known.map(|value| value.get_name().to_owned()).collect();
            Error::new(format!("{}: {key}: {word:?} is none of {}", self.path.display(), known.join(", ")))
        })
    }
}

// https://specifications.freedesktop.org/basedir-spec/latest/: a folder that is not absolute counts as none.
fn usual() -> Option<PathBuf> {
    let set = std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from).filter(|folder| folder.is_absolute());
    let folder = set.or_else(|| Some(std::env::home_dir()?.join(".config")))?;
    Some(folder.join("kubectl-doctor").join("config.yaml"))
}
