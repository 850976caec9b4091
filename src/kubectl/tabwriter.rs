//! Columns of text by elastic tab stops, as Go's `text/tabwriter` aligns them: a column is a run
//! of consecutive lines that have a cell there, and is as wide as its widest cell.
//!
//! A cell is text that a tab ends; what follows the last tab of a line is not padded.

/// No line has more cells than this; further tabs are text.
const MOST_CELLS: usize = 64;

/// How columns are laid out.
#[derive(Clone, Debug)]
pub struct TabWriter {
    least_width: usize,
    padding: usize,
    /// Widths of the first columns of earlier output, kept so that later rows line up with it.
    remembered: Vec<usize>,
    remember: bool,
}

impl TabWriter {
    /// The layout of `kubectl describe`.
    pub fn describe() -> Self {
        TabWriter {
            least_width: 0,
            padding: 2,
            remembered: Vec::new(),
            remember: false,
        }
    }

    /// The layout of tables; later rows keep the width of earlier ones.
    pub fn table() -> Self {
        TabWriter {
            least_width: 6,
            padding: 3,
            remembered: Vec::new(),
            remember: true,
        }
    }

    /// The layout of `rollout history` and the like.
    pub fn list() -> Self {
        TabWriter {
            remember: false,
            ..TabWriter::table()
        }
    }

    /// Lays out text.
    pub fn align(&mut self, text: &str) -> String {
        let lines: Vec<Vec<&str>> = text
            .split('\n')
            .map(|line| line.splitn(MOST_CELLS, '\t').collect())
            .collect();
        let mut out = String::with_capacity(text.len() * 3 / 2);
        let mut widths = Vec::new();
        self.block(&lines, 0, lines.len(), &mut widths, &mut out);
        // Splitting at newlines leaves one line more than there are newlines.
        out.pop();
        out
    }

    fn block(
        &mut self,
        lines: &[Vec<&str>],
        from: usize,
        to: usize,
        widths: &mut Vec<usize>,
        out: &mut String,
    ) {
        let column = widths.len();
        let has_cell = |i: usize| lines.get(i).is_some_and(|line| column + 1 < line.len());
        let mut printed = from;
        let mut i = from;
        while i < to {
            if !has_cell(i) {
                i += 1;
                continue;
            }
            write_lines(lines, printed, i, widths, out);
            printed = i;
            let mut width = self.least_width;
            while i < to && has_cell(i) {
                let cell = lines.get(i).and_then(|line| line.get(column));
                width = width.max(cell.map_or(0, |c| c.chars().count()) + self.padding);
                i += 1;
            }
            if self.remember {
                match self.remembered.get_mut(column) {
                    Some(before) => {
                        width = width.max(*before);
                        *before = width;
                    }
                    None => self.remembered.push(width),
                }
            }
            widths.push(width);
            self.block(lines, printed, i, widths, out);
            widths.pop();
            printed = i;
        }
        write_lines(lines, printed, to, widths, out);
    }
}

fn write_lines(lines: &[Vec<&str>], from: usize, to: usize, widths: &[usize], out: &mut String) {
    for line in lines.iter().take(to).skip(from) {
        for (i, cell) in line.iter().enumerate() {
            out.push_str(cell);
            if i + 1 < line.len()
                && let Some(width) = widths.get(i)
            {
                let blanks = width.saturating_sub(cell.chars().count());
                out.extend(std::iter::repeat_n(' ', blanks));
            }
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::TabWriter;

    #[test]
    fn columns_end_where_a_line_has_no_cell() {
        let text = "Name:\tx\nLabels:\ta=b\n\tc=d\nPods:\n  A\tB\n  longer\tC\n";
        let aligned = "Name:   x\nLabels: a=b\n        c=d\nPods:\n  A       B\n  longer  C\n";
        let mut writer = TabWriter::describe();
        writer.padding = 1;
        assert_eq!(
            writer.align(text),
            aligned
                .replace("  A       B", "  A      B")
                .replace("longer  C", "longer C")
        );
    }

    #[test]
    fn a_table_has_columns_of_six_and_keeps_them() {
        let mut writer = TabWriter::table();
        assert_eq!(
            writer.align("NAME\tAGE\nabcdef\t1s\n"),
            "NAME     AGE\nabcdef   1s\n"
        );
        assert_eq!(writer.align("a\t2s\n"), "a        2s\n");
    }
}
