//! The table of activities of a package dump, reduced to one question: which packages have an activity that a person can start.

use std::collections::{HashMap, HashSet};

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
    current: Option<(String, String)>,
    main: HashMap<String, HashSet<String>>,
    launcher: HashMap<String, HashSet<String>>,
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
                && let Some((package, class)) = &self.current
            {
                self.launcher.entry(package.clone()).or_default().insert(class.clone());
            }
            return;
        }
        // `7789301 com.example/.Main filter 2a61ed (2 filters)`
        let mut words = text.split_ascii_whitespace();
        let (Some(id), Some(component)) = (words.next(), words.next()) else { return };
        if id.chars().all(|c| c.is_ascii_hexdigit())
            && let Some((package, class)) = component.split_once('/')
        {
            let class = full(package, class);
            self.current = Some((package.to_owned(), class.clone()));
            self.main.entry(package.to_owned()).or_default().insert(class);
        }
    }

    /// Whether a launcher can show an activity of the package that is not among the disabled classes; `None` when the dump does
    /// not say.
    pub(super) fn is_main(&self, package: &str, disabled: &[String]) -> Option<bool> {
        let listed = if self.saw_category { &self.launcher } else { &self.main };
        let on = |class: &String| !disabled.iter().any(|off| full(package, off) == *class);
        self.saw_main.then(|| listed.get(package).is_some_and(|classes| classes.iter().any(on)))
    }
}

/// The class in full: a name that begins with a dot lies in the package.
fn full(package: &str, class: &str) -> String {
    if class.starts_with('.') { format!("{package}{class}") } else { class.to_owned() }
}
