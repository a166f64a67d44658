//! Text with tabs as a table.

use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use super::wrap::width;

/// Between two columns.
const GAP: u16 = 2;

/// The lines as a table with the first as its header, if they are one: every
/// line has as many tabs as the first, and at least one. A stack trace, whose
/// lines begin with a tab here and there, is none.
pub(super) fn from_lines(lines: &[String], columns: usize) -> Option<Vec<String>> {
    let tabs = |line: &String| line.matches('\t').count();
    let (header, rows) = lines.split_first()?;
    let all_alike = rows.iter().all(|row| tabs(row) == tabs(header));
    let is_table = tabs(header) > 0 && !rows.is_empty() && all_alike && !header.starts_with('\t');
    is_table.then(|| of(cells(header), rows.iter().map(|row| cells(row)), columns))
}

/// A table without borders, to be read as text.
pub fn of(header: Vec<&str>, rows: impl IntoIterator<Item = Vec<impl ToString>>, columns: usize) -> Vec<String> {
    let mut table = Table::new();
    table
        .load_style(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Dynamic)
        // The gap behind the last column is cut off.
        .set_width(u16::try_from(columns).unwrap_or(u16::MAX).saturating_add(GAP))
        .set_header(header);
    for row in rows {
        table.add_row(row.iter().map(ToString::to_string).collect::<Vec<_>>());
    }
    let words: Vec<_> = (0..table.column_count()).map(|column| longest_word(&table, column)).collect();
    for (column, word) in table.column_iter_mut().zip(words) {
        column.set_padding((0, GAP));
        // Names are there to be copied: rather too wide than broken.
        let whole = word.saturating_add(GAP);
        column.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(whole)));
    }
    let lines = table.lines();
    lines.map(|line| line.trim_end().to_owned()).collect()
}

fn longest_word(table: &Table, column: usize) -> u16 {
    let cells = table.column_cells_with_header_iter(column).flatten();
    let widths = cells.map(|cell| {
        let content = cell.content();
        content.split_whitespace().map(width).max().unwrap_or_default()
    });
    u16::try_from(widths.max().unwrap_or_default()).unwrap_or(u16::MAX)
}

fn cells(line: &str) -> Vec<&str> {
    line.split('\t').map(str::trim).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Option<Vec<String>> {
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        from_lines(&lines, 40)
    }

    #[test]
    fn columns_stand_below_each_other() {
        assert_eq!(
            table("NODE\tCPU FREE\nworker-1\t200m\nw2\t1"),
            Some(vec!["NODE      CPU FREE".to_owned(), "worker-1  200m".to_owned(), "w2        1".to_owned(),])
        );
    }

    #[test]
    fn sentences_are_wrapped_and_names_are_not() {
        assert_eq!(
            table("NODE\tWHY\nip-10-0-12-34.eu-west-1.internal\tno cpu at all"),
            Some(vec![
                "NODE                              WHY".to_owned(),
                "ip-10-0-12-34.eu-west-1.internal  no cpu".to_owned(),
                "                                  at all".to_owned(),
            ])
        );
    }

    #[test]
    fn columns_stand_below_each_other_in_any_script() {
        let lines = table("NAME\tWHERE\n東京\there\n🚀 web\tthere\nweb\there").unwrap();
        let column = |line: &String, word: &str| width(line.split(word).next().unwrap_or_default());
        assert_eq!(column(&lines[0], "WHERE"), column(&lines[1], "here"));
        assert_eq!(column(&lines[1], "here"), column(&lines[2], "there"));
        assert_eq!(column(&lines[1], "here"), column(&lines[3], "here"));
    }

    #[test]
    fn a_stack_trace_is_no_table() {
        assert_eq!(table("Exception\n\tat main\n\tat run"), None);
        assert_eq!(table("\tat main\n\tat run"), None);
        assert_eq!(table("one\tline"), None);
        assert_eq!(table(""), None);
    }
}
