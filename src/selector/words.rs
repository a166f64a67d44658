//! What a selector's text is made of.

use std::fmt;

/// A part of the text; white space only parts others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    Text(String),
    /// `=` or `==`.
    Equal,
    NotEqual,
    Not,
    Open,
    Close,
    Comma,
    /// `<` or `>`, of which labels have no use.
    Order(char),
    End,
}

impl fmt::Display for Word {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => write!(f, "{text:?}"),
            Self::Equal => f.write_str("="),
            Self::NotEqual => f.write_str("!="),
            Self::Not => f.write_str("!"),
            Self::Open => f.write_str("("),
            Self::Close => f.write_str(")"),
            Self::Comma => f.write_str("a comma"),
            Self::Order(sign) => write!(f, "{sign}"),
            Self::End => f.write_str("the end"),
        }
    }
}

/// The words of a text that are not yet taken.
pub struct Words<'a>(&'a str);

impl<'a> Words<'a> {
    /// All of a text.
    pub fn of(text: &'a str) -> Self {
        Self(text)
    }

    /// The next word; [`Word::End`] ever after the last.
    pub fn take(&mut self) -> Word {
        let (word, rest) = first(self.0.trim_start_matches(is_space));
        self.0 = rest;
        word
    }

    /// Whether this is the next word.
    pub fn next_is(&self, word: &Word) -> bool {
        first(self.0.trim_start_matches(is_space)).0 == *word
    }

    /// Takes the next word if it is this one.
    pub fn take_if(&mut self, word: &Word) -> bool {
        let is_it = self.next_is(word);
        if is_it {
            self.take();
        }
        is_it
    }
}

const SIGNS: [(&str, Word); 9] = [
    ("==", Word::Equal),
    ("!=", Word::NotEqual),
    ("=", Word::Equal),
    ("!", Word::Not),
    ("(", Word::Open),
    (")", Word::Close),
    (",", Word::Comma),
    ("<", Word::Order('<')),
    (">", Word::Order('>')),
];

fn first(text: &str) -> (Word, &str) {
    if text.is_empty() {
        return (Word::End, text);
    }
    if let Some((word, rest)) = SIGNS.iter().find_map(|(sign, word)| Some((word, text.strip_prefix(sign)?))) {
        return (word.clone(), rest);
    }
    let end = text.find(|c: char| is_space(c) || "=!(),<>".contains(c)).unwrap_or(text.len());
    (Word::Text(text[..end].to_owned()), &text[end..])
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\r' | '\n')
}
