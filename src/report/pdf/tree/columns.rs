//! Tables: their rows, as far as these are kept, and how wide their columns are.

use super::words::tidy;
use super::{BREAK, Lines, Node, Table, shape};

/// Characters on a line of a table.
const LINE: usize = 110;
/// Most characters for which a column is made wider.
const MOST_WIDE: usize = 200;

/// The table that the parts of a page make.
pub(super) fn table(parts: Vec<Node>, lines: &mut Lines) -> Table {
    let mut table = Table::default();
    for mut part in parts {
        match part.tag.as_str() {
            "caption" => {
                tidy(&mut part.inner);
                table.caption = part.inner;
            }
            "thead" | "tbody" => {
                let head = part.tag == "thead";
                for mut row in part.inner.into_iter().filter(|row| row.tag == "tr") {
                    row.inner.retain(|cell| matches!(cell.tag.as_str(), "td" | "th"));
                    table.all += usize::from(!head);
                    if !head && !lines.take() {
                        continue;
                    }
                    row.inner.iter_mut().for_each(|cell| shape(cell, lines));
                    if head { table.head = row.inner } else { table.rows.push(row.inner) }
                }
            }
            _ => {}
        }
    }
    table.widths = widths(&table);
    table
}

/// How wide the columns are to each other: each has room for its longest word, and what is left goes to those with many words, so
/// that a digest does not push a sentence aside.
fn widths(table: &Table) -> Vec<usize> {
    let columns = 0..table.head.len().max(1);
    let (mut least, mut more) = (Vec::new(), Vec::new());
    for column in columns {
        let cells = || table.rows.iter().filter_map(|row| row.get(column)).filter(|cell| cell.span < 2);
        let word = cells().chain(table.head.get(column)).map(longest).max().unwrap_or(0).saturating_add(4);
        let usual = cells().map(length).sum::<usize>() / cells().count().max(1);
        least.push(word);
        more.push(usual.min(MOST_WIDE).saturating_sub(word));
    }
    let left = LINE.saturating_sub(least.iter().sum());
    let wanted = more.iter().sum::<usize>().max(1);
    least.iter().zip(more).map(|(least, more)| least * 10 + left * 10 * more / wanted).collect()
}

fn length(node: &Node) -> usize {
    node.words.chars().count() + node.inner.iter().map(length).sum::<usize>()
}

/// The longest part of a cell that cannot be broken, in characters.
fn longest(node: &Node) -> usize {
    let own = node.words.split([' ', '\n', BREAK]).map(|word| word.chars().count()).max().unwrap_or(0);
    node.inner.iter().map(longest).max().unwrap_or(0).max(own).min(LINE / 4)
}
