//! What is asked about, from the words of the command line.

use crate::{
    custom::{self, Resource, Types},
    error::Error,
    kind::Kind,
};

/// What is asked about.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    /// All there is in the namespace, or in all of them.
    Everything,
    /// Every object of a kind.
    All(Kind),
    /// One object.
    One(Kind, String),
    /// Of a kind that the doctor does not know by itself, all or the one of this name.
    Custom(Resource, Option<String>),
    /// Whatever has this name.
    Named(String),
    /// Several of those, none of which is several again.
    Several(Vec<Target>),
}

impl Target {
    /// From the words of the command line, as kubectl takes them: `TYPE`, `TYPE NAME…`, `TYPE/NAME…`,
    /// types in a list with commas, or the `NAME` of anything.
    ///
    /// Types that the doctor does not know by itself are looked up among these.
    ///
    /// # Errors
    /// Where the two ways are mixed, a word is empty, or a type is none.
    pub fn from_words(words: &[String], types: &Types) -> Result<Self, Error> {
        if words.iter().any(String::is_empty) {
            return Err(Error::new("an empty word is neither a type nor a name; is a variable not set?"));
        }
        let with_slash = words.iter().filter(|word| word.contains('/')).count();
        let targets = match words {
            [] => return Ok(Self::Everything),
            [word] if word.eq_ignore_ascii_case("all") => return Ok(Self::Everything),
            words if with_slash == words.len() => {
                words.iter().map(|word| one(word, types)).collect::<Result<Vec<_>, _>>()?
            }
            _ if with_slash > 0 => {
                return Err(Error::new(format!(
                    "{} mixes TYPE/NAME with TYPE NAME; write one or the other, as in pod/a service/b, or pod a b",
                    words.join(" ")
                )));
            }
            [word] if !word.contains(',') && Kind::from_word(word).is_none() && types.find(word).is_none() => {
                vec![Self::Named(word.clone())]
            }
            [words, names @ ..] => {
                let of_word = |word: &str| match names {
                    [] => of_type(word, None, types).map(|target| vec![target]),
                    names => names.iter().map(|name| of_type(word, Some(name), types)).collect(),
                };
                words.split(',').map(of_word).collect::<Result<Vec<_>, _>>()?.concat()
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
            Self::Everything | Self::Custom(..) | Self::Named(_) | Self::Several(_) => None,
        }
    }

    /// As the command line takes it back: `service/web`.
    pub fn text(&self) -> String {
        match self {
            Self::Everything => String::new(),
            Self::All(kind) => kind.info().plural.to_owned(),
            Self::One(kind, name) => format!("{}/{name}", kind.info().name.to_lowercase()),
            Self::Custom(of, None) => of.unlike_built_in(&of.plural),
            Self::Custom(of, Some(name)) => format!("{}/{name}", of.unlike_built_in(&of.singular)),
            Self::Named(name) => name.clone(),
            // As the command line takes them back.
            Self::Several(targets) => {
                let between = if targets.iter().all(|target| matches!(target, Self::All(_) | Self::Custom(_, None))) {
                    ","
                } else {
                    " "
                };
                targets.iter().map(Self::text).collect::<Vec<_>>().join(between)
            }
        }
    }
}

// `TYPE/NAME`.
fn one(word: &str, types: &Types) -> Result<Target, Error> {
    let (of, name) = word.split_once('/').unwrap_or((word, ""));
    let target = of_type(of, Some(name), types)?;
    if name.is_empty() {
        return Err(Error::new(format!(
            "{of}/ has no name after the slash; ask about {of}/NAME, or about {of} for all of them"
        )));
    }
    if name.contains('/') {
        return Err(Error::new(format!("{word} has more than one slash; write TYPE/NAME")));
    }
    Ok(target)
}

/// Whether words may name a type that only a server can tell of.
pub fn may_be_custom(words: &[String]) -> bool {
    // TYPE/NAME tells a type in each word, TYPE NAME in the first.
    let count = if words.iter().all(|word| word.contains('/')) { words.len() } else { 1 };
    let mut types = words.iter().take(count).filter_map(|word| word.split('/').next());
    !words.iter().any(String::is_empty)
        && types.any(|word| {
            !word.eq_ignore_ascii_case("all")
                && word.split(',').any(|word| !word.is_empty() && Kind::from_word(word).is_none())
        })
}

fn of_type(word: &str, name: Option<&str>, types: &Types) -> Result<Target, Error> {
    let name = name.map(str::to_owned);
    match (Kind::from_word(word), types.find(word)) {
        (None, Some(of)) => Ok(Target::Custom(of.clone(), name)),
        (None, None) => Err(Error::new(types.unknown(word))),
        (Some(_), _) => kind(word).map(|kind| name.map_or(Target::All(kind), |name| Target::One(kind, name))),
    }
}

/// The kind of a word, where it may be asked about.
pub(super) fn kind(word: &str) -> Result<Kind, Error> {
    match Kind::from_word(word) {
        Some(kind) if kind.info().target => Ok(kind),
        Some(kind) => Err(Error::new(format!(
            "{} are looked at only where something uses them; ask about that, as in pod/NAME (the types are {})",
            kind.info().plural,
            custom::types_of_its_own().join(", ")
        ))),
        None => Err(Error::new(Types::default().unknown(word))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_word_that_is_no_type_of_the_doctors_own_needs_a_server() {
        let may_be = |words: &[&str]| may_be_custom(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        for words in
            [&[][..], &["all"], &["pod", "myapp"], &["deploy/web", "svc/web"], &["deploy,svc"], &["pod/"], &[""]]
        {
            assert!(!may_be(words), "{words:?}");
        }
        for words in [&["myapp"][..], &["certificate", "shop"], &["svc/web", "certificate/shop"], &["svc,certificates"]]
        {
            assert!(may_be(words), "{words:?}");
        }
    }
}
