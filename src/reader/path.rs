//! Paths into trees: the `record` of an artifact (`/devices/*`) and the locators that name a match, both in the manner of a
//! JSON pointer (RFC 6901): `~1` stands for `/` and `~0` for `~` inside a step.

/// One step of a record path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// `*`: every value of a dictionary, every element of an array.
    Each,
    /// One key of a dictionary or one index of an array.
    Key(String),
}

/// The steps of a record path; without a path, or with `/`, there are none and the whole is one row.
#[must_use]
pub fn steps(record: Option<&str>) -> Vec<Step> {
    let trimmed = record.unwrap_or_default().trim_matches('/');
    if trimmed.is_empty() {
        return Vec::new();
    }
    trimmed
        .split('/')
        .map(|step| if step == "*" { Step::Each } else { Step::Key(step.replace("~1", "/").replace("~0", "~")) })
        .collect()
}

/// Adds a step to a locator such as `json:` or `plist:/Applications`.
#[must_use]
pub fn join(locator: &str, key: &str) -> String {
    let escaped = key.replace('~', "~0").replace('/', "~1");
    format!("{locator}/{escaped}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_and_locators_escape_alike() {
        assert_eq!(steps(None), []);
        assert_eq!(steps(Some("/")), []);
        assert_eq!(steps(Some("/a~1b/*")), [Step::Key("a/b".to_owned()), Step::Each]);
        assert_eq!(join("plist:/a", "x/~"), "plist:/a/x~1~0");
    }
}
