//! A command line up to the cursor.

use clap::{Arg, Command, CommandFactory as _};

use crate::cli::Cli;

/// What is to be completed.
#[derive(Debug)]
pub(super) enum Place {
    /// A flag.
    Flag,
    /// The value of a flag.
    Value(Box<Arg>),
    /// A word that is neither.
    Word,
}

/// A command line up to the cursor.
#[derive(Debug)]
pub(super) struct Line {
    /// All that can be typed.
    pub(super) command: Command,
    /// The command in `command` that the words name, if they do.
    pub(super) subcommand: Option<String>,
    /// What stands before the cursor and is no flag, without the command.
    pub(super) words: Vec<String>,
    /// What stands at the cursor.
    pub(super) place: Place,
    /// Every word before the one at the cursor.
    pub(super) before: Vec<String>,
    last: String,
}

impl Line {
    pub(super) fn read(all: &[String]) -> Self {
        let (last, before) = all.split_last().map_or((String::new(), &[][..]), |(last, before)| (last.clone(), before));
        // Some shells can't hand on an empty word.
        let last = if last == "\"\"" { String::new() } else { last };
        let mut command = Cli::command();
        command.build();
        let mut line =
            Self { command, subcommand: None, words: Vec::new(), place: Place::Word, before: before.to_vec(), last };
        let mut pending = None;
        for word in before {
            if pending.take().is_none() {
                pending = line.take(word);
            }
        }
        line.place = match (pending, line.last.split_once('=')) {
            (Some(flag), _) => Place::Value(Box::new(flag)),
            (None, Some((flag, _))) if flag.starts_with('-') => match line.flag_of(flag) {
                Some(flag) => Place::Value(Box::new(flag)),
                None => Place::Flag,
            },
            _ if line.last.starts_with('-') => Place::Flag,
            _ => Place::Word,
        };
        line
    }

    /// What is typed of the word or value.
    pub(super) fn typed(&self) -> &str {
        match self.place {
            Place::Value(_) if self.last.starts_with('-') => {
                self.last.split_once('=').map_or(self.last.as_str(), |(_, value)| value)
            }
            _ => &self.last,
        }
    }

    /// The command whose flags and words these are.
    pub(super) fn current(&self) -> &Command {
        self.subcommand.as_ref().and_then(|name| self.command.find_subcommand(name)).unwrap_or(&self.command)
    }

    // The flag whose value has to follow.
    fn take(&mut self, word: &str) -> Option<Arg> {
        if word.starts_with('-') && word.len() > 1 {
            return self.flag_of(word).filter(|_| !word.contains('='));
        }
        let is_command = self.words.is_empty() && self.subcommand.is_none();
        match self.command.find_subcommand(word).filter(|_| is_command) {
            Some(command) => self.subcommand = Some(command.get_name().to_owned()),
            None => self.words.push(word.to_owned()),
        }
        None
    }

    // The flag that takes a value: `--output`, `--output=json`, `-o`, `-Ao`, and not `-ojson`, which has it.
    fn flag_of(&self, word: &str) -> Option<Arg> {
        let arguments = || self.current().get_arguments().filter(|arg| arg.get_action().takes_values());
        let found = match word.strip_prefix("--") {
            Some(long) => arguments().find(|arg| arg.get_long() == long.split('=').next()),
            None => {
                let word = word.split('=').next().unwrap_or_default();
                let first = word
                    .chars()
                    .skip(1)
                    .enumerate()
                    .find_map(|(at, short)| Some((at, arguments().find(|arg| arg.get_short() == Some(short))?)));
                first.filter(|(at, _)| at + 2 == word.chars().count()).map(|(_, arg)| arg)
            }
        };
        found.cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(words: &[&str]) -> String {
        let line = Line::read(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        match &line.place {
            Place::Flag => "flag".to_owned(),
            Place::Word => format!("word {} of {:?} {:?}", line.typed(), line.subcommand, line.words),
            Place::Value(flag) => format!("{} of {}", line.typed(), flag.get_id()),
        }
    }

    #[test]
    fn the_word_at_the_cursor_is_known_for_what_it_is() {
        assert_eq!(place(&[]), "word  of None []");
        assert_eq!(place(&["--na"]), "flag");
        assert_eq!(place(&["-n", "sh"]), "sh of namespace");
        assert_eq!(place(&["-An", ""]), " of namespace");
        assert_eq!(place(&["-nshop", "po"]), "word po of None []");
        assert_eq!(place(&["--output=js"]), "js of output");
        assert_eq!(place(&["--namespace=shop", "pod", "we"]), "word we of None [\"pod\"]");
        assert_eq!(place(&["-n", "shop", "explain", "oom"]), "word oom of Some(\"explain\") []");
        assert_eq!(place(&["pod", "explain", "\"\""]), "word  of None [\"pod\", \"explain\"]");
        assert_eq!(place(&["record", "--file", "x"]), "x of file");
    }
}
