//! Where objects differ from the manifests that they were compared with.

use crate::document::{Deviation, Diagnosis, Finding};

use super::{clean, page::Page, wrap::fit};

/// What is said of a value: enough to know it by.
const SHOWN: usize = 60;
/// Of what explains nothing so much is told; the document has it all.
const TOLD: usize = 5;

/// That the field at fault is otherwise in the manifest.
pub(super) fn of_finding(page: &mut Page, finding: &Finding) {
    let mut label = "differs";
    for deviation in &finding.deviations {
        let file = clean::line(&deviation.file);
        page.wrapped(label, &format!("from {file}: {}", said(deviation)));
        label = "";
    }
}

/// What differs besides.
pub(super) fn paragraph(diagnosis: &Diagnosis) -> Option<String> {
    let all = &diagnosis.deviations;
    let first = all.first()?;
    let said = |it: &Deviation| format!("{} {}", clean::line(&it.object.to_string()), said(it));
    let mut told: Vec<_> = all.iter().take(TOLD).map(said).collect();
    if all.len() > TOLD {
        told.push(format!("and {} more", all.len() - TOLD));
    }
    let files =
        if all.iter().all(|it| it.file == first.file) { clean::line(&first.file) } else { "the files".to_owned() };
    Some(format!("Differs from {files} besides, and nothing found comes of it: {}.", told.join("; ")))
}

fn said(deviation: &Deviation) -> String {
    let shown = |value: &str| fit(&clean::line(value), SHOWN);
    let is = match &deviation.live {
        Some(value) => format!("is {}", shown(value)),
        None => "is not set".to_owned(),
    };
    let says = match &deviation.manifest {
        Some(value) => format!("says {}", shown(value)),
        None => "does not set it".to_owned(),
    };
    format!("{} {is}, the file {says}", clean::line(&deviation.field))
}
