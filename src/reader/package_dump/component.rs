//! The table of activities of a package dump, reduced to one question: which packages have an activity that a person can start.

use std::collections::HashSet;

use super::super::lines::indent;

const MAIN: &str = "android.intent.action.MAIN";
/// The categories under which a launcher shows an activity.
const LAUNCHERS: [&str; 3] = [
    "android.intent.category.LAUNCHER",
    "android.intent.category.LEANBACK_LAUNCHER",
    "android.intent.category.CAR_LAUNCHER",
];

/// Packages by the activities they list.
#[derive(Default)]
pub(super) struct Components {
    saw_main: bool,
    saw_category: bool,
    in_main: bool,
    current: Option<String>,
    main: HashSet<String>,
    launcher: HashSet<String>,
}

impl Components {
    /// A table of activities begins.
    pub(super) fn begin(&mut self) {
        self.in_main = false;
        self.current = None;
    }

    /// One line of the table. An action is a lone word that ends in `:`, whatever its indent (mis-indented ones have been seen).
    pub(super) fn line(&mut self, line: &str) {
        let text = line.trim();
        if let Some(action) = text.strip_suffix(':')
            && (!action.contains(' ') || indent(line) < 6)
        {
            self.in_main = action == MAIN;
            self.saw_main |= self.in_main;
            self.current = None;
            return;
        }
        if !self.in_main {
            return;
        }
        if let Some(category) = text.strip_prefix("Category: ") {
            // Categories are printed only with `-f`; then they decide.
            self.saw_category = true;
            if LAUNCHERS.contains(&category.trim_matches('"'))
                && let Some(package) = &self.current
            {
                self.launcher.insert(package.clone());
            }
            return;
        }
        // `7789301 com.example/.Main filter 2a61ed (2 filters)`
        let mut words = text.split_ascii_whitespace();
        let (Some(id), Some(component)) = (words.next(), words.next()) else { return };
        if id.chars().all(|c| c.is_ascii_hexdigit())
            && let Some((package, _)) = component.split_once('/')
        {
            self.current = Some(package.to_owned());
            self.main.insert(package.to_owned());
        }
    }

    /// Whether a launcher can show an activity of the package; `None` when the dump does not say.
    pub(super) fn is_main(&self, package: &str) -> Option<bool> {
        self.saw_main
            .then(|| if self.saw_category { self.launcher.contains(package) } else { self.main.contains(package) })
    }
}
