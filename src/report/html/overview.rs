//! The overviews of the page: who can see what, and what happened when; each as a picture with the same in a table.

use super::picture::{self, Dot, Row};
use super::{Moment, Page, rank};
use crate::report::text::Seen;
use crate::report::{Finding, FindingText};
use std::collections::BTreeSet;

/// Most times on the timeline.
const MOST_TIMES: usize = 500;

/// A line of the timeline.
pub(super) struct Line<'a> {
    /// When.
    pub moment: Moment,
    /// Which column says so.
    pub field: &'a str,
    /// In which finding.
    pub finding: &'a Finding,
    /// In which of its citations, counted from 1.
    pub citation: usize,
}

#[allow(clippy::unused_self, reason = "a template reaches its functions through the page")]
impl Page<'_> {
    /// The three groups of the matrix: where you are, what can be read, what can be operated (field.md S05).
    pub(super) fn axes(&self) -> [(&str, Vec<(&str, &Seen)>); 3] {
        let words = self.words;
        [("where", &words.axis_where), ("what", &words.axis_what), ("control", &words.axis_control)].map(
            |(axis, name)| {
                let seen = self.text.sees.iter().filter(|(_, seen)| seen.axis == axis);
                (name.as_str(), seen.map(|(code, seen)| (code.as_str(), seen)).collect())
            },
        )
    }

    /// The findings about a thing of the victim's.
    pub(super) fn about(&self, code: &str) -> Vec<&Finding> {
        self.report.findings.iter().filter(|finding| finding.sees.iter().any(|one| one == code)).collect()
    }

    /// All times in the citations, in order of UTC.
    pub(super) fn timeline(&self) -> Vec<Line<'_>> {
        let mut lines: Vec<(&str, Line<'_>)> = Vec::new();
        for finding in &self.report.findings {
            for (at, citation) in finding.citations.iter().enumerate() {
                // The date of a file is no event.
                for (field, value) in citation.decoded.iter().filter(|(field, _)| !citation.of_file(field)) {
                    if let Some((time, moment)) =
                        value.as_str().and_then(|time| self.zone.moment(time).map(|moment| (time, moment)))
                    {
                        lines.push((time, Line { moment, field, finding, citation: at.saturating_add(1) }));
                    }
                }
            }
        }
        lines.sort_by(|(_, one), (_, other)| one.moment.utc.cmp(&other.moment.utc));
        let mut told = BTreeSet::new();
        lines.retain(|(time, line)| told.insert((*time, line.field, line.finding.id.as_str())));
        lines.into_iter().map(|(_, line)| line).collect()
    }

    /// The part of the timeline that is printed.
    pub(super) fn first<'a, 'b>(&self, lines: &'a [Line<'b>]) -> &'a [Line<'b>] {
        lines.get(..MOST_TIMES).unwrap_or(lines)
    }

    /// The matrix as a picture: what can be seen against how urgent it is.
    pub(super) fn matrix_picture(&self) -> String {
        let mut codes: Vec<&str> = self.text.urgency.0.keys().map(String::as_str).collect();
        codes.sort_by_key(|code| rank(code));
        let columns: Vec<&str> = codes.iter().map(|code| self.text.urgency.name(code)).collect();
        let mut rows = Vec::new();
        for (axis, things) in self.axes() {
            rows.push(Row { name: axis, group: true, counts: Vec::new() });
            for (code, seen) in things {
                let about = self.about(code);
                let count = |urgency: &&str| about.iter().filter(|one| one.urgency == *urgency).count();
                rows.push(Row { name: &seen.name, group: false, counts: codes.iter().map(count).collect() });
            }
        }
        picture::matrix(&self.court.matrix_picture, &self.court.matrix_picture_help, &columns, &codes, &rows)
    }

    /// The timeline as a picture: one row a concern, one dot a time.
    pub(super) fn timeline_picture(&self, lines: &[Line<'_>]) -> String {
        let mut concerns: Vec<&str> = Vec::new();
        for finding in &self.report.findings {
            if !concerns.contains(&finding.category.as_str()) {
                concerns.push(&finding.category);
            }
        }
        let dots: Vec<Dot> = lines
            .iter()
            .filter_map(|line| {
                let row = concerns.iter().position(|one| *one == line.finding.category)?;
                Some(Dot { day: line.moment.utc.get(..10)?.to_owned(), row, code: line.finding.urgency.clone() })
            })
            .collect();
        let names: Vec<&str> = concerns.iter().map(|concern| self.text.name(concern)).collect();
        picture::timeline(&self.court.timeline_picture, &self.court.timeline_picture_help, &names, &dots)
    }

    /// What else may explain findings, with the findings of which the same is said.
    pub(super) fn explained(&self) -> Vec<Vec<&Finding>> {
        let mut alike: Vec<Vec<&Finding>> = Vec::new();
        for finding in self.report.findings.iter().filter(|one| !self.texts(one).innocent.is_empty()) {
            let own = self.texts(finding);
            let same = |one: &FindingText| one.may_mean == own.may_mean && one.innocent == own.innocent;
            match alike.iter_mut().find(|group| group.first().is_some_and(|first| same(self.texts(first)))) {
                Some(group) => group.push(finding),
                None => alike.push(vec![finding]),
            }
        }
        alike
    }
}
