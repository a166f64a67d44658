//! What the cluster says is written by whoever may write to it: before it is
//! printed, everything goes that a terminal would obey, or that makes text read
//! differently from what it is.

/// No longer line helps anybody.
const LONGEST: usize = 500;

/// As one line.
pub fn line(text: &str) -> String {
    cut(&strip(text).replace(['\n', '\t'], " "), LONGEST)
}

/// As it is, with its lines and tabs.
pub fn text(text: &str) -> String {
    strip(text)
}

/// As the lines it has.
pub fn lines(text: &str) -> Vec<String> {
    let lines = rows(text).into_iter();
    lines.map(|line| line.replace('\t', "    ")).collect()
}

/// As the lines it has, with the tabs that may make a table of them.
pub(super) fn rows(text: &str) -> Vec<String> {
    let clean = strip(text);
    let lines = clean.trim_end().lines();
    lines.map(|line| cut(line.trim_end(), LONGEST)).collect()
}

/// As it is, or not at all: a command of which something was taken away is
/// another command.
pub fn command(text: &str) -> Option<&str> {
    (strip(text) == text).then_some(text)
}

/// Cut to so many characters, the last of which says so.
pub(super) fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => text.chars().take(most.saturating_sub(1)).chain(['…']).collect(),
    }
}

/// Nothing that can be seen, or more than can be seen: controls, marks that
/// turn the direction of text, characters without width.
pub(super) fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Without escape sequences and hidden characters; with new lines and tabs.
fn strip(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = after_sequence(rest) {
            rest = after;
            continue;
        }
        rest = tail(rest);
        match first {
            '\n' | '\t' => clean.push(first),
            '\r' if rest.starts_with('\n') => {}
            // Each of these starts a line somewhere. What a lone carriage
            // return would write over is shown.
            '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' => clean.push('\n'),
            _ if is_hidden(first) => {}
            _ => clean.push(first),
        }
    }
    clean
}

fn tail(text: &str) -> &str {
    let mut characters = text.chars();
    characters.next();
    characters.as_str()
}

/// What follows the escape sequence that a text begins with.
fn after_sequence(text: &str) -> Option<&str> {
    let mut characters = text.chars();
    let first = characters.next()?;
    let after_first = characters.as_str();
    match (first, characters.next()) {
        ('\u{1b}', Some('[')) => Some(after_control(characters.as_str())),
        ('\u{1b}', Some(']' | 'P' | 'X' | '^' | '_')) => Some(after_string(characters.as_str())),
        ('\u{1b}', Some(' '..='/')) => Some(after_control(after_first)),
        ('\u{1b}', Some('0'..='~')) => Some(characters.as_str()),
        ('\u{9b}', _) => Some(after_control(after_first)),
        ('\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}', _) => Some(after_string(after_first)),
        _ => None,
    }
}

/// After the parameters and the final character of a control sequence.
fn after_control(text: &str) -> &str {
    let end = text.trim_start_matches(|it| matches!(it, '0'..='?')).trim_start_matches(|it| matches!(it, ' '..='/'));
    end.strip_prefix(|it| matches!(it, '0'..='~')).unwrap_or(end)
}

/// After a string (a window title, a link) and what ends it. One without an
/// end on its line loses only its start, or it would hide the rest.
fn after_string(text: &str) -> &str {
    let line = text.lines().next().unwrap_or_default();
    let ends = ["\u{7}", "\u{9c}", "\u{1b}\\"];
    ends.iter()
        .filter_map(|end| line.find(end).map(|at| at + end.len()))
        .min()
        .and_then(|end| text.get(end..))
        .unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_titles_and_links_go_and_their_text_stays() {
        assert_eq!(line("\u{1b}[1;31mred\u{1b}[0m and \u{9b}2Jback"), "red and back");
        assert_eq!(line("\u{1b}]0;owned\u{7}title"), "title");
        assert_eq!(line("\u{1b}]8;;https://evil\u{1b}\\link\u{1b}]8;;\u{1b}\\"), "link");
        assert_eq!(line("\u{9d}52;c;aGk=\u{9c}clipboard"), "clipboard");
        assert_eq!(line("\u{1b}(Bset \u{1b}creset"), "set reset");
    }

    #[test]
    fn a_string_without_an_end_hides_nothing() {
        assert_eq!(lines("\u{1b}]0;a\nb\u{7}"), ["0;a", "b"]);
        assert_eq!(line("end\u{1b}"), "end");
        assert_eq!(line("end\u{1b}["), "end");
    }

    #[test]
    fn hidden_characters_go() {
        assert_eq!(line("a\u{202e}b\u{200b}c\u{feff}d\u{0}e\u{7f}f\u{e0041}"), "abcdef");
    }

    #[test]
    fn what_a_carriage_return_writes_over_is_shown() {
        assert_eq!(lines("all is bad\rall is well\r\nyes\n\n"), ["all is bad", "all is well", "yes"]);
        assert_eq!(line("a\rb\u{2028}c"), "a b c");
    }

    #[test]
    fn long_lines_are_cut() {
        let cut = line(&"ä".repeat(600));
        assert_eq!(cut.chars().count(), 500);
        assert!(cut.ends_with("ä…"));
        assert_eq!(line(&"ä".repeat(500)), "ä".repeat(500));
    }

    #[test]
    fn a_command_is_whole_or_not_there() {
        assert_eq!(command("kubectl get 'a\nb'"), Some("kubectl get 'a\nb'"));
        assert_eq!(command("kubectl get \u{1b}[2J"), None);
        assert_eq!(command("kubectl get \u{202e}"), None);
    }
}
