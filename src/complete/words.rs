//! What may stand where.

use clap::{Arg, Command, ValueHint};

use super::{
    Candidates, Directive,
    cluster::Cluster,
    line::{Line, Place},
};
use crate::{demo, kind::Kind, question::CLIENTS, rule::Rules};

pub(super) fn candidates(line: &Line) -> Candidates {
    match &line.place {
        Place::Flag => Candidates::words(flags(line.current())),
        Place::Value(flag) => value(line, flag),
        Place::Word => word(line),
    }
}

fn flags(command: &Command) -> Vec<(String, String)> {
    let shown = command.get_arguments().filter(|arg| !arg.is_hide_set());
    shown.filter_map(|arg| Some((format!("--{}", arg.get_long()?), about(arg)))).collect()
}

fn about(arg: &Arg) -> String {
    arg.get_help().map(ToString::to_string).unwrap_or_default()
}

fn value(line: &Line, flag: &Arg) -> Candidates {
    let cluster = || Cluster::of(line);
    match flag.get_id().as_str() {
        "namespace" => Candidates::names(cluster().names(Kind::Namespace)),
        "context" => Candidates::names(cluster().kubeconfig().contexts),
        "contexts" => several(line.typed(), cluster().kubeconfig().contexts),
        "cluster" => Candidates::names(cluster().kubeconfig().clusters),
        "user" => Candidates::names(cluster().kubeconfig().users),
        "client" => one(line, &CLIENTS),
        "ignore" => rules(),
        "rules" => Candidates::none(Directive::Folders),
        _ => match flag.get_value_hint() {
            ValueHint::AnyPath => Candidates::none(Directive::Files),
            _ => possible(flag),
        },
    }
}

// The names that a list with commas does not have yet.
fn several(typed: &str, names: Vec<String>) -> Candidates {
    let before = typed.rfind(',').map_or("", |at| &typed[..=at]);
    let is_new = |name: &String| !before.split(',').any(|given| given == name);
    let lists = names.into_iter().filter(is_new).map(|name| format!("{before}{name}"));
    Candidates { directive: Directive::WordsWithoutSpace, ..Candidates::names(lists) }
}

fn possible(arg: &Arg) -> Candidates {
    let values = arg.get_possible_values().into_iter().filter(|value| !value.is_hide_set());
    Candidates::words(values.map(|value| {
        let about = value.get_help().map(ToString::to_string).unwrap_or_default();
        (value.get_name().to_owned(), about)
    }))
}

fn word(line: &Line) -> Candidates {
    let is_first = line.words.is_empty();
    match line.subcommand.as_deref() {
        None if is_first && !line.typed().contains('/') => {
            Candidates::words(commands(&line.command).into_iter().chain(types()))
        }
        None | Some("record" | "wait") => target(line),
        Some("explain") if is_first => rules(),
        Some("demo") if is_first => Candidates::names(demo::names()),
        Some("help") if is_first => Candidates::words(commands(&line.command)),
        Some(_) if is_first => line.current().get_positionals().next().map_or(Candidates::words([]), possible),
        Some(_) => Candidates::words([]),
    }
}

fn commands(command: &Command) -> Vec<(String, String)> {
    let about = |command: &Command| command.get_about().map(ToString::to_string).unwrap_or_default();
    let shown = command.get_subcommands().filter(|command| !command.is_hide_set());
    shown.map(|command| (command.get_name().to_owned(), about(command))).collect()
}

fn rules() -> Candidates {
    let rules = Rules::built_in();
    let rules = rules.iter().flat_map(Rules::all).map(|rule| (rule.id.clone(), rule.area.clone()));
    Candidates::words(rules)
}

fn types() -> impl Iterator<Item = (String, String)> {
    targets().map(|kind| (kind.info().plural.to_owned(), kind.info().short.join(", ")))
}

fn targets() -> impl Iterator<Item = Kind> {
    Kind::ALL.iter().copied().filter(|kind| kind.info().target)
}

// TYPE, TYPE NAME… or TYPE/NAME…
fn target(line: &Line) -> Candidates {
    let with_slash = line.typed().contains('/') || line.words.first().is_some_and(|word| word.contains('/'));
    match line.words.first() {
        _ if with_slash => one(line, &targets().collect::<Vec<_>>()),
        None => Candidates::words(types()),
        Some(word) => {
            let cluster = Cluster::of(line);
            let kinds = word.split(',').filter_map(Kind::from_word);
            let names = kinds.flat_map(|kind| cluster.names(kind));
            Candidates::names(names.filter(|name| !line.words.contains(name)))
        }
    }
}

// TYPE/NAME: the type first, and then the name.
fn one(line: &Line, kinds: &[Kind]) -> Candidates {
    match line.typed().split_once('/') {
        Some((word, _)) => {
            let names = Kind::from_word(word).map(|kind| Cluster::of(line).names(kind)).unwrap_or_default();
            let named = names.into_iter().map(|name| format!("{word}/{name}"));
            Candidates::names(named.filter(|name| !line.words.contains(name)))
        }
        None => {
            let types = kinds.iter().map(|kind| (format!("{}/", kind.info().plural), kind.info().short.join(", ")));
            Candidates { directive: Directive::WordsWithoutSpace, ..Candidates::words(types) }
        }
    }
}
