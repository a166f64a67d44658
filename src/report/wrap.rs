//! Text in columns.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Of a list, so many are shown.
const FOLD: usize = 5;

/// The columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// The text in lines of at most so many columns, broken at spaces. A word that
/// is longer stays whole: names are there to be copied.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![];
    let mut line: Option<String> = None;
    for word in text.split(' ') {
        line = Some(match line {
            None => word.to_owned(),
            Some(full) if width(&full) + 1 + width(word) > columns => {
                lines.push(full);
                word.to_owned()
            }
            Some(line) => format!("{line} {word}"),
        });
    }
    lines.extend(line);
    lines
}

/// As much of the text as goes into one line.
pub fn fit(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(1);
    let fitting = text.chars().take_while(|character| {
        let after = left.checked_sub(character.width().unwrap_or_default());
        left = after.unwrap_or_default();
        after.is_some()
    });
    fitting.chain(['…']).collect()
}

/// Of so many, as many are shown. One more than are folded takes no more room
/// than saying that there is one more.
pub(super) fn shown_of(count: usize) -> usize {
    if count <= FOLD + 1 { count } else { FOLD }
}

/// The first few, and how many more there are.
pub(super) fn folded(names: &[String]) -> String {
    let shown = shown_of(names.len());
    let listed = names.get(..shown).unwrap_or(names).join(", ");
    match names.len() - shown {
        0 => listed,
        more => format!("{listed} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_long_words_stay_whole() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a verylongword b", 4), ["a", "verylongword", "b"]);
        assert_eq!(wrap("", 4), [""]);
        assert_eq!(wrap("a  b", 10), ["a  b"]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(wrap("日本 語", 4), ["日本", "語"]);
        assert_eq!(fit("日本語", 5), "日本…");
        assert_eq!(fit("日本語", 4), "日…");
        assert_eq!(fit("web", 3), "web");
    }
}
