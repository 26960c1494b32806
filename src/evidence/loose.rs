//! Loose output of `adb shell`, one command a file: which command it is the output of, by its first lines, and by the file's name
//! only where the lines leave it open. The output of `getprop` is the stream `section::SYSTEM PROPERTIES` wherever it comes from, of
//! `settings list secure` `settings::secure`, of `dumpsys account` `dumpsys::account`; other commands are `command::packages` and the
//! like. Shapes after catalogue/android.md 1.3 to 1.9.

/// The first line of a service's own dump, as far as it tells the service.
const FIRST_LINES: &[(&str, &str)] = &[
    ("Database versions:", "package"),
    ("Activity Resolver Table:", "package"),
    ("Packages:", "package"),
    ("Verifiers:", "package"),
    ("Current Device Policy Manager state:", "device_policy"),
    ("Current Notification Manager state", "notification"),
    ("Current AppOps Service state:", "appops"),
    ("User UserInfo{", "account"),
    ("Accounts: ", "account"),
    ("Location Manager state:", "location"),
    ("Companion Device Associations:", "companiondevice"),
    ("Current lock settings service state:", "lock_settings"),
    ("GLOBAL SETTINGS (user ", "settings"),
    ("CONFIG SETTINGS (user ", "settings"),
    ("SECURE SETTINGS (user ", "settings"),
    ("Bluetooth Status", "bluetooth_manager"),
    ("Trust manager state:", "trust"),
    ("last known state:", "telephony.registry"),
    ("Applications Database Info:", "dbinfo"),
    ("Battery History (", "batterystats"),
    ("Current Input Method Manager state:", "input_method"),
    ("ChangeId(", "platform_compat"),
    ("{\"service\":\"Fingerprint Manager\"", "fingerprint"),
    ("{\"service\":\"Face Manager\"", "face"),
    ("system-excidle,", "deviceidle"),
    ("Current user: ", "user"),
    ("UsbManager State:", "usb"),
    ("UI MODE SERVICE STATE:", "uimode"),
];

/// Settings that stand in one table only.
const SETTINGS: &[(&str, &[&str])] = &[
    (
        "secure",
        &[
            "android_id",
            "enabled_accessibility_services",
            "accessibility_enabled",
            "default_input_method",
            "enabled_input_methods",
            "enabled_notification_listeners",
            "sms_default_application",
            "bluetooth_name",
            "lockscreen.disabled",
            "user_setup_complete",
            "autofill_service",
            "location_mode",
            "touch_exploration_enabled",
            "backup_transport",
        ],
    ),
    (
        "global",
        &[
            "adb_enabled",
            "development_settings_enabled",
            "device_provisioned",
            "airplane_mode_on",
            "wifi_on",
            "bluetooth_on",
            "boot_count",
            "package_verifier_enable",
            "package_verifier_user_consent",
            "verifier_verify_adb_installs",
            "device_name",
            "private_dns_mode",
            "auto_time_zone",
            "stay_on_while_plugged_in",
        ],
    ),
    (
        "system",
        &[
            "screen_brightness",
            "screen_brightness_mode",
            "screen_off_timeout",
            "volume_ring",
            "volume_music",
            "ringtone",
            "accelerometer_rotation",
            "haptic_feedback_enabled",
            "time_12_24",
        ],
    ),
];

/// Since Android 14 these lines may come first.
const PREFACE: &[&str] = &["Service host process PID:", "Threads in use:", "Client PIDs:"];

/// Where apps keep their own files: a text there is theirs, whatever it looks like.
const OF_APPS: &[&str] = &["data/data/", "data/user/", "data/user_de/", "data/media/", "sdcard/", "storage/emulated/"];

/// The logical name of the stream that a text is, by its first lines (some KiB) and the name of its file.
pub(super) fn stream(head: &str, path: &str) -> Option<String> {
    let slashed = format!("/{}", path.to_lowercase());
    if OF_APPS.iter().any(|folder| slashed.contains(&format!("/{folder}"))) {
        return None;
    }
    let lines: Vec<&str> = head
        .lines()
        .map(str::trim_end)
        .filter(|line| !line.trim().is_empty() && !PREFACE.iter().any(|start| line.starts_with(start)))
        .take(60)
        .collect();
    let first = lines.first()?.trim();
    let base = slashed.rsplit('/').next().unwrap_or_default();
    let stem = base.rsplit_once('.').map_or(base, |(stem, _)| stem);
    command(&lines)
        .or_else(|| settings(&lines, stem))
        .or_else(|| service(first, stem).map(|service| format!("dumpsys::{service}")))
}

/// The service whose dump it is. What the text says goes before what the file is called.
fn service(first: &str, stem: &str) -> Option<String> {
    let known =
        FIRST_LINES.iter().find(|(start, _)| first.starts_with(start)).map(|(_, service)| (*service).to_owned());
    // `ACCESSIBILITY MANAGER (dumpsys accessibility)`
    let said = || {
        let (_, rest) = first.split_once("(dumpsys ")?;
        let name = rest.split([' ', ')']).next()?;
        (!name.is_empty()).then(|| name.to_owned())
    };
    let named = || {
        let name = stem.strip_prefix("dumpsys_").or_else(|| stem.strip_prefix("dumpsys-"))?;
        let name = name.split("_v1").next().unwrap_or(name);
        (!name.is_empty()).then(|| if name == "packages" { "package".to_owned() } else { name.to_owned() })
    };
    known.or_else(said).or_else(named)
}

/// A command other than `dumpsys` and `settings`.
fn command(lines: &[&str]) -> Option<String> {
    let first = lines.first()?.trim();
    let words =
        |line: &str, wanted: &[&str]| wanted.iter().all(|word| line.split_ascii_whitespace().any(|w| w == *word));
    let name = if first.starts_with('[') && first.contains("]: [") {
        return Some("section::SYSTEM PROPERTIES".to_owned());
    } else if lines.iter().take(3).all(|line| line.starts_with("package:")) {
        "packages"
    } else if words(first, &["PID", "NAME"]) || words(first, &["PID", "CMD"]) {
        "processes"
    } else if first == "Users:" && lines.get(1).is_some_and(|line| line.trim().starts_with("UserInfo{")) {
        // `pm list users` ends its lines behind the brace; `dumpsys user` goes on with the serial number.
        if lines.get(1).is_some_and(|line| line.contains("serialNo=")) {
            return Some("dumpsys::user".to_owned());
        }
        "users"
    } else if first == "no owners"
        || first.strip_suffix(" owner:").or_else(|| first.strip_suffix(" owners:")).is_some_and(number)
    {
        "owners"
    } else if first.strip_suffix(" activities found:").is_some_and(number) {
        "launcher"
    } else {
        return None;
    };
    Some(format!("command::{name}"))
}

fn number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The table of settings, when most lines are assignments and the name or the keys tell which one it is.
fn settings(lines: &[&str], stem: &str) -> Option<String> {
    let key = |line: &&str| {
        let (key, _) = line.split_once('=')?;
        let word = |c: char| c.is_alphanumeric() || "_.-:/@$".contains(c);
        (!key.is_empty() && key.chars().all(word)).then(|| key.to_owned())
    };
    let keys: Vec<String> = lines.iter().filter_map(key).collect();
    if keys.len() * 2 <= lines.len() {
        return None;
    }
    let named =
        SETTINGS.iter().map(|(table, _)| *table).find(|table| stem.contains("settings") && stem.ends_with(table));
    let held = |known: &[&str]| keys.iter().filter(|key| known.contains(&key.as_str())).count();
    let best = SETTINGS.iter().map(|(table, known)| (held(known), *table)).max_by_key(|(count, _)| *count);
    let told = best.filter(|(count, _)| *count >= 2 || (*count == 1 && keys.len() < 12)).map(|(_, table)| table);
    // The rest of a `settings` folder, such as `settings_random.txt`, is read as well.
    let other = stem.starts_with("settings_").then_some("other");
    named.or(told).or(other).map(|table| format!("settings::{table}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_known_by_what_they_print() {
        for (head, path, name) in [
            ("package:/data/app/~~a==/x-b==/base.apk=com.example  installer=null\n", "a.txt", "command::packages"),
            ("[ro.a]: [b]\n", "x", "section::SYSTEM PROPERTIES"),
            ("USER  PID PPID VSZ RSS WCHAN ADDR S NAME\nroot 1 0\n", "processes.txt", "command::processes"),
            ("Users:\n\tUserInfo{0:Owner:c13} running\n", "x", "command::users"),
            ("Users:\n  UserInfo{0:Owner:c13} serialNo=0\n", "x", "dumpsys::user"),
            ("1 owner:\nUser  0: admin=a/b,DeviceOwner\n", "x", "command::owners"),
            ("no owners\n", "x", "command::owners"),
            ("2 activities found:\n  Activity #0:\n", "x", "command::launcher"),
            ("ACCESSIBILITY MANAGER (dumpsys accessibility)\n", "x", "dumpsys::accessibility"),
            ("adb_enabled=1\nboot_count=7\nx=y\n", "x", "settings::global"),
            ("a=1\nb=2\n", "qf/settings_secure.txt", "settings::secure"),
            ("a=1\n", "settings_random.txt", "settings::other"),
            ("Verifiers:\n  Required: x\n", "dumpsys_packages.txt", "dumpsys::package"),
            ("anything\n", "logs/DUMPSYS_account.TXT", "dumpsys::account"),
        ] {
            assert_eq!(stream(head, path).as_deref(), Some(name), "{head}");
        }
        for (head, path) in [
            ("Dear diary\na=b\n", "diary.txt"),
            ("a=1\nb=2\n", "x.txt"),
            ("adb_enabled=1\nboot_count=7\n", "data/data/com.example/files/notes.txt"),
            ("", "dumpsys_.txt"),
            ("package:one\nand a story\n", "x"),
        ] {
            assert_eq!(stream(head, path), None, "{head}");
        }
    }
}
