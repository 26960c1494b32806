//! Lines in order, in little memory. A hundred thousand facts as lines are some forty megabytes; a [`Sorter`] keeps sorted runs of
//! them packed and merges the runs in the end.

use super::Packed;
use super::packed::Iter;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// Bytes of a run before it is packed.
const RUN: usize = 4 << 20;

/// Takes lines in any order and gives them in the order of their bytes, equal ones as often as they came.
pub struct Sorter {
    run: usize,
    open: Vec<String>,
    bytes: usize,
    runs: Vec<Packed<String>>,
}

impl Default for Sorter {
    fn default() -> Self {
        Self { run: RUN, open: Vec::new(), bytes: 0, runs: Vec::new() }
    }
}

impl Sorter {
    /// Adds a line.
    pub fn push(&mut self, line: String) {
        self.bytes += line.len();
        self.open.push(line);
        if self.bytes >= self.run {
            self.close();
        }
    }

    fn close(&mut self) {
        self.open.sort_unstable();
        self.runs.push(self.open.drain(..).collect());
        self.bytes = 0;
    }

    /// Hands every line to `each`, in order.
    pub fn each(mut self, mut each: impl FnMut(String)) {
        if self.runs.is_empty() {
            self.open.sort_unstable();
            return self.open.into_iter().for_each(each);
        }
        self.close();
        let mut runs: Vec<Iter<'_, String>> = self.runs.iter().map(Packed::iter).collect();
        let mut heads: BinaryHeap<Reverse<(String, usize)>> =
            runs.iter_mut().enumerate().filter_map(|(n, run)| Some(Reverse((run.next()?, n)))).collect();
        while let Some(Reverse((line, n))) = heads.pop() {
            each(line);
            heads.extend(runs.get_mut(n).and_then(Iterator::next).map(|next| Reverse((next, n))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_out_in_order_and_none_is_lost() {
        for run in [usize::MAX, 4000, 100, 1] {
            let mut sorter = Sorter { run, ..Sorter::default() };
            let mut lines: Vec<String> = (0..2000_u32).map(|n| format!("{:x}\0\u{e9}", n * 7919 % 1000)).collect();
            lines.iter().cloned().for_each(|line| sorter.push(line));
            lines.sort();
            let mut out = Vec::new();
            sorter.each(|line| out.push(line));
            assert_eq!(out, lines);
        }
    }
}
