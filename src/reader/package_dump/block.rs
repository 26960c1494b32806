//! One `Package [name]` or `SharedUser [name]` block of a package dump, line by line. Indents decide what a line belongs to, but
//! only relative to the heading above it: tools that pass dumps on re-indent them.

use std::collections::HashMap;

/// A permission and whether it is granted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Permission {
    pub(super) name: String,
    pub(super) granted: bool,
    pub(super) flags: Vec<String>,
    /// The user it is meant for, when the line says so.
    pub(super) user: Option<i64>,
    pub(super) line: u64,
}

/// What a package is for one Android user.
#[derive(Debug, Default)]
pub(super) struct UserState {
    pub(super) user: Option<i64>,
    pub(super) values: HashMap<String, String>,
    pub(super) permissions: Vec<Permission>,
    /// Classes that are switched off for this user.
    pub(super) disabled: Vec<String>,
}

/// A package, or a shared user.
#[derive(Debug, Default)]
pub(super) struct Package {
    pub(super) name: String,
    pub(super) real_name: Option<String>,
    pub(super) line: u64,
    pub(super) hidden_system: bool,
    pub(super) shared_user: Option<String>,
    /// The form of Android 4 and older: flags as a number, no users.
    pub(super) is_old_form: bool,
    pub(super) flags: Vec<String>,
    pub(super) private_flags: Vec<String>,
    pub(super) signatures: Vec<String>,
    pub(super) values: HashMap<String, String>,
    pub(super) permissions: Vec<Permission>,
    pub(super) users: Vec<UserState>,
}

impl Package {
    /// How many things the block holds, for the bound on all of them.
    pub(super) fn parts(&self) -> u64 {
        let users: usize = self.users.iter().map(|user| 1 + user.permissions.len() + user.disabled.len()).sum();
        (users + self.permissions.len()) as u64
    }
}

/// A list that is open: lines deeper than its heading belong to it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum List {
    Permissions,
    Disabled,
    Ignored,
}

/// A block being read.
pub(super) struct Block {
    package: Package,
    list: Option<(List, usize)>,
    /// Indent of the `User N:` line that is open.
    user_depth: Option<usize>,
}

/// The values of a package that are kept; all others are passed over.
const PACKAGE_KEYS: [&str; 18] = [
    "appId",
    "userId",
    "codePath",
    "versionName",
    "versionCode",
    "targetSdk",
    "installerPackageName",
    "initiatingPackageName",
    "originatingPackageName",
    "packageSource",
    "updateOwnerPackageName",
    "firstInstallTime",
    "lastUpdateTime",
    "installStatus",
    "enabled",
    "minSdk",
    "timeStamp",
    "apkSigningVersion",
];
/// Those of a user.
const USER_KEYS: [&str; 12] = [
    "installed",
    "hidden",
    "suspended",
    "stopped",
    "notLaunched",
    "enabled",
    "instant",
    "installReason",
    "firstInstallTime",
    "lastDisabledCaller",
    "suspendingPackage",
    "quarantined",
];
/// Bits of `pkgFlags` while it was printed as a number (public constants of `ApplicationInfo`).
const OLD_FLAGS: [(u32, &str); 8] = [
    (1, "SYSTEM"),
    (2, "DEBUGGABLE"),
    (4, "HAS_CODE"),
    (8, "PERSISTENT"),
    (64, "ALLOW_CLEAR_USER_DATA"),
    (128, "UPDATED_SYSTEM_APP"),
    (256, "TEST_ONLY"),
    (32768, "ALLOW_BACKUP"),
];

impl Block {
    pub(super) fn new(name: &str, line: u64, hidden_system: bool) -> Self {
        let package = Package { name: name.to_owned(), line, hidden_system, ..Package::default() };
        Self { package, list: None, user_depth: None }
    }

    pub(super) fn finish(self) -> Package {
        self.package
    }

    pub(super) fn line(&mut self, line: &str, depth: usize, number: u64) {
        if self.list.is_some_and(|(_, above)| depth <= above) {
            self.list = None;
        }
        if self.user_depth.is_some_and(|above| depth <= above) {
            self.user_depth = None;
        }
        let text = line.trim();
        match self.list {
            Some((List::Permissions, _)) => return self.permission(text, number),
            Some((List::Disabled, _)) => {
                if let (Some(_), Some(state)) = (self.user_depth, self.package.users.last_mut()) {
                    state.disabled.push(text.to_owned());
                }
                return;
            }
            Some((List::Ignored, _)) => return,
            None => {}
        }
        match text {
            "install permissions:" | "runtime permissions:" | "grantedPermissions:" | "granted permissions:" => {
                self.list = Some((List::Permissions, depth));
                return;
            }
            "disabledComponents:" => {
                self.list = Some((List::Disabled, depth));
                return;
            }
            _ => {}
        }
        if self.user_depth.is_none()
            && let Some((user, rest)) = user_line(text)
        {
            let mut state = UserState { user: Some(user), ..UserState::default() };
            for (key, value) in pairs(rest) {
                if USER_KEYS.contains(&key) {
                    state.values.insert(key.to_owned(), value.to_owned());
                }
            }
            self.package.users.push(state);
            self.user_depth = Some(depth);
            return;
        }
        // Any other heading opens a list that is not kept: declared and requested permissions, components, libraries.
        if text.ends_with(':') && !text.contains('=') {
            self.list = Some((List::Ignored, depth));
            return;
        }
        if self.user_depth.is_some() { self.user_value(text) } else { self.value(text) }
    }

    /// `android.permission.CAMERA: granted=true, flags=[ USER_SET|USER_FIXED ]`, or in the old form the name alone.
    fn permission(&mut self, text: &str, number: u64) {
        let (name, rest) = text.split_once(": ").unwrap_or((text.trim_end_matches(':'), ""));
        if name.is_empty() || name.contains(char::is_whitespace) {
            return;
        }
        let granted = rest.is_empty()
            || pairs(rest).any(|(key, value)| key == "granted" && value.trim_end_matches(',') == "true");
        let user =
            pairs(rest).find(|(key, _)| *key == "userId").and_then(|(_, id)| id.trim_end_matches(',').parse().ok());
        let permission =
            Permission { name: name.to_owned(), granted, flags: bracketed(rest, "flags="), user, line: number };
        match (self.user_depth, self.package.users.last_mut()) {
            (Some(_), Some(state)) => state.permissions.push(permission),
            _ => self.package.permissions.push(permission),
        }
    }

    fn value(&mut self, text: &str) {
        let package = &mut self.package;
        if let Some(name) = text.strip_prefix("compat name=") {
            // Of a renamed package the heading shows the name it was renamed from.
            package.real_name = Some(std::mem::replace(&mut package.name, name.to_owned()));
            return;
        }
        let Some((key, value)) = text.split_once('=') else { return };
        match key {
            "sharedUser" => package.shared_user = shared_user(value),
            "signatures" => package.signatures = signatures(value),
            "flags" | "pkgFlags" if value.starts_with('[') => {
                merge(&mut package.flags, bracketed(text, &format!("{key}=")));
            }
            "privateFlags" | "privatePkgFlags" if value.starts_with('[') => {
                merge(&mut package.private_flags, bracketed(text, &format!("{key}=")));
            }
            "versionName" | "codePath" => {
                package.values.entry(key.to_owned()).or_insert_with(|| value.to_owned());
            }
            // Times hold a space; everything else may share its line with other values.
            "firstInstallTime" | "lastUpdateTime" | "timeStamp" => {
                package.values.insert(key.to_owned(), value.trim().to_owned());
            }
            _ => {
                for (key, value) in pairs(text) {
                    if key == "pkgFlags"
                        && let Some(bits) = value.strip_prefix("0x").and_then(|hex| u32::from_str_radix(hex, 16).ok())
                    {
                        package.is_old_form = true;
                        let set =
                            OLD_FLAGS.iter().filter(|(bit, _)| bits & bit != 0).map(|(_, name)| (*name).to_owned());
                        merge(&mut package.flags, set.collect());
                    } else if PACKAGE_KEYS.contains(&key) {
                        package.values.entry(key.to_owned()).or_insert_with(|| value.to_owned());
                    }
                }
            }
        }
    }

    fn user_value(&mut self, text: &str) {
        let Some(state) = self.package.users.last_mut() else { return };
        let entry = match text.split_once('=') {
            Some((key, value)) => Some((key, value)),
            None => text.split_once(": "),
        };
        if let Some((key, value)) = entry
            && USER_KEYS.contains(&key)
        {
            state.values.insert(key.to_owned(), value.trim().to_owned());
            return;
        }
        for (key, value) in pairs(text) {
            if USER_KEYS.contains(&key) {
                state.values.insert(key.to_owned(), value.to_owned());
            }
        }
    }
}

/// `User 10: ceDataInode=… installed=true …`; the rest may be empty (shared users).
fn user_line(text: &str) -> Option<(i64, &str)> {
    let (number, rest) = text.strip_prefix("User ")?.split_once(':')?;
    Some((number.parse().ok()?, rest))
}

/// The `key=value` words of a line.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split_ascii_whitespace().filter_map(|word| word.split_once('='))
}

/// The words between `key=[` and `]`, which newer versions part by `|` and older ones by spaces.
fn bracketed(text: &str, key: &str) -> Vec<String> {
    let Some((_, rest)) = text.split_once(key) else { return Vec::new() };
    let Some(rest) = rest.strip_prefix('[') else { return Vec::new() };
    let inner = rest.split(']').next().unwrap_or_default();
    words(inner, |c| c == '|' || c.is_whitespace())
}

fn words(text: &str, parted: impl Fn(char) -> bool) -> Vec<String> {
    text.split(parted).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

fn merge(into: &mut Vec<String>, more: Vec<String>) {
    for flag in more {
        if !into.contains(&flag) {
            into.push(flag);
        }
    }
}

/// The name in `SharedUserSetting{7fb54b1 android.uid.phone/1001}`.
fn shared_user(value: &str) -> Option<String> {
    let inner = value.strip_prefix("SharedUserSetting{")?.trim_end_matches('}');
    let (_, name) = inner.split_once(' ')?;
    Some(name.rsplit_once('/').map_or(name, |(name, _)| name).to_owned())
}

/// The hashes in `PackageSignatures{id version:2, signatures:[b378e95c], past signatures:[…]}`, before Android 9 `{id [b378e95c]}`.
fn signatures(value: &str) -> Vec<String> {
    let list = value.split_once("signatures:[").or_else(|| value.split_once(" [")).map_or("", |(_, rest)| rest);
    words(list.split(']').next().unwrap_or_default(), |c| c == ',' || c.is_whitespace())
}
