//! The report for people. Words carry the meaning; it reads as well without
//! colour, pasted into a ticket.

use crate::document::{Diagnosis, ProbeStep};

use super::{
    clean,
    finding::Teller,
    footer,
    lead::leads,
    page::{INDENT, MARGIN, Page},
    table, timeline,
};

pub(super) fn render(diagnosis: &Diagnosis, mut page: Page) -> String {
    if !diagnosis.probe.is_empty() {
        probe(&mut page, &diagnosis.probe);
        page.line("");
    }
    let leads = leads(&diagnosis.findings);
    let mut teller = Teller::new(diagnosis.metadata.namespace.as_deref());
    for (at, lead) in leads.iter().enumerate() {
        if lead.finding.past && !leads[..at].iter().any(|before| before.finding.past) {
            page.line("Earlier, and well now:");
            page.line("");
        }
        teller.tell(&mut page, lead);
        page.line("");
    }
    timeline::tell(&mut page, &diagnosis.timeline);
    footer::tell(&mut page, diagnosis, &leads);
    page.finish()
}

/// What active checks saw, as a table.
fn probe(page: &mut Page, steps: &[ProbeStep]) {
    let rows = steps.iter().map(|step| {
        let verdict = if step.ok { "ok" } else { "failed" };
        let time = match step.milliseconds {
            short if short < 1000 => format!("{short} ms"),
            long => format!("{}.{} s", long / 1000, long % 1000 / 100),
        };
        let cells = [&step.step, &step.from, &step.to, &step.answer, &time];
        let said = cells.into_iter().map(|cell| clean::line(cell));
        said.chain([verdict.to_owned()]).collect::<Vec<_>>()
    });
    let header = vec!["PROBE", "FROM", "TO", "ANSWER", "TIME", "VERDICT"];
    let columns = page.line_columns() + INDENT - MARGIN;
    for line in table::of(header, rows, columns) {
        page.line(&format!("{:MARGIN$}{line}", ""));
    }
}
