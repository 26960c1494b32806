//! User agents: what a program said about itself and its device when it signed in. Kind of system, model and program are told
//! apart here once, so that the records of all services can be laid side by side. All of it is a claim and can be made up;
//! browsers freeze parts of it (Safari on macOS, Chrome on Android and Windows), which then stay unsaid (catalogue/accounts.md 17.4).

use regex::Regex;
use serde_json::{Map, Value};
use std::sync::LazyLock;

/// What stands in a user agent, as JSON: `os` (ios · android · windows · macos · other), `os_version`, `model`, `program`,
/// `version`. What is not there is absent; `None` when nothing is recognised.
#[must_use]
pub fn parse(agent: &str) -> Option<Value> {
    let agent: String = agent.chars().take(2048).collect();
    let mut out = Map::new();
    let mut put = |key: &str, value: Option<String>| {
        if let Some(value) = value.map(|v| v.trim().to_string()).filter(|v| !v.is_empty() && !out.contains_key(key)) {
            out.insert(key.into(), value.into());
        }
    };
    let (os, version, model) = system(&agent);
    put("os", os.map(String::from));
    put("os_version", version);
    put("model", model);
    if let Some((name, version)) = program(&agent) {
        put("program", Some(name));
        put("version", version);
    }
    (!out.is_empty()).then_some(Value::Object(out))
}

/// A pattern of this file; the test below compiles them all.
fn pattern(text: &str) -> Option<Regex> {
    Regex::new(text).ok()
}

fn first(pattern: Option<&Regex>, agent: &str) -> Option<(String, Option<String>)> {
    let found = pattern?.captures(agent)?;
    let group = |n| found.get(n).map(|m| m.as_str().trim().to_string()).filter(|t: &String| !t.is_empty());
    Some((group(1)?, group(2)))
}

static APPLE: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"\b((?:iPhone|iPad|iPod|Watch)\d{1,2},\d{1,2})\b"));
static IOS: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"(?i)\b(i(?:Pad)?OS|iPhone OS|CPU OS)[ /]v?(\d+(?:[._]\d+)*)"));
static ANDROID: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"(?i)\b(Android)(?:[ /:]v?(\d+(?:\.\d+)*))?"));
/// `Linux; Android 15; Pixel 8 Build/…)`, `Linux; U; Android 9; nl-nl; SM-A520F)`.
static ANDROID_MODEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(r"(?i)Android [\d.]+; (?:[a-z]{2}[-_][a-z]{2}; )?([^;()]+?)(?: Build/[^;)]*)?(?:; wv)?[;)]")
});
/// `Instagram 121.0 Android (26/8.0.0; 480dpi; 1080x2076; samsung; SM-A520F; …`.
static META_ANDROID: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"Android \(\d+/([\d.]+); \d+dpi; \d+x\d+; [^;]+; ([^;]+);"));
/// `FBDV/iPhone13,2` and `FBMD/iPhone` of the apps of Meta.
static META_DEVICE: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"FBDV/([^;\]]+)"));
static PROGRAM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    pattern(
        r"\b(Instagram|Barcelona|Snapchat|TikTok|musical_ly|Telegram|WhatsApp|Signal-Android|Signal-iOS|Signal-Desktop|Discord|Messenger|EdgiOS|EdgA|Edg|OPR|SamsungBrowser|CriOS|FxiOS|DuckDuckGo|YaBrowser|Vivaldi|GSA|LinkedInApp|Twitter|Outlook|Thunderbird|Spotify|Netflix)[ /]v?(\d[\d.]*)?",
    )
});
static META_APP: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"FBAN/([A-Za-z]+)(?:;FBAV/([\d.]+))?"));
static BROWSER: LazyLock<Option<Regex>> =
    LazyLock::new(|| pattern(r"\b(Firefox|Chrome|HeadlessChrome|Trident|MSIE)[/ ](\d[\d.]*)"));
static SAFARI: LazyLock<Option<Regex>> = LazyLock::new(|| pattern(r"Version/(\d[\d.]*).*\bSafari/"));

fn system(agent: &str) -> (Option<&'static str>, Option<String>, Option<String>) {
    let lower = agent.to_ascii_lowercase();
    let apple = first(APPLE.as_ref(), agent).map(|(model, _)| model);
    let meta = first(META_DEVICE.as_ref(), agent).map(|(model, _)| model);
    // Windows phones called themselves Android and iPhone too; computers come first.
    if lower.contains("windows") {
        return (Some("windows"), None, None);
    }
    let named =
        ["iphone", "ipad"].iter().any(|name| lower.contains(name)) || lower == "ios" || lower.starts_with("ios ");
    // Macs have `Mac OS X 10_15_7`, phones `CPU iPhone OS 18_5 like Mac OS X`.
    let numbered = IOS.as_ref().is_some_and(|r| r.is_match(agent)) && !lower.contains("mac os x 1");
    if apple.is_some() || named || numbered {
        let version = first(IOS.as_ref(), agent).and_then(|(_, version)| version).map(|v| v.replace('_', "."));
        return (Some("ios"), version, apple.or(meta));
    }
    if lower.contains("android") {
        if let Some((version, model)) = first(META_ANDROID.as_ref(), agent) {
            return (Some("android"), Some(version), model);
        }
        let version = first(ANDROID.as_ref(), agent).and_then(|(_, version)| version);
        // Chrome writes `K` for every model since 2023.
        let model = first(ANDROID_MODEL.as_ref(), agent).map(|(model, _)| model).filter(|m| m != "K" && m != "Mobile");
        return (Some("android"), version, meta.or(model));
    }
    if lower.contains("macintosh") || lower.contains("mac os") || lower.contains("macos") {
        // Browsers have said 10.15.7 for years whatever runs.
        return (Some("macos"), None, None);
    }
    let other = ["linux", "x11", "cros", "playstation", "xbox", "nintendo", "tizen", "webos", "smart-tv"];
    (other.iter().any(|o| lower.contains(o)).then_some("other"), None, None)
}

fn program(agent: &str) -> Option<(String, Option<String>)> {
    if let Some((name, version)) = first(META_APP.as_ref(), agent) {
        let name = match name.as_str() {
            "FBIOS" | "FBForIPhone" => "Facebook",
            "MessengerForiOS" | "MessengerLiteForiOS" => "Messenger",
            other => other,
        };
        return Some((name.to_string(), version));
    }
    if let Some((name, version)) = first(PROGRAM.as_ref(), agent) {
        let name = match name.as_str() {
            "EdgiOS" | "EdgA" | "Edg" => "Edge",
            "OPR" => "Opera",
            "CriOS" => "Chrome",
            "FxiOS" => "Firefox",
            "GSA" => "Google app",
            "Barcelona" => "Threads",
            "musical_ly" => "TikTok",
            other => other,
        };
        return Some((name.to_string(), version));
    }
    if let Some(found) = first(BROWSER.as_ref(), agent) {
        return Some(found);
    }
    first(SAFARI.as_ref(), agent).map(|(version, _)| ("Safari".to_string(), Some(version)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::json;

    #[test]
    fn systems_models_and_programs() {
        for (agent, want) in [
            (
                "Instagram 361.0.0.0 (iPhone13,2; iOS 18_2; nl_NL; nl; scale=3.00)",
                json!({"os":"ios","os_version":"18.2","model":"iPhone13,2","program":"Instagram","version":"361.0.0.0"}),
            ),
            (
                "Instagram 121.0.0.29.119 Android (26/8.0.0; 480dpi; 1080x2076; samsung; SM-A520F; a5y17lte; samsungexynos7880; nl_NL)",
                json!({"os":"android","os_version":"8.0.0","model":"SM-A520F","program":"Instagram","version":"121.0.0.29.119"}),
            ),
            (
                "Mozilla/5.0 (Linux; Android 15; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
                json!({"os":"android","os_version":"15","model":"Pixel 8","program":"Chrome","version":"140.0.0.0"}),
            ),
            (
                "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36",
                json!({"os":"android","os_version":"10","program":"Chrome","version":"131.0.0.0"}),
            ),
            (
                "Mozilla/5.0 (Linux; Android 14; SM-A546B Build/UP1A.231005.007; wv) AppleWebKit/537.36 Version/4.0 Chrome/131.0 Mobile Safari/537.36",
                json!({"os":"android","os_version":"14","model":"SM-A546B","program":"Chrome","version":"131.0"}),
            ),
            (
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
                json!({"os":"windows","program":"Chrome","version":"131.0.0.0"}),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1",
                json!({"os":"ios","os_version":"18.5","program":"Safari","version":"18.5"}),
            ),
            (
                "Mozilla/5.0 (iPhone; CPU iPhone OS 18_2 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 [FBAN/FBIOS;FBAV/491.0.0.0;FBDV/iPhone14,5;FBMD/iPhone]",
                json!({"os":"ios","os_version":"18.2","model":"iPhone14,5","program":"Facebook","version":"491.0.0.0"}),
            ),
            (
                "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
                json!({"os":"macos","program":"Safari","version":"18.1"}),
            ),
            (
                "Snapchat/13.0.0.1 (iPhone13,2; iOS 18.2; gzip)",
                json!({"os":"ios","os_version":"18.2","model":"iPhone13,2","program":"Snapchat","version":"13.0.0.1"}),
            ),
            ("iOS 17.6.1", json!({"os":"ios","os_version":"17.6.1"})),
            ("iOS", json!({"os":"ios"})),
            ("Android 14", json!({"os":"android","os_version":"14"})),
            (
                "Signal-Desktop/7.2.0 Windows 10.0.19045",
                json!({"os":"windows","program":"Signal-Desktop","version":"7.2.0"}),
            ),
        ] {
            assert_eq!(parse(agent), Some(want), "{agent}");
        }
        assert_eq!(parse("blabla"), None);
        assert_eq!(parse(""), None);
    }
}
