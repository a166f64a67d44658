//! What differs between two values of a field, line by line.

use similar::{
    Change, ChangeTag, DiffOp,
    algorithms::{Capture, Compact, Replace, myers},
};

/// The field's path, then each line of the two values behind `- `, `+ ` or two
/// spaces: what [`Cure::diff`](crate::document::Cure::diff) holds.
pub fn lines(path: &str, from: &str, to: &str) -> String {
    let mut diff = path.to_owned();
    for line in between(from, to) {
        diff.push('\n');
        diff.push_str(&line);
    }
    diff
}

/// The lines without a path.
pub(super) fn between(from: &str, to: &str) -> Vec<String> {
    // Not the texts themselves: whether the last line has an end is no difference.
    let (from, to): (Vec<_>, Vec<_>) = (from.lines().collect(), to.lines().collect());
    operations(&from, &to).iter().flat_map(|it| it.iter_changes(from.as_slice(), to.as_slice())).map(signed).collect()
}

/// What makes the one of the other. Myers' algorithm alone: similar's usual way in brings four others into the program.
pub fn operations(from: &[&str], to: &[&str]) -> Vec<DiffOp> {
    let mut all = Compact::new(Replace::new(Capture::new()), from, to);
    let Ok(()) = myers::diff(&mut all, from, 0..from.len(), to, 0..to.len());
    all.into_inner().into_inner().into_ops()
}

/// A line behind its sign.
pub fn signed(change: Change<&str>) -> String {
    let sign = match change.tag() {
        ChangeTag::Delete => '-',
        ChangeTag::Insert => '+',
        ChangeTag::Equal => ' ',
    };
    format!("{sign} {}", change.value())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_that_stay_stand_between_those_that_do_not() {
        assert_eq!(
            lines("spec.selector", "app: hello-serve\ntier: web\n", "app: hello-server\ntier: web"),
            "spec.selector\n- app: hello-serve\n+ app: hello-server\n  tier: web"
        );
    }

    #[test]
    fn a_value_may_be_new_or_go() {
        assert_eq!(lines("data", "", "PORT: 80"), "data\n+ PORT: 80");
        assert_eq!(lines("data", "PORT: 80", ""), "data\n- PORT: 80");
        assert_eq!(lines("data", "", ""), "data");
    }
}
