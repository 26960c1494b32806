//! The session: when, where, by whom and with which program an audit ran. It stands beside the report, never in it, so that two
//! runs give the same report.

use sha2::{Digest as _, Sha256};
use std::path::PathBuf;

/// A session that has begun.
pub struct Session {
    started: jiff::Timestamp,
}

impl Session {
    /// Notes the beginning.
    pub fn begin() -> Self {
        Self { started: jiff::Timestamp::now() }
    }

    /// The session as it is written beside the report.
    pub fn end(self, inputs: &[PathBuf]) -> serde_json::Value {
        let absolute = |p: &PathBuf| std::path::absolute(p).unwrap_or_else(|_| p.clone()).display().to_string();
        serde_json::json!({
            "schema": "vrijspoor/session/1",
            "started": self.started.to_string(),
            "finished": jiff::Timestamp::now().to_string(),
            "host": host(),
            "user": std::env::var("USER").or_else(|_| std::env::var("USERNAME")).unwrap_or_default(),
            "system": format!("{} {}", std::env::consts::OS, std::env::consts::ARCH),
            "zone": jiff::tz::TimeZone::system().iana_name().unwrap_or("unknown"),
            "command": std::env::args().collect::<Vec<_>>(),
            "inputs": inputs.iter().map(absolute).collect::<Vec<_>>(),
            "tool": {
                "name": env!("CARGO_PKG_NAME"),
                "version": env!("CARGO_PKG_VERSION"),
                "binary_sha256": binary_digest(),
            },
        })
    }
}

fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .or_else(|_| std::env::var("COMPUTERNAME"))
        .or_else(|_| std::env::var("HOSTNAME"));
    name.map(|n| n.trim().to_string()).unwrap_or_default()
}

fn binary_digest() -> String {
    let Ok(mut file) = std::env::current_exe().and_then(std::fs::File::open) else { return String::new() };
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match std::io::Read::read(&mut file, &mut buffer) {
            Ok(0) => return crate::evidence::hash::hex(&hash.finalize()),
            Ok(n) => hash.update(&buffer[..n]),
            Err(_) => return String::new(),
        }
    }
}
