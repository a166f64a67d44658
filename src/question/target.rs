//! What is asked about, from the words of the command line.

use crate::{error::Error, facts::nearest::nearest_name, kind::Kind};

/// What is asked about.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// All there is in the namespace, or in all of them.
    Everything,
    /// Every object of a kind.
    All(Kind),
    /// One object.
    One(Kind, String),
    /// Whatever has this name.
    Named(String),
    /// Several of those, none of which is several again.
    Several(Vec<Target>),
}

impl Target {
    /// From the words of the command line, as kubectl takes them: `TYPE`, `TYPE NAME…`, `TYPE/NAME…`,
    /// types in a list with commas, or the `NAME` of anything.
    ///
    /// # Errors
    /// Where the two ways are mixed, a word is empty, or a type is none.
    pub fn from_words(words: &[String]) -> Result<Self, Error> {
        if words.iter().any(String::is_empty) {
            return Err(Error::new("an empty word is neither a type nor a name; is a variable not set?"));
        }
        let with_slash = words.iter().filter(|word| word.contains('/')).count();
        let targets = match words {
            [] => return Ok(Self::Everything),
            [word] if word.eq_ignore_ascii_case("all") => return Ok(Self::Everything),
            words if with_slash == words.len() => words.iter().map(|word| one(word)).collect::<Result<Vec<_>, _>>()?,
            _ if with_slash > 0 => {
                return Err(Error::new(format!(
                    "{} mixes TYPE/NAME with TYPE NAME; write one or the other, as in pod/a service/b, or pod a b",
                    words.join(" ")
                )));
            }
            [word] if !word.contains(',') => vec![
                Kind::from_word(word).map_or_else(|| Ok(Self::Named(word.clone())), |_| kind(word).map(Self::All))?,
            ],
            [types, names @ ..] => {
                let kinds = types.split(',').map(kind).collect::<Result<Vec<_>, _>>()?;
                let of_kind = |kind: Kind| match names {
                    [] => vec![Self::All(kind)],
                    names => names.iter().map(|name| Self::One(kind, name.clone())).collect(),
                };
                kinds.into_iter().flat_map(of_kind).collect()
            }
        };
        Ok(Self::of(targets))
    }

    fn of(mut targets: Vec<Self>) -> Self {
        if targets.len() == 1 { targets.remove(0) } else { Self::Several(targets) }
    }

    /// Each of several, or the one.
    pub fn each(&self) -> &[Self] {
        match self {
            Self::Several(targets) => targets,
            one => std::slice::from_ref(one),
        }
    }

    /// The kind, where one is named.
    pub fn kind(&self) -> Option<Kind> {
        match self {
            Self::All(kind) | Self::One(kind, _) => Some(*kind),
            Self::Everything | Self::Named(_) | Self::Several(_) => None,
        }
    }

    /// As the command line takes it back: `service/web`.
    pub fn text(&self) -> String {
        match self {
            Self::Everything => String::new(),
            Self::All(kind) => kind.info().plural.to_owned(),
            Self::One(kind, name) => format!("{}/{name}", kind.info().name.to_lowercase()),
            Self::Named(name) => name.clone(),
            // As the command line takes them back.
            Self::Several(targets) => {
                let between = if targets.iter().all(|target| matches!(target, Self::All(_))) { "," } else { " " };
                targets.iter().map(Self::text).collect::<Vec<_>>().join(between)
            }
        }
    }
}

// `TYPE/NAME`.
fn one(word: &str) -> Result<Target, Error> {
    let (of, name) = word.split_once('/').unwrap_or((word, ""));
    let kind = kind(of)?;
    if name.is_empty() {
        return Err(Error::new(format!(
            "{of}/ has no name after the slash; ask about {of}/NAME, or about {of} for all of them"
        )));
    }
    if name.contains('/') {
        return Err(Error::new(format!("{word} has more than one slash; write TYPE/NAME")));
    }
    Ok(Target::One(kind, name.to_owned()))
}

/// The kind of a word, where it may be asked about.
pub(super) fn kind(word: &str) -> Result<Kind, Error> {
    let known: Vec<String> =
        Kind::ALL.iter().filter(|kind| kind.info().target).map(|kind| kind.info().name.to_lowercase()).collect();
    match Kind::from_word(word) {
        Some(kind) if kind.info().target => Ok(kind),
        Some(kind) => Err(Error::new(format!(
            "{} are looked at only where something uses them; ask about that, as in pod/NAME (the types are {})",
            kind.info().plural,
            known.join(", ")
        ))),
        None => {
            let near = nearest_name(&word.to_lowercase(), &known);
            let near = near
                .map_or_else(|| format!("the types are {}", known.join(", ")), |near| format!("did you mean {near}?"));
            Err(Error::new(format!("there is no type {word:?} that the doctor knows; {near}")))
        }
    }
}
