//! `column -t`: a table with aligned columns.

use super::super::state::{Io, Shell};
use super::{fail, read_all};
use crate::tools::options;

pub async fn column(shell: &Shell, io: &Io, arguments: &[String]) -> i32 {
    let (flags, names) = options(arguments, "soNH");
    let text = match read_all(shell, io, "column", &names).await {
        Ok(text) => text,
        Err(message) => return fail(io, &message, 1),
    };
    if !flags.iter().any(|(letter, _)| *letter == 't') {
        io.out.write(&text);
        return 0;
    }
    let value = |wanted: char| flags.iter().find(|(l, _)| *l == wanted).map(|(_, v)| *v);
    let between = value('o').unwrap_or("  ");
    let rows: Vec<Vec<&str>> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| match value('s') {
            Some(separators) => line.split(|c| separators.contains(c)).collect(),
            None => line.split_whitespace().collect(),
        })
        .collect();
    let mut widths: Vec<usize> = Vec::new();
    for row in &rows {
        for (i, cell) in row.iter().enumerate() {
            let width = cell.chars().count();
            match widths.get_mut(i) {
                Some(known) => *known = width.max(*known),
                None => widths.push(width),
            }
        }
    }
    for row in &rows {
        let mut line = String::new();
        let last = row.len().saturating_sub(1);
        for (i, cell) in row.iter().enumerate() {
            line.push_str(cell);
            if i < last {
                let width = widths.get(i).copied().unwrap_or(0);
                let blanks = width.saturating_sub(cell.chars().count());
                line.extend(std::iter::repeat_n(' ', blanks));
                line.push_str(between);
            }
        }
        io.out.line(&line);
    }
    0
}
