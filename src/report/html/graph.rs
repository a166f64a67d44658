//! What follows from what, drawn as a tree in which each cause stands above its symptoms.
//!
//! Widths are percentages, so that one drawing fits a phone and a desk; what is too long is cut at the edge, and told in
//! full where the finding is.

use crate::document::Finding;

use super::{
    super::{lead::Lead, title},
    finding,
    markup::{element, escaped},
};

const ROW: usize = 52;
const BOX: usize = 44;
const STEP: usize = 28;
/// So many rows fit on a screen beside the first finding.
const FEW: usize = 12;

/// Nothing where each finding stands for itself.
pub(super) fn of(leads: &[Lead], namespace: Option<&str>) -> String {
    let mut drawn = String::new();
    let mut row = 0;
    for (at, lead) in leads.iter().enumerate().filter(|(_, lead)| !lead.explains.is_empty()) {
        drawn.push_str(&format!("<a href=\"#f{at}\">{}</a>\n", node(lead.finding, row, 0, namespace)));
        let top = row * ROW + BOX;
        for symptom in &lead.explains {
            row += 1;
            let middle = row * ROW + BOX / 2;
            drawn.push_str(&format!("<path class=\"edge\" d=\"M12 {top}V{middle}H{STEP}\"/>\n"));
            drawn.push_str(&node(symptom, row, STEP, namespace));
        }
        row += 1;
    }
    if drawn.is_empty() {
        return drawn;
    }
    let svg = format!(
        "<svg class=\"graph\" height=\"{}\" role=\"img\" aria-label=\"causes and what follows from them\">\n{drawn}</svg>\n",
        row * ROW - ROW + BOX
    );
    // Of many, nobody is to scroll past the drawing to reach the first.
    let open = if row <= FEW { " open" } else { "" };
    element("section", "", &format!("<details{open}><summary>Causes and symptoms</summary>\n{svg}</details>"))
}

fn node(finding: &Finding, row: usize, indent: usize, namespace: Option<&str>) -> String {
    let name = escaped(&title::name(&finding.object, namespace));
    let whole = escaped(&title::of(finding, namespace));
    format!(
        "<svg class=\"{}\" x=\"{indent}\" y=\"{}\" width=\"100%\" height=\"{BOX}\"><title>{whole}</title>\
         <rect class=\"box\" width=\"100%\" height=\"{BOX}\" rx=\"4\"/><rect class=\"bar\" width=\"4\" height=\"{BOX}\"/>\
         <text class=\"name\" x=\"14\" y=\"18\">{name}</text><text class=\"id\" x=\"14\" y=\"36\">{}</text></svg>\n",
        finding::class(finding),
        row * ROW,
        escaped(&finding.rule),
    )
}
