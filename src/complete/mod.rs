//! What may stand at the end of a command line, for shells and for kubectl's completion of plugins.
//!
//! The answer is Cobra's, which kubectl reads: a candidate a line, its description behind a tab, and in the last line a
//! colon with what to do with them (<https://github.com/spf13/cobra/blob/main/site/content/completions/_index.md>).

mod cluster;
mod install;
mod line;
mod words;

pub use install::install;

use clap::ValueEnum;
use line::Line;

/// The word that asks for completions, and that nobody types.
pub const COMMAND: &str = "__complete";

/// A shell whose completions there are, or kubectl itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Shell {
    /// source <(kubectl-doctor completion bash)
    Bash,
    /// kubectl-doctor completion zsh > ~/.zfunc/_kubectl-doctor, a folder of fpath
    Zsh,
    /// kubectl-doctor completion fish > ~/.config/fish/completions/kubectl-doctor.fish
    Fish,
    /// kubectl-doctor completion powershell | Out-String | Invoke-Expression
    #[value(name = "powershell")]
    PowerShell,
    /// Put kubectl_complete-doctor on the PATH, through which kubectl completes `kubectl doctor` in any shell
    Install,
}

impl Shell {
    /// What the shell is to read; nothing to read where it is to be put somewhere.
    pub fn script(self) -> Option<&'static str> {
        match self {
            Self::Bash => Some(include_str!("shells/doctor.bash")),
            Self::Zsh => Some(include_str!("shells/doctor.zsh")),
            Self::Fish => Some(include_str!("shells/doctor.fish")),
            Self::PowerShell => Some(include_str!("shells/doctor.ps1")),
            Self::Install => None,
        }
    }
}

/// What a shell does with the candidates, in Cobra's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Directive {
    Files = 0,
    Words = 4,
    WordsWithoutSpace = 6,
    Folders = 16,
}

/// What may stand there.
#[derive(Debug, PartialEq, Eq)]
struct Candidates {
    words: Vec<(String, String)>,
    directive: Directive,
}

impl Candidates {
    fn words(words: impl IntoIterator<Item = (String, String)>) -> Self {
        Self { words: words.into_iter().collect(), directive: Directive::Words }
    }

    fn names(names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::words(names.into_iter().map(|name| (name.into(), String::new())))
    }

    fn none(directive: Directive) -> Self {
        Self { words: Vec::new(), directive }
    }
}

/// The answer for these words, of which the last is to be completed and may be empty.
pub fn answer(words: &[String]) -> String {
    let line = Line::read(words);
    let candidates = words::candidates(&line);
    let fitting = candidates.words.iter().filter(|(word, _)| word.starts_with(line.typed()) && is_plain(word));
    let lines = fitting.map(|(word, about)| match about.lines().next().unwrap_or_default() {
        "" => format!("{word}\n"),
        about => format!("{word}\t{about}\n"),
    });
    format!("{}:{}\n", lines.collect::<String>(), candidates.directive as u8)
}

// A shell puts it on the command line as it is.
fn is_plain(word: &str) -> bool {
    word.chars().all(|sign| sign.is_alphanumeric() || "-_./:@=+,".contains(sign))
}
