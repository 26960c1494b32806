//! Tests of the reader beside this file.

#![allow(clippy::unwrap_used, clippy::expect_used)]
use super::*;

fn read_all(bytes: &[u8], record: Option<&str>) -> Vec<Row> {
    let options = Options { record: record.map(str::to_owned), ..Options::default() };
    let mut rows = Vec::new();
    let mut source = bytes;
    read(&mut source, &options, &mut |row| {
        rows.push(row);
        Ok(())
    })
    .unwrap();
    rows
}

const DUMP: &str = "Database versions:
Activity Resolver Table:
  Non-Data Actions:
      android.intent.action.MAIN:
        7789301 com.example.app/.Main
    android.intent.action.VIEW:
        7789302 com.example.worker/.View

Packages:
  Package [com.example.old] (a1):
    compat name=com.example.app
    appId=10123
    pkg=Package{1 com.example.app}
    codePath=/data/app/~~x==/com.example.app-y==
    versionCode=7 minSdk=24 targetSdk=34

    versionName=1.2 beta
    flags=[ HAS_CODE ALLOW_BACKUP ]
    privateFlags=[ HAS_DOMAIN_URLS ]
    timeStamp=2026-01-02 03:04:05
    lastUpdateTime=2026-01-02 03:04:06
    installerPackageName=com.android.vending
    initiatingPackageName=com.android.shell
    originatingPackageName=null
    packageSource=4
    signatures=PackageSignatures{9 version:2, signatures:[b378e95c, 1a], past signatures:[ff flags: 17]}
    pkgFlags=[ HAS_CODE TEST_ONLY ]
    declared permissions:
      com.example.app.OWN: prot=signature, INSTALLED
    requested permissions:
      android.permission.CAMERA: restricted=true
    install permissions:
      android.permission.INTERNET: granted=true
      android.permission.PER_USER: granted=true, userId=10
    User 0: ceDataInode=1 installed=true hidden=false suspended=true stopped=false notLaunched=false enabled=3 instant=false virtual=false
      installReason=4
      firstInstallTime=2025-12-31 23:59:59
      suspendingPackage=com.example.parent
      lastDisabledCaller: com.example.shell
      gids=[3003]
      runtime permissions:
        android.permission.CAMERA: granted=true, flags=[ USER_SET|USER_SENSITIVE_WHEN_GRANTED]
        android.permission.READ_SMS: granted=false, flags=[ USER_FIXED REVIEW_REQUIRED ]
      disabledComponents:
        com.example.app.Hidden
    User 10: ceDataInode=0 installed=false hidden=true suspended=false stopped=true notLaunched=true enabled=0 instant=false virtual=false
  Package [com.example.worker] (a2):
    userId=1001
    sharedUser=SharedUserSetting{7 android.uid.phone/1001}
    pkgFlags=[ SYSTEM HAS_CODE UPDATED_SYSTEM_APP ]
    User 0: installed=true hidden=false

Hidden system packages:
  Package [com.example.worker] (a3):
    userId=1001
    User 0: installed=true

Shared users:
  SharedUser [android.uid.phone] (b1):
    userId=1001
    install permissions:
      android.permission.SEND_SMS: granted=true
    User 0:
      runtime permissions:
        android.permission.READ_SMS: granted=true, flags=[ SYSTEM_FIXED ]
    User 10:
      runtime permissions:
        android.permission.CAMERA: granted=true
";

#[test]
fn a_row_for_each_package_and_user() {
    for text in [
        DUMP.to_owned(),
        DUMP.replace('\n', "\r\n"),
        format!(
            "DUMP OF SERVICE CRITICAL package:\n{DUMP}--------- 0.2s was the duration\nPackages:\n  Package [x] (1):\n"
        ),
    ] {
        let rows = read_all(text.as_bytes(), None);
        assert_eq!(
            rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>(),
            ["com.example.app", "com.example.app", "com.example.worker", "com.example.worker"]
        );
        let app = &rows[0].data;
        assert_eq!(rows[0].locator, rows[1].locator);
        for (key, value) in [
            ("real_name", json!("com.example.old")),
            ("app_id", json!(10123)),
            ("shared_user", Value::Null),
            ("version_name", json!("1.2 beta")),
            ("version_code", json!(7)),
            ("target_sdk", json!(34)),
            ("flags", json!(["HAS_CODE", "ALLOW_BACKUP", "TEST_ONLY"])),
            ("private_flags", json!(["HAS_DOMAIN_URLS"])),
            ("installer", json!("com.android.vending")),
            ("initiator", json!("com.android.shell")),
            ("originator", Value::Null),
            ("package_source", json!(4)),
            ("first_install", Value::Null),
            ("last_update", json!("2026-01-02 03:04:06")),
            ("signatures", json!(["b378e95c", "1a"])),
            ("user", json!(0)),
            ("installed", json!(true)),
            ("suspended", json!(true)),
            ("enabled", json!(3)),
            ("first_install_user", json!("2025-12-31 23:59:59")),
            ("install_reason", json!(4)),
            ("last_disabled_caller", json!("com.example.shell")),
            ("suspended_by", json!("com.example.parent")),
            ("main_activity", json!(true)),
            ("hidden_system", json!(false)),
            (
                "permissions",
                json!([
                {"name": "android.permission.INTERNET", "granted": true, "flags": []},
                {"name": "android.permission.CAMERA", "granted": true, "flags": ["USER_SET", "USER_SENSITIVE_WHEN_GRANTED"]},
                {"name": "android.permission.READ_SMS", "granted": false, "flags": ["USER_FIXED", "REVIEW_REQUIRED"]}]),
            ),
        ] {
            assert_eq!(app[key], value, "{key}");
        }
        assert_eq!(
            (&rows[1].data["user"], &rows[1].data["installed"], &rows[1].data["hidden"]),
            (&json!(10), &json!(false), &json!(true))
        );
        assert_eq!(rows[1].data["permissions"][1]["name"], "android.permission.PER_USER");
        let worker = &rows[2].data;
        assert_eq!((&worker["shared_user"], &worker["main_activity"]), (&json!("android.uid.phone"), &json!(false)));
        assert_eq!(worker["permissions"].as_array().unwrap().len(), 2);
        assert_eq!(
            (&rows[3].data["hidden_system"], &rows[3].data["package"]),
            (&json!(true), &json!("com.example.worker"))
        );
    }
}

#[test]
fn permissions_as_rows_point_at_their_own_lines() {
    let rows = read_all(DUMP.as_bytes(), Some("/permissions"));
    let camera = rows.iter().find(|row| row.key == "android.permission.CAMERA").unwrap();
    let line: usize = camera.locator.strip_prefix("line:").unwrap().parse().unwrap();
    assert!(DUMP.lines().nth(line - 1).unwrap().contains("CAMERA: granted=true, flags=[ USER_SET"));
    assert_eq!((&camera.data["source"], &camera.data["user"]), (&json!("runtime"), &json!(0)));
    assert!(rows.iter().any(|row| row.data["source"] == "shared" && row.data["name"] == "android.permission.SEND_SMS"));
}

#[test]
fn categories_decide_when_they_are_printed() {
    let dump = "Activity Resolver Table:\n  Non-Data Actions:\n      android.intent.action.MAIN:\n        1 com.a/.X filter 2\n          Action: \"android.intent.action.MAIN\"\n          Category: \"android.intent.category.LAUNCHER\"\n        2 com.b/.Y filter 3\n          Category: \"android.intent.category.DEFAULT\"\nPackages:\n  Package [com.a] (1):\n    User 0: installed=true\n  Package [com.b] (1):\n    User 0: installed=true\n";
    let rows = read_all(dump.as_bytes(), None);
    assert_eq!((&rows[0].data["main_activity"], &rows[1].data["main_activity"]), (&json!(true), &json!(false)));
    let rows = read_all(b"Packages:\n  Package [com.a] (1):\n    User 0: installed=true\n", None);
    assert_eq!(rows[0].data["main_activity"], Value::Null);
    // An icon that is switched off is no icon.
    let hidden =
        DUMP.replace("      disabledComponents:\n", "      disabledComponents:\n        com.example.app.Main\n");
    assert_eq!(read_all(hidden.as_bytes(), None)[0].data["main_activity"], json!(false));
}

#[test]
fn the_old_form_has_one_user() {
    let dump = "Packages:\n  Package [com.old] (40743968):\n    userId=10032 gids=[3003, 1015]\n    sharedUser=null\n    versionCode=10\n    targetSdk=10\n    signatures=PackageSignatures{406dc060 [40745030]}\n    pkgFlags=0x81 installStatus=1 enabled=2\n    grantedPermissions:\n      android.permission.RECORD_AUDIO\n";
    let row = &read_all(dump.as_bytes(), None)[0].data;
    assert_eq!(
        (&row["user"], &row["installed"], &row["enabled"], &row["app_id"]),
        (&json!(0), &json!(true), &json!(2), &json!(10032))
    );
    assert_eq!((&row["flags"], &row["signatures"]), (&json!(["SYSTEM", "UPDATED_SYSTEM_APP"]), &json!(["40745030"])));
    assert_eq!(row["permissions"], json!([{"name": "android.permission.RECORD_AUDIO", "granted": true, "flags": []}]));
}

#[test]
fn other_text_is_refused() {
    for text in ["", "hello\n", "DUMP OF SERVICE activity:\nPackages:\n  Package [x] (1):\n"] {
        let mut source = text.as_bytes();
        assert!(matches!(read(&mut source, &Options::default(), &mut |_| Ok(())), Err(Error::Format { .. })), "{text}");
    }
}
