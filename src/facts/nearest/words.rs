//! The words that a name is made of, and how two words stand to each other.

use std::collections::BTreeSet;

use strsim::osa_distance;

/// Words as a person reads them: `dbConfig`, `db-config`, `DB_CONFIG`,
/// `registry.example.com/db:config`.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let characters: Vec<char> = text.chars().collect();
    for (at, &character) in characters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|before| characters.get(before));
        let starts_word = match (before, characters.get(at + 1)) {
            (Some(before), _) if before.is_lowercase() => character.is_uppercase(),
            // The last capital of `DBConfig` belongs to what follows it.
            (Some(before), Some(after)) if before.is_uppercase() => character.is_uppercase() && after.is_lowercase(),
            _ => false,
        };
        if !character.is_alphanumeric() || starts_word {
            words.push(String::new());
        }
        if let (true, Some(word)) = (character.is_alphanumeric(), words.last_mut()) {
            word.extend(character.to_lowercase());
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// A word of a name, in lower case.
pub(super) struct Word {
    pub(super) text: String,
    /// In the singular, and in full where it is a known short form.
    pub(super) full: String,
}

/// How a word stands to one that is near it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Relation {
    Same,
    Short { short: String, long: String },
    Plural { one: String, many: String },
    Typo,
}

impl Word {
    pub(super) fn new(text: String) -> Word {
        let singular = singular(&text);
        let full = in_full(&singular).map_or(singular, str::to_owned);
        Word { text, full }
    }

    pub(super) fn relation(&self, other: &Word) -> Option<Relation> {
        let (short, long) = match (self.text.len(), &self.text) <= (other.text.len(), &other.text) {
            true => (self, other),
            false => (other, self),
        };
        if short.text == long.text {
            Some(Relation::Same)
        } else if singular(&long.text) == short.text {
            Some(Relation::Plural { one: short.text.clone(), many: long.text.clone() })
        } else if short.full == long.full || short.begins(long) {
            Some(Relation::Short { short: short.text.clone(), long: long.text.clone() })
        } else {
            slip(&short.text, &long.text).map(|_| Relation::Typo)
        }
    }

    // `conf` begins `config`; what is but one letter shorter is a slip.
    fn begins(&self, longer: &Word) -> bool {
        self.full.len() >= 4
            && self.full.len() + 2 <= longer.full.len()
            && self.full.bytes().all(|byte| byte.is_ascii_alphabetic())
            && longer.full.starts_with(&self.full)
    }

    /// It tells two names apart: `redis`, and not `service` or `1`.
    pub(super) fn says_something(&self) -> bool {
        self.full.chars().filter(|it| it.is_alphabetic()).count() >= 3 && !GENERIC.contains(&self.full.as_str())
    }

    /// How much it says that two names share this word: the longer, the more.
    pub(super) fn weight(&self) -> u32 {
        match GENERIC.contains(&self.full.as_str()) {
            true => 1,
            false => u32::try_from(self.text.chars().count()).unwrap_or(u32::MAX / 1024),
        }
    }
}

/// Words that many names have and that tell none from another, in full.
#[rustfmt::skip]
const GENERIC: &[&str] = &[
    "api", "application", "cluster", "com", "config", "container", "default", "deployment",
    "development", "example", "http", "https", "image", "io", "key", "kubernetes", "local",
    "net", "org", "pod", "production", "secret", "server", "service", "staging", "test",
    "volume", "www",
];

/// Short forms that do not begin the word they stand for, or that are too short to be known by it.
#[rustfmt::skip]
const SHORT: &[(&str, &str)] = &[
    ("app", "application"), ("be", "backend"), ("cfg", "config"), ("cm", "configmap"),
    ("configuration", "config"), ("conf", "config"), ("ctl", "controller"),
    ("ctrl", "controller"), ("db", "database"), ("dev", "development"), ("env", "environment"),
    ("fe", "frontend"), ("img", "image"), ("ing", "ingress"), ("k8s", "kubernetes"),
    ("lb", "loadbalancer"), ("mgr", "manager"), ("msg", "message"), ("ns", "namespace"),
    ("passwd", "password"), ("pg", "postgres"), ("postgresql", "postgres"),
    ("prd", "production"), ("pwd", "password"), ("pvc", "claim"), ("reg", "registry"),
    ("sa", "serviceaccount"), ("sc", "storageclass"), ("srv", "server"), ("stg", "staging"),
    ("svc", "service"), ("usr", "user"), ("vol", "volume"),
];

fn in_full(word: &str) -> Option<&'static str> {
    let known = SHORT.iter().find(|(short, _)| *short == word);
    known.map(|(_, full)| *full)
}

/// Words that end like a plural and are none; besides `redis`, `ingress`, `status`.
#[rustfmt::skip]
const NO_PLURALS: &[&str] = &[
    "aws", "cors", "dns", "ebs", "efs", "gcs", "https", "jenkins", "kubernetes", "nfs",
    "postgres", "tls",
];

fn singular(word: &str) -> String {
    let looks_singular = ["is", "ss", "us"].iter().any(|end| word.ends_with(end));
    if looks_singular || word.len() < 3 || NO_PLURALS.contains(&word) {
        return word.to_owned();
    }
    match (word.strip_suffix("ies"), word.strip_suffix("sses")) {
        (Some(stem), _) => format!("{stem}y"),
        (_, Some(stem)) => format!("{stem}ss"),
        _ => word.strip_suffix('s').unwrap_or(word).to_owned(),
    }
}

/// What went wrong where one word was typed for another.
pub(super) struct Slip {
    pub(super) edits: usize,
    swapped: bool,
}

/// The slip that makes one word of the other, if it is small enough for their
/// length. In short words it takes more than one letter that differs: `api` and
/// `app`, `test` and `rest` are two words; `wbe` and `web`, `htpp` and `http`,
/// `PRT` and `PORT` are one.
pub(super) fn slip(a: &str, b: &str) -> Option<Slip> {
    let (a_length, b_length) = (a.chars().count(), b.chars().count());
    // Numbers are not misspelt, and the distance of long texts is dear.
    if a_length.abs_diff(b_length) > 3 || is_number(a) || is_number(b) {
        return None;
    }
    let length = a_length.max(b_length);
    let edits = osa_distance(a, b);
    let swapped = edits == 1 && sorted(a) == sorted(b);
    let lost_letter = a_length != b_length && a.chars().next() == b.chars().next();
    let small = match edits {
        1 => length >= 5 || (length == 4 && lost_letter) || (length >= 3 && same_letters(a, b)),
        2 => length >= 8,
        3 => length >= 12,
        _ => false,
    };
    small.then_some(Slip { edits, swapped })
}

impl Slip {
    /// To compare with other likenesses: the fewer edits, the more.
    pub(super) fn score(&self) -> u32 {
        match self.edits {
            1 if self.swapped => 88,
            1 => 86,
            2 => 82,
            _ => 78,
        }
    }

    pub(super) fn why(&self) -> &'static str {
        match self.edits {
            1 if self.swapped => "two letters are swapped",
            1 => "one letter differs",
            2 => "two letters differ",
            _ => "three letters differ",
        }
    }
}

fn is_number(word: &str) -> bool {
    word.chars().all(|character| character.is_ascii_digit())
}

fn same_letters(a: &str, b: &str) -> bool {
    let letters = |word: &str| word.chars().collect::<BTreeSet<_>>();
    letters(a) == letters(b)
}

fn sorted(word: &str) -> Vec<char> {
    let mut letters: Vec<_> = word.chars().collect();
    letters.sort_unstable();
    letters
}
