//! Problems in data files, shown with file, line, column and a caret. Loading is linting: every loader collects all problems
//! of all files before it refuses.

use std::fmt;

/// One problem in one data file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Name of the file, relative to its data folder.
    pub file: String,
    /// Line, from 1; 0 when the problem concerns the file as a whole.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong, and what was expected.
    pub message: String,
    /// The text of the line, for display.
    pub text: String,
}

impl Problem {
    /// A problem at a byte range of `source`. Without a range it concerns the whole file.
    #[must_use]
    pub fn at(file: &str, source: &str, span: Option<std::ops::Range<usize>>, message: impl Into<String>) -> Self {
        let message = message.into();
        let Some(span) = span else {
            return Self { file: file.into(), line: 0, column: 0, message, text: String::new() };
        };
        let before = source.get(..span.start).unwrap_or(source);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
        let text = source.lines().nth(line - 1).unwrap_or("").to_string();
        Self { file: file.into(), line, column, message, text }
    }

    /// A problem that the TOML parser found.
    #[must_use]
    pub fn from_toml(file: &str, source: &str, error: &toml::de::Error) -> Self {
        Self::at(file, source, error.span(), error.message())
    }

    /// The same problem at the first place where `needle` stands in the file; the whole file when it does not.
    #[must_use]
    pub fn near(file: &str, source: &str, needle: &str, message: impl Into<String>) -> Self {
        let span = source.find(needle).map(|start| start..start + needle.len());
        Self::at(file, source, span, message)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.line == 0 {
            return write!(f, "{}: {}", self.file, self.message);
        }
        writeln!(f, "{}:{}:{}: {}", self.file, self.line, self.column, self.message)?;
        writeln!(f, "    | {}", self.text)?;
        write!(f, "    | {:>width$}", "^", width = self.column)
    }
}

/// All problems of a set of data files. Never empty when returned as an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// `Ok(value)` when there are none.
    ///
    /// # Errors
    /// The problems, sorted by file and place.
    pub fn or<T>(mut problems: Vec<Problem>, value: T) -> Result<T, Self> {
        if problems.is_empty() {
            return Ok(value);
        }
        problems.sort();
        problems.dedup();
        Err(Self(problems))
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, problem) in self.0.iter().enumerate() {
            if n > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_points_at_its_place() {
        let source = "a = 1\nbé = 2\n";
        let at = source.find("= 2").map(|s| s..s + 1);
        let problem = Problem::at("x.toml", source, at, "wrong");
        assert_eq!((problem.line, problem.column), (2, 4));
        assert_eq!(problem.to_string(), "x.toml:2:4: wrong\n    | bé = 2\n    |    ^");
    }
}
