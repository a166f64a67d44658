//! The commands that cures offer, as words and as a shell takes them.

/// With the namespace. kubectl takes no flag before the name of a plugin; who offers one gives it its own.
pub fn in_namespace(mut argv: Vec<String>, namespace: &str) -> Vec<String> {
    let is_plugin = argv.get(1).is_some_and(|name| name == "doctor");
    if argv.first().is_some_and(|first| first == "kubectl") && !is_plugin && !namespace.is_empty() {
        argv.splice(1..1, ["-n".to_owned(), namespace.to_owned()]);
    }
    argv
}

/// Quoted for a shell; nothing of no words. A word with a NUL byte is no word of a command; names can't hold one.
pub fn quoted(argv: &[String]) -> Option<String> {
    if argv.is_empty() { None } else { shlex::try_join(argv.iter().map(String::as_str)).ok() }
}
