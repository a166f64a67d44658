//! `--fix`: diagnoses, carries out the first cure, and diagnoses again until all is well or the cure has had its time.

use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::{answer, diagnosed, exit_code, look, print, rules, tell, terminal::style};
use crate::{
    cli::Cli,
    confirm,
    error::Error,
    fix::{self, Fix},
    inventory::Inventory,
    question::Question,
    report,
    rule::Rules,
    source::collect::Look,
    stats::Stats,
};

// What was broken often looks well for a moment before it breaks again.
const BETWEEN_LOOKS: Duration = Duration::from_secs(3);
const WELL_LOOKS: u32 = 3;

pub(super) fn fix(cli: &Cli) -> Result<ExitCode, Error> {
    if !cli.look.from.is_empty() || cli.look.output != report::Format::Text {
        return Err(Error::new("--fix changes a cluster and talks to a person: leave --from and --output out"));
    }
    let rules = rules(cli)?;
    let (question, inventory) = look_again(cli, &rules)?;
    let found = diagnosed(cli, &rules, &question, &inventory);
    let code = tell(cli, &question, &inventory, &found, &mut Stats::default());
    let Ok(found) = found else { return Ok(code) };
    if found.diagnosis.findings.is_empty() {
        return Ok(code);
    }
    let cure = fix::choose(&found.diagnosis, &cli.fix)?;
    print(&cure.preview(&style(cli, Timestamp::now(), false))?);
    if cli.fix.dry_run.is_some() {
        print("Nothing was changed.\n");
        return Ok(code);
    }
    if !cli.active.yes && !confirm::go_on()? {
        return Err(Error::new("nothing was changed"));
    }
    carry_out(cli, &rules, &cure)
}

fn carry_out(cli: &Cli, rules: &Rules, cure: &Fix) -> Result<ExitCode, Error> {
    print(&cure.carry_out()?);
    let since = Instant::now();
    let mut well = 0;
    while well < WELL_LOOKS && since.elapsed() < fix::PATIENCE {
        std::thread::sleep(BETWEEN_LOOKS);
        well = if is_well(cli, rules)? { well + 1 } else { 0 };
    }
    let took = since.elapsed().as_secs();
    if well == WELL_LOOKS {
        print(&format!("Healed after {took} s: all that was asked about is well.\n"));
        return Ok(ExitCode::SUCCESS);
    }
    print(&format!("Not healed after {took} s; this is what there is now:\n\n"));
    let (question, inventory) = look_again(cli, rules)?;
    Ok(answer(cli, rules, &question, &inventory, &mut Stats::default()))
}

fn is_well(cli: &Cli, rules: &Rules) -> Result<bool, Error> {
    let (question, inventory) = look_again(cli, rules)?;
    let Ok(found) = diagnosed(cli, rules, &question, &inventory) else { return Ok(false) };
    let nothing_found = exit_code(&found.diagnosis, cli.look.fail_on) == ExitCode::SUCCESS;
    Ok(nothing_found && fix::is_settled(&question, &inventory))
}

fn look_again(cli: &Cli, rules: &Rules) -> Result<(Question, Inventory), Error> {
    look::look(cli, &cli.target, &rules.logs, Look::AtAGlance, &mut Stats::default())
}
