//! The reports of several clusters as one, each under its context.

use super::{Style, clean, markdown, page::Page, text, wrap::wrap};
use crate::document::{Diagnosis, DiagnosisList};

pub(super) fn narrow(list: &DiagnosisList, style: &Style) -> String {
    told(list, || Page::new(style))
}

pub(super) fn wide(list: &DiagnosisList, style: &Style) -> String {
    told(list, || Page::wide(style))
}

fn told<'a>(list: &DiagnosisList, page: impl Fn() -> Page<'a>) -> String {
    let headed = |context: &str| {
        let mut page = page();
        let heading = page.bold(&format!("Context {}:", clean::line(context))).into_owned();
        page.line(&heading);
        page.line("");
        page
    };
    let mut parts: Vec<String> = list.items.iter().map(|item| text::render(item, headed(context_of(item)))).collect();
    parts.extend(list.unanswered.iter().map(|it| {
        let mut page = headed(&it.context);
        for line in wrap(&format!("Not diagnosed: {}", clean::line(&it.why)), page.columns()) {
            page.line(&line);
        }
        page.finish()
    }));
    parts.join("\n")
}

pub(super) fn markdown(list: &DiagnosisList) -> String {
    let heading = |context: &str| format!("## Context {}\n\n", markdown::prose(context));
    let told = list.items.iter().map(|item| heading(context_of(item)) + &markdown::render(item));
    let unanswered = list.unanswered.iter().map(|it| {
        let why = markdown::prose(&it.why);
        format!("{}Not diagnosed: {why}\n", heading(&it.context))
    });
    told.chain(unanswered).collect::<Vec<_>>().join("\n")
}

fn context_of(diagnosis: &Diagnosis) -> &str {
    diagnosis.metadata.context.as_deref().unwrap_or_default()
}

#[cfg(test)]
mod tests {

    use super::*;
    use crate::document::Unanswered;

    #[test]
    fn what_a_context_is_called_and_a_server_says_is_only_text() {
        let unanswered = Unanswered { context: "a\u{1b}[31m_b_".to_owned(), why: "<b>no\u{1b}\nway".to_owned() };
        let list = DiagnosisList::new(Vec::new(), vec![unanswered]);
        let style = Style { color: false, width: 100, now: None };
        for text in [narrow(&list, &style), wide(&list, &style), markdown(&list)] {
            assert!(!text.contains('\u{1b}') && text.contains("Not diagnosed: "), "{text:?}");
        }
        assert!(markdown(&list).contains("\\_b\\_") && markdown(&list).contains("\\<b\\>"), "{}", markdown(&list));
    }
}
