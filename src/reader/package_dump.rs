//! The `package` service of Android's `dumpsys`: which packages are installed for whom, since when, by what, with which
//! permissions (grammar: catalogue/android.md 1.4). A section ends at the next heading in column 0, never at a blank line; the
//! permissions of packages that share a user stand in a later section and are joined by its name, so packages are kept until
//! the end of the dump and only then given.

mod block;
mod component;

use std::io::Read;

use serde_json::{Map, Value, json};

use self::block::{Block, Package, Permission, UserState};
use self::component::Components;
use super::lines::{Lines, indent};
use super::{Error, Options, Row, Sink, Summary};

const FORMAT: &str = "package-dump";
/// Most packages, shared users and permissions together: some hundred times a phone full of apps.
const MAX_PARTS: u64 = 4_000_000;

/// Reads a package dump, alone or inside a whole bug report. One row a package **and Android user** with the facts of both, locator
/// `line:N` of the package's heading; with the record `/permissions` one row a package, user and permission
/// (`{"package","user","name","granted","flags","source","hidden_system"}`, `source` = `install`, `runtime` or `shared`), locator of the permission's line.
///
/// Keys of a package row: `package, real_name, app_id, shared_user, code_path, version_name, version_code, target_sdk, flags[],
/// private_flags[], installer, initiator, originator, package_source, update_owner, first_install, last_update, signatures[], user,
/// installed, hidden, suspended, stopped, not_launched, enabled, instant, first_install_user, install_reason, last_disabled_caller,
/// suspended_by, permissions[{name, granted, flags[]}], main_activity, hidden_system`. Times are the device's local text. `signatures` are
/// Java's 32-bit hashes, no digests. `hidden_system` marks the factory version of an updated system app, which is not installed.
/// `main_activity` is null when the dump has no table of activities, and false when all that start the app are switched off. Dumps of Android 4 and older know no users: user 0, installed.
///
/// # Errors
/// [`Error::Format`] when there is no package, [`Error::Bound`] beyond four million parts.
pub fn read(source: &mut dyn Read, options: &Options, sink: Sink<'_>) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    let dump = Dump::collect(source, &mut summary)?;
    if dump.packages.is_empty() && !dump.saw_packages {
        return Err(Error::Format { format: FORMAT, detail: "no section \"Packages:\"".to_owned() });
    }
    let by_permission = options.record.as_deref().is_some_and(|record| record.trim_matches('/') == "permissions");
    for package in &dump.packages {
        let shared = package.shared_user.as_ref().and_then(|name| dump.shared.iter().find(|user| user.name == *name));
        let none = UserState::default();
        let users = if package.users.is_empty() { std::slice::from_ref(&none) } else { &package.users[..] };
        for user in users {
            let permissions = permissions_of(package, user, shared);
            if by_permission {
                for (source, permission) in permissions {
                    let data = json!({"package": package.name, "user": user_number(package, user), "name": permission.name,
                        "granted": permission.granted, "flags": permission.flags, "source": source,
                        "hidden_system": package.hidden_system});
                    let row = Row {
                        locator: format!("line:{}", permission.line),
                        key: permission.name.clone(),
                        data: data.into(),
                    };
                    summary.give(sink, row)?;
                }
            } else {
                let data =
                    package_row(package, user, &permissions, dump.components.is_main(&package.name, &user.disabled));
                let row =
                    Row { locator: format!("line:{}", package.line), key: package.name.clone(), data: data.into() };
                summary.give(sink, row)?;
            }
        }
    }
    Ok(summary)
}

/// The sections of the dump that matter here.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Section {
    Activities,
    Packages,
    HiddenPackages,
    SharedUsers,
    Other,
}

#[derive(Default)]
struct Dump {
    packages: Vec<Package>,
    /// Shared users have the form of packages: a name, permissions, users.
    shared: Vec<Package>,
    components: Components,
    saw_packages: bool,
}

impl Dump {
    fn collect(source: &mut dyn Read, summary: &mut Summary) -> Result<Self, Error> {
        let mut dump = Self::default();
        let mut lines = Lines::new(source);
        let mut line = String::new();
        let mut section = Section::Other;
        // A dump alone has no heading of its own; inside a bug report only the right service counts.
        let mut ours = true;
        let mut block: Option<Block> = None;
        let mut parts = 0_u64;
        while lines.next(&mut line, summary)? {
            if let Some(service) = line.strip_prefix("DUMP OF SERVICE ") {
                ours = service.trim().trim_end_matches(':').rsplit(' ').next() == Some("package");
                dump.close(block.take(), section, &mut parts)?;
                section = Section::Other;
                continue;
            }
            if line.starts_with("------") {
                ours = false;
                dump.close(block.take(), section, &mut parts)?;
                section = Section::Other;
                continue;
            }
            if !ours || line.trim().is_empty() {
                continue;
            }
            let depth = indent(&line);
            if depth == 0 {
                // Only a heading ends a section; other text in column 0 is a value that holds a line break.
                if line.trim_end().ends_with(':') {
                    dump.close(block.take(), section, &mut parts)?;
                    section = section_of(line.trim_end());
                    dump.saw_packages |= section == Section::Packages;
                    if section == Section::Activities {
                        dump.components.begin();
                    }
                }
                continue;
            }
            match section {
                Section::Activities => dump.components.line(&line),
                Section::Other => {}
                _ => {
                    if let Some(name) = block_name(&line, depth, section) {
                        dump.close(block.take(), section, &mut parts)?;
                        block = Some(Block::new(name, lines.number, section == Section::HiddenPackages));
                    } else if let Some(block) = &mut block {
                        block.line(&line, depth, lines.number);
                    }
                }
            }
        }
        dump.close(block.take(), section, &mut parts)?;
        Ok(dump)
    }

    fn close(&mut self, block: Option<Block>, section: Section, parts: &mut u64) -> Result<(), Error> {
        let Some(block) = block else { return Ok(()) };
        let package = block.finish();
        *parts += 1 + package.parts();
        if *parts > MAX_PARTS {
            return Err(Error::Bound {
                format: FORMAT,
                detail: "more than 4,000,000 packages and permissions".to_owned(),
            });
        }
        if section == Section::SharedUsers {
            self.shared.push(package);
        } else {
            self.packages.push(package);
        }
        Ok(())
    }
}

fn section_of(heading: &str) -> Section {
    match heading {
        "Activity Resolver Table:" => Section::Activities,
        "Packages:" => Section::Packages,
        "Hidden system packages:" => Section::HiddenPackages,
        "Shared users:" => Section::SharedUsers,
        _ => Section::Other,
    }
}

/// The name in `  Package [name] (id):` or `  SharedUser [name] (id):`.
fn block_name(line: &str, depth: usize, section: Section) -> Option<&str> {
    let word = if section == Section::SharedUsers { "SharedUser [" } else { "Package [" };
    let rest = line.trim().strip_prefix(word)?;
    let (name, end) = rest.split_once(']')?;
    (depth < 4 && end.trim_end().ends_with(':')).then_some(name)
}

/// Install, runtime and shared permissions of one user; a later source replaces an earlier one of the same name.
fn permissions_of<'a>(
    package: &'a Package,
    user: &'a UserState,
    shared: Option<&'a Package>,
) -> Vec<(&'static str, &'a Permission)> {
    let mut found: Vec<(&'static str, &Permission)> = Vec::new();
    let mut place = std::collections::HashMap::new();
    let shared_user = shared.and_then(|shared| shared.users.iter().find(|state| state.user == user.user));
    let sources = [
        ("shared", shared.map(|shared| &shared.permissions[..]).unwrap_or_default()),
        ("shared", shared_user.map(|state| &state.permissions[..]).unwrap_or_default()),
        ("install", &package.permissions[..]),
        ("runtime", &user.permissions[..]),
    ];
    for (source, permissions) in sources {
        for permission in permissions {
            // Since Android 12 an install permission may differ by user, and then names its user.
            if permission.user.is_some() && permission.user != user.user {
                continue;
            }
            let at = *place.entry(permission.name.as_str()).or_insert(found.len());
            match found.get_mut(at) {
                Some(slot) => *slot = (source, permission),
                None => found.push((source, permission)),
            }
        }
    }
    found
}

/// Without any user line: 0 in the old form of the dump, unknown in the new one.
fn user_number(package: &Package, user: &UserState) -> Option<i64> {
    user.user.or(package.is_old_form.then_some(0))
}

fn package_row(
    package: &Package,
    user: &UserState,
    permissions: &[(&'static str, &Permission)],
    main_activity: Option<bool>,
) -> Value {
    let number = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<i64>().ok());
    let package_value = |key: &str| package.values.get(key).filter(|value| *value != "null").cloned();
    let user_value = |key: &str| user.values.get(key).filter(|value| *value != "null").cloned();
    let flag = |key: &str| match user.values.get(key).map(String::as_str) {
        Some("true") => Value::Bool(true),
        Some("false") => Value::Bool(false),
        _ => Value::Null,
    };
    let old_installed = (package.is_old_form && user.user.is_none())
        .then(|| package.values.get("installStatus").is_none_or(|status| status == "1"));
    let mut row = Map::new();
    let mut set = |key: &str, value: Value| {
        row.insert(key.to_owned(), value);
    };
    set("package", json!(package.name));
    set("real_name", json!(package.real_name));
    set("app_id", json!(number(&package_value("appId").or_else(|| package_value("userId")))));
    set("shared_user", json!(package.shared_user));
    set("code_path", json!(package_value("codePath")));
    set("version_name", json!(package_value("versionName")));
    set("version_code", json!(number(&package_value("versionCode"))));
    set("target_sdk", json!(number(&package_value("targetSdk"))));
    set("flags", json!(package.flags));
    set("private_flags", json!(package.private_flags));
    set("installer", json!(package_value("installerPackageName")));
    set("initiator", json!(package_value("initiatingPackageName")));
    set("originator", json!(package_value("originatingPackageName")));
    set("package_source", json!(number(&package_value("packageSource"))));
    set("update_owner", json!(package_value("updateOwnerPackageName")));
    set("first_install", json!(package_value("firstInstallTime")));
    set("last_update", json!(package_value("lastUpdateTime")));
    set("signatures", json!(package.signatures));
    set("user", json!(user_number(package, user)));
    set("installed", old_installed.map_or_else(|| flag("installed"), Value::Bool));
    for (key, name) in
        [("hidden", "hidden"), ("suspended", "suspended"), ("stopped", "stopped"), ("not_launched", "notLaunched")]
    {
        set(key, flag(name));
    }
    set("enabled", json!(number(&user_value("enabled").or_else(|| package_value("enabled")))));
    set("instant", flag("instant"));
    set("first_install_user", json!(user_value("firstInstallTime")));
    set("install_reason", json!(number(&user_value("installReason"))));
    set("last_disabled_caller", json!(user_value("lastDisabledCaller")));
    set("suspended_by", json!(user_value("suspendingPackage")));
    let permissions = permissions.iter().map(
        |(_, permission)| json!({"name": permission.name, "granted": permission.granted, "flags": permission.flags}),
    );
    set("permissions", Value::Array(permissions.collect()));
    set("main_activity", json!(main_activity));
    set("hidden_system", json!(package.hidden_system));
    Value::Object(row)
}

#[cfg(test)]
mod tests;
