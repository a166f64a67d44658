//! How like two names are, and in what.

use super::words::{self, Relation, Word, slip};

/// The share of the words, in hundredths, from which on it says something that
/// two names have them in common.
const SHARED_ENOUGH: u32 = 60;

/// Longer names, in bytes, are near none: nothing in Kubernetes is called so, and to compare them would take for ever.
pub(super) const LONGEST: usize = 512;

/// How like two names are that are not the same.
pub(super) struct Likeness {
    /// To compare with others.
    pub(super) score: u32,
    /// In words.
    pub(super) why: String,
}

impl Likeness {
    fn new(score: u32, why: impl Into<String>) -> Likeness {
        Likeness { score, why: why.into() }
    }

    /// Of a name that is like the wanted one in nothing, and yet the only one
    /// that holds what is wanted.
    pub(super) fn nowhere() -> Likeness {
        Likeness::new(0, "the only one that holds it")
    }

    /// The first of these that holds, from the surest to the faintest.
    pub(super) fn between(wanted: &Name, name: &Name) -> Option<Likeness> {
        let is_too_long = wanted.text.len().max(name.text.len()) > LONGEST;
        if wanted.joined.is_empty() || name.joined.is_empty() || is_too_long {
            return None;
        }
        same_but_for_case(wanted, name)
            .or_else(|| same_but_for_separators(wanted, name))
            .or_else(|| same_words(wanted, name))
            .or_else(|| same_but_for_numbers(wanted, name))
            .or_else(|| misspelt(wanted, name))
            .or_else(|| same_words_in_another_order(wanted, name))
            .or_else(|| word_by_word(wanted, name))
            .or_else(|| words_in_common(wanted, name))
    }
}

fn same_but_for_case(wanted: &Name, name: &Name) -> Option<Likeness> {
    (wanted.text.to_lowercase() == name.text.to_lowercase())
        .then(|| Likeness::new(100, "only upper and lower case differ"))
}

fn same_but_for_separators(wanted: &Name, name: &Name) -> Option<Likeness> {
    (wanted.joined == name.joined).then(|| Likeness::new(95, "only the separators differ"))
}

/// `db-config` and `database-config`.
fn same_words(wanted: &Name, name: &Name) -> Option<Likeness> {
    let relations = wanted.relations(name)?;
    let said: Vec<_> = relations
        .iter()
        .filter_map(|relation| match relation {
            Relation::Same | Relation::Typo => None,
            Relation::Short { short, long } => Some(format!("{short} is short for {long}")),
            Relation::Plural { one, many } => Some(format!("{many} is the plural of {one}")),
        })
        .collect();
    (!relations.contains(&Relation::Typo)).then(|| Likeness::new(90, said.join(", ")))
}

/// `postgres-14` and `postgres-15`: hardly a slip, and often a step not taken.
fn same_but_for_numbers(wanted: &Name, name: &Name) -> Option<Likeness> {
    let says_something = [wanted, name].iter().all(|name| name.words.iter().any(Word::says_something));
    let without = |name: &Name| name.joined.replace(|it: char| it.is_ascii_digit(), "");
    (says_something && without(wanted) == without(name)).then(|| Likeness::new(70, "only a number differs"))
}

/// `hello-serve` and `hello-server`. Over several words more than one edit is
/// a slip only where each word is near its partner: `user-api` and `user-app`
/// are two names.
fn misspelt(wanted: &Name, name: &Name) -> Option<Likeness> {
    let slip = slip(&wanted.joined, &name.joined)?;
    let one_word = wanted.words.len() == 1 && name.words.len() == 1;
    if slip.edits > 1 && !one_word {
        wanted.relations(name)?;
    }
    Some(Likeness::new(slip.score(), slip.why()))
}

/// `config-db` and `db-config`.
fn same_words_in_another_order(wanted: &Name, name: &Name) -> Option<Likeness> {
    (wanted.sorted_words() == name.sorted_words()).then(|| Likeness::new(80, "the same words in another order"))
}

/// `helo-svc` and `hello-service`: each word is near its partner, some are misspelt.
fn word_by_word(wanted: &Name, name: &Name) -> Option<Likeness> {
    wanted.relations(name).map(|_| Likeness::new(75, "each word is much the same"))
}

/// `redis` and `redis-master`. Common words such as `service` or `config`
/// count for little, or every Service would be near every other.
fn words_in_common(wanted: &Name, name: &Name) -> Option<Likeness> {
    let shared = shared_words(wanted, name);
    if !shared.iter().any(|(one, other)| one.says_something() && other.says_something()) {
        return None;
    }
    let fewer = wanted.words.len().min(name.words.len());
    let of_shared = weight(shared.iter().flat_map(|(one, other)| [*one, *other]));
    let of_all = 100 * of_shared / (weight(&wanted.words) + weight(&name.words));
    let share = match shared.len() == fewer {
        // One is the other with something added.
        true => of_all.max(SHARED_ENOUGH),
        false => of_all,
    };
    (share >= SHARED_ENOUGH).then(|| Likeness::new(share * 7 / 10, said_as_shared(&shared)))
}

fn said_as_shared(words: &[(&Word, &Word)]) -> String {
    let said: Vec<_> = words.iter().map(|(_, word)| word.text.as_str()).collect();
    match said.as_slice() {
        [one] => format!("shares the word {one}"),
        many => format!("shares the words {}", many.join(", ")),
    }
}

/// The words that both names have, each as often as both have it; the same pairs whichever is wanted.
fn shared_words<'a>(wanted: &'a Name, name: &'a Name) -> Vec<(&'a Word, &'a Word)> {
    if wanted.text < name.text {
        return shared_words(name, wanted).into_iter().map(|(one, other)| (other, one)).collect();
    }
    let mut left: Vec<_> = wanted.words.iter().collect();
    let partner = |word: &Word, left: &mut Vec<&'a Word>| {
        let at = left.iter().position(|other| other.relation(word).is_some())?;
        Some(left.remove(at))
    };
    name.words.iter().filter_map(|word| Some((partner(word, &mut left)?, word))).collect()
}

fn weight<'a>(words: impl IntoIterator<Item = &'a Word>) -> u32 {
    words.into_iter().map(Word::weight).sum()
}

/// A name and its words.
pub(super) struct Name<'a> {
    pub(super) text: &'a str,
    words: Vec<Word>,
    /// The words without what separates them.
    joined: String,
}

impl<'a> Name<'a> {
    pub(super) fn new(text: &'a str) -> Name<'a> {
        let words: Vec<_> = words::split(text).into_iter().map(Word::new).collect();
        let joined = words.iter().map(|word| word.text.as_str()).collect();
        Name { text, words, joined }
    }

    pub(super) fn shares_a_word_with(&self, other: &Name) -> bool {
        !shared_words(self, other).is_empty()
    }

    /// How each word stands to its partner in `other`; nothing where one has none.
    fn relations(&self, other: &Name) -> Option<Vec<Relation>> {
        let pairs = self.words.iter().zip(&other.words);
        (self.words.len() == other.words.len()).then(|| pairs.map(|(a, b)| a.relation(b)).collect()).flatten()
    }

    fn sorted_words(&self) -> Vec<&str> {
        let mut words: Vec<_> = self.words.iter().map(|word| word.full.as_str()).collect();
        words.sort_unstable();
        words
    }
}
