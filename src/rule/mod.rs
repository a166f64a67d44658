//! Rules are data: a YAML file a cause, compiled into the binary and readable by users, who add their own.

#[cfg(test)]
mod catalogue;
mod expression;
mod file;
mod language;
mod logs;
mod outline;
mod shape;
mod template;

use std::path::Path;

use serde::Deserialize;

pub use expression::{Expression, Failure};
pub(crate) use file::unreadable;
pub use language::context;
pub use logs::{LogPatterns, Told};
pub use template::Template;

use crate::{
    document::{Certainty, Severity},
    error::Error,
    facts::On,
    suppress::Ignore,
};

/// The area of users' own rules.
const USERS: &str = "yours";

/// Area and content of each, as the build script made them ready.
const BUILT_IN: &str = include_str!(concat!(env!("OUT_DIR"), "/rules.json"));

/// The files themselves.
#[cfg(test)]
static FILES: include_dir::Dir = include_dir::include_dir!("$CARGO_MANIFEST_DIR/rules");

/// A cause: when it holds, what it says, what cures it.
#[derive(Debug)]
pub struct Rule {
    /// Stable: scripts and suppressions depend on it.
    pub id: String,
    /// The folder that it is in: `images`, `traffic`.
    pub area: String,
    /// What it is evaluated on.
    pub on: On,
    /// What shows it, where it is about pods or containers.
    pub shown_by: ShownBy,
    /// How bad it is.
    pub severity: Severity,
    /// Where it is no more than a warning.
    pub warning_when: Option<Expression>,
    /// Where it is over: what it is about was in trouble, and is well now. That is worth a warning.
    pub past_when: Option<Expression>,
    /// Whether its warning is worth no more than a note where nobody asked about the object, as in a sweep over a
    /// namespace.
    pub note_in_sweep: bool,
    /// How sure it is.
    pub certainty: Certainty,
    /// When it holds.
    pub when: Expression,
    /// It does not hold where one of these holds on the same object and container.
    pub unless: Vec<String>,
    /// It does not hold where a rule of the user's own on the same kind of subject does.
    pub general: bool,
    /// Which other findings it may follow from.
    pub follows: Follows,
    /// Rules that explain it as well where they hold on its own object.
    pub caused_by: Vec<String>,
    /// It cannot cure itself by waiting.
    pub is_final: bool,
    /// The field at fault.
    pub field: Option<Template>,
    /// One sentence about the object, without the object: `selector app=web matches no pod`.
    pub says: Template,
    /// Lists of evidence.
    pub evidence: Vec<Expression>,
    /// What was probably meant.
    pub nearest: Option<Expression>,
    /// What it means.
    pub why: Template,
    /// What cures it, best first.
    pub cures: Vec<CureRule>,
    /// Where to read more.
    pub docs: Option<String>,
}

/// What shows that a rule holds on a pod or container. A look at a whole cluster reads tables, and in full only the pods
/// that do not look well there; objects of every other kind it always reads in full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShownBy {
    /// The pod's row in a table, or the template and the status of what made it.
    Table,
    /// Nothing but the pod itself: where there is such a rule, every pod is read in full.
    #[default]
    Object,
    /// What a container that runs well writes: it is read where somebody asks about less than a whole cluster.
    Log,
    /// What a container uses, read as such logs are.
    Metrics,
}

/// Which other findings explain one of a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Follows {
    /// None: it is a cause by itself.
    #[default]
    Nothing,
    /// Those of the objects that its object depends on: a crash of a Service that leads nowhere.
    Dependencies,
    /// Those, and any of its own object: a rollout that is stuck of whatever ails its pods.
    Anything,
}

/// Something that cures the fault, where its condition holds.
#[derive(Debug)]
pub struct CureRule {
    /// Where it applies.
    pub when: Option<Expression>,
    /// What to do, in words.
    pub says: Template,
    /// The command's words; the engine adds the namespace and quotes them.
    pub run: Vec<Template>,
    /// The words of one that follows it.
    pub then: Vec<Template>,
    /// The words of one that cures nothing and shows what to do.
    pub look: Vec<Template>,
    /// The change, as path, before and after.
    pub diff: Option<[Template; 3]>,
    /// It restarts pods.
    pub restarts: bool,
    /// It deletes something.
    pub destructive: bool,
}

/// The rules in the binary, and the users' own.
#[derive(Debug, Default)]
pub struct Rules {
    all: Vec<Rule>,
    ignored: Vec<Ignore>,
    /// What programs say in their logs.
    pub logs: LogPatterns,
}

impl Rules {
    /// The rules in the binary.
    ///
    /// # Errors
    /// Where one of them is broken: the tests see to it that none is.
    pub fn built_in() -> Result<Self, Error> {
        let mut all = file::parse_ready(BUILT_IN)?;
        all.sort_by(|one, other| one.id.cmp(&other.id));
        Ok(Self { all, ignored: Vec::new(), logs: LogPatterns::default() })
    }

    /// Whether one of them can hold on a pod that looks well in a table.
    pub fn need_every_pod(&self) -> bool {
        let of_pods = self.all.iter().filter(|rule| matches!(rule.on, On::Container | On::Pod));
        of_pods.map(|rule| rule.shown_by).any(|by| by == ShownBy::Object)
    }

    /// Adds every rule and every file of log patterns of a folder, each checked whole.
    ///
    /// # Errors
    /// Names the file, line and column of what is wrong. A built-in id can't be redefined.
    pub fn add_folder(&mut self, folder: &Path) -> Result<(), Error> {
        for path in yaml_files(folder)? {
            let name = path.display().to_string();
            let text = std::fs::read_to_string(&path)
                .map_err(|error| Error::new(format!("cannot read the rule file {name}: {error}")))?;
            if logs::is_one(&text) {
                self.logs.add(&name, &text)?;
                continue;
            }
            let rule = file::parse(&name, USERS, &text)?;
            rule.check(&name)?;
            if let Some(known) = self.get(&rule.id) {
                return Err(Error::new(format!(
                    "{name}: the id {} is taken (area {}); give the rule another id",
                    rule.id, known.area
                )));
            }
            self.all.push(rule);
        }
        Ok(())
    }

    /// Leaves out what a rule finds: `ID`, or `ID=KIND/NAME`; asked for in that place.
    ///
    /// # Errors
    /// Where there is no such rule, or it is not written so.
    pub fn ignore(&mut self, word: &str, said_in: &str) -> Result<(), Error> {
        let ignore = Ignore::parse(word, said_in, self)?;
        self.ignored.push(ignore);
        Ok(())
    }

    /// What is not to be told.
    pub fn ignored(&self) -> &[Ignore] {
        &self.ignored
    }

    /// Every rule, in the order of ids, users' own last.
    pub fn all(&self) -> &[Rule] {
        &self.all
    }

    /// A rule by its id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.all.iter().find(|rule| rule.id == id)
    }
}

fn yaml_files(folder: &Path) -> Result<Vec<std::path::PathBuf>, Error> {
    let cannot =
        |error: std::io::Error| Error::new(format!("cannot read the rules folder {}: {error}", folder.display()));
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(cannot)? {
        let path = entry.map_err(cannot)?.path();
        if path.is_dir() {
            files.extend(yaml_files(&path)?);
        } else if path.extension().is_some_and(|ending| ending == "yaml" || ending == "yml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

impl Rule {
    /// Compiles every expression and checks every path in it against the facts' shape.
    ///
    /// # Errors
    /// Names the file, line and column of the first that is wrong.
    pub fn check(&self, file: &str) -> Result<(), Error> {
        let shape = self.on.shape();
        self.expressions().into_iter().try_for_each(|expression| expression.check(file, &shape))
    }

    /// Whether it does not hold where this one does.
    pub fn yields_to(&self, rules: &Rules, other: &str) -> bool {
        let is_users = |rule: &Rule| rule.area == USERS && rule.on == self.on && rule.severity != Severity::Info;
        self.unless.iter().any(|id| id == other) || (self.general && rules.get(other).is_some_and(is_users))
    }

    /// Every expression in it.
    pub fn expressions(&self) -> Vec<&Expression> {
        let mut expressions: Vec<&Expression> = vec![&self.when];
        expressions.extend(&self.warning_when);
        expressions.extend(&self.past_when);
        expressions.extend(&self.evidence);
        expressions.extend(&self.nearest);
        expressions.extend(self.field.iter().flat_map(Template::expressions));
        expressions.extend(self.says.expressions());
        expressions.extend(self.why.expressions());
        for cure in &self.cures {
            expressions.extend(&cure.when);
            expressions.extend(cure.says.expressions());
            expressions.extend(cure.run.iter().chain(&cure.then).chain(&cure.look).flat_map(Template::expressions));
            expressions.extend(cure.diff.iter().flatten().flat_map(Template::expressions));
        }
        expressions
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_built_in_rule_reads_only_facts_that_there_are() {
        for rule in Rules::built_in().unwrap().all() {
            rule.check(&rule.id).unwrap();
        }
    }

    #[test]
    fn a_rule_that_was_made_ready_is_the_one_in_its_file() {
        let rules = Rules::built_in().unwrap();
        let mut files = 0;
        for area in FILES.dirs().filter(|folder| !folder.path().ends_with(logs::FOLDER)) {
            for file in area.files() {
                let area = area.path().display().to_string();
                let rule = file::parse("", &area, file.contents_utf8().unwrap()).unwrap();
                let ready = rules.get(&rule.id).unwrap();
                assert_eq!((&ready.area, ready.severity, ready.on), (&rule.area, rule.severity, rule.on));
                let texts = |rule: &Rule| -> Vec<String> {
                    rule.expressions().iter().map(|expression| expression.text().to_owned()).collect()
                };
                assert_eq!(texts(ready), texts(&rule), "{}", rule.id);
                assert_eq!(ready.says.outline(), rule.says.outline());
                files += 1;
            }
        }
        assert_eq!(files, rules.all().len());
    }

    #[test]
    fn every_rule_is_named_after_its_file_and_names_only_rules_that_there_are() {
        let rules = Rules::built_in().unwrap();
        for area in FILES.dirs().filter(|folder| !folder.path().ends_with(logs::FOLDER)) {
            for file in area.files() {
                let id = file.path().file_stem().unwrap().to_str().unwrap();
                assert!(rules.get(id).is_some(), "{}", file.path().display());
            }
        }
        for rule in rules.all() {
            for other in rule.unless.iter().chain(&rule.caused_by) {
                assert!(rules.get(other).is_some(), "{} names {other}, which is no rule", rule.id);
            }
        }
    }
}
