//! `--fix`: the cure of the first cause, tried on the server, shown, asked about, carried out, and looked at afterwards.

mod difference;
mod flags;
mod healed;
mod kubectl;

pub use flags::Flags;
pub use healed::{PATIENCE, is_settled};

use crate::{
    document::{Cure, Diagnosis, Finding},
    error::Error,
    report::{Style, clean},
};

/// A cure that can be carried out.
pub struct Fix<'a> {
    finding: &'a Finding,
    cure: &'a Cure,
}

/// The cure of the first cause.
///
/// # Errors
/// Where it is no command, leaves something to be filled in, or is not to be made here.
pub fn choose<'a>(diagnosis: &'a Diagnosis, flags: &Flags) -> Result<Fix<'a>, Error> {
    let root = diagnosis.findings.iter().find(|finding| finding.root);
    let Some(finding) = root else { return Err(Error::new("there is nothing to fix")) };
    let object = &finding.object;
    let Some(cure) = finding.cures.iter().find(|cure| !cure.argv.is_empty()) else {
        let what = finding.cures.first().map_or("it says none", |cure| cure.text.as_str());
        return Err(Error::new(format!("no command cures {object}: {what}")));
    };
    if let Some(owner) = finding.managed_by.as_ref().filter(|_| !flags.force) {
        return Err(Error::new(format!(
            "{object} is managed by {}: {}; --force changes it here all the same",
            owner.name, owner.advice
        )));
    }
    if let Some(blank) = cure.then.iter().flatten().chain(&cure.argv).find(|word| is_to_be_filled_in(word)) {
        return Err(Error::new(format!("only you know what goes into {blank:?}: fill it in, and run the command")));
    }
    Ok(Fix { finding, cure })
}

// `--from-literal=<key>=<value>`.
fn is_to_be_filled_in(word: &str) -> bool {
    let blank = word.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    blank
        .is_some_and(|(name, _)| !name.is_empty() && name.chars().all(|c| c.is_ascii_alphabetic() || " -_".contains(c)))
}

impl Fix<'_> {
    /// What it would do: the command, what else that brings with it, and the change that the server would make.
    ///
    /// # Errors
    /// Where the server refuses it.
    pub fn preview(&self, style: &Style) -> Result<String, Error> {
        let shown = self.cure.command.as_deref().and_then(clean::command);
        let command = shown
            .ok_or_else(|| Error::new("the command has characters that cannot be seen: look at it with -o json"))?;
        let mut text = format!("\nTo fix {}:\n  {command}\n", clean::line(&self.finding.object.to_string()));
        for (holds, effect) in
            [(self.cure.restarts, "it restarts pods"), (self.cure.destructive, "it deletes something")]
        {
            if holds {
                text.push_str(&format!("  {effect}\n"));
            }
        }
        text.push_str(&difference::between(&kubectl::preview(&self.cure.argv)?, style));
        Ok(text)
    }

    /// Carries it out; what kubectl says of it.
    ///
    /// # Errors
    /// Where it fails.
    pub fn carry_out(&self) -> Result<String, Error> {
        let all = [&self.cure.argv].into_iter().chain(&self.cure.then);
        all.map(|argv| kubectl::run(argv, None).map(|said| clean::text(&said))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_angle_brackets_is_to_be_filled_in() {
        for word in
            ["--from-literal=<key>=<value>", "--docker-server=<registry>", "<node name>", r#"{"maxReplicas":<number>}"#]
        {
            assert!(is_to_be_filled_in(word), "{word}");
        }
        for word in ["app=web", r#"{"a":"1<2"}"#, "a<b", "<>"] {
            assert!(!is_to_be_filled_in(word), "{word}");
        }
    }
}
