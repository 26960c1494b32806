//! Where the bytes of a stream lie, in the words of a shell: a file below the folder of the copies, or what an archive tool
//! prints.

use crate::evidence::{Kind, Opened};

/// Bytes as a shell reaches them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bytes {
    /// A file.
    File(String),
    /// What a command prints.
    Pipe(String),
}

impl Bytes {
    /// The command line that hands the bytes to a command; `rest` is what follows in the pipe.
    pub fn piped(&self, command: &str, rest: &str) -> String {
        match self {
            Self::File(path) => format!("{command} < {}{rest}", quote(path)),
            Self::Pipe(source) => format!("{source} | {command}{rest}"),
        }
    }

    /// The command that puts the bytes into a working file.
    pub fn copied_to(&self, to: &str) -> String {
        match self {
            Self::File(path) => format!("cp {} {to}", quote(path)),
            Self::Pipe(source) => format!("{source} > {to}"),
        }
    }
}

/// Where a stream lies.
#[derive(Debug, Clone)]
pub struct Place {
    /// Its bytes.
    pub bytes: Bytes,
    /// Number of its first line in those bytes (1 unless it was cut out of a larger text).
    pub first_line: u64,
    /// What a person does first, by code: `decrypt`, `work-copy`.
    pub first: Vec<String>,
    /// Commands that come before.
    pub lines: Vec<String>,
}

/// Where an entry of a container lies; none when no stock tool reaches it.
pub fn find(containers: &[Opened], at: (usize, usize)) -> Option<Place> {
    let opened = containers.get(at.0)?;
    let entry = opened.container.entries().get(at.1)?;
    let kind = opened.container.kind();
    let mut place = match kind {
        Kind::Dumpstate => match opened.parent {
            Some(parent) => find(containers, parent)?,
            None => plain(Bytes::File(root(opened))),
        },
        Kind::IosBackup => {
            let inside = match (&entry.stored, opened.parent) {
                (Some(stored), _) => stored.clone(),
                (None, Some((container, table))) => {
                    let table = containers.get(container)?.container.entries().get(table)?.path.clone();
                    table.rsplit_once('/').map_or_else(String::new, |(folder, _)| format!("{folder}/")) + &entry.path
                }
                (None, None) => entry.path.clone(),
            };
            let holder = opened.parent.map_or(at.0, |(container, _)| container);
            in_holder(containers, holder, &inside)?
        }
        _ => in_holder(containers, at.0, entry.stored.as_ref().filter(|_| kind == Kind::Zip).unwrap_or(&entry.path))?,
    };
    if kind == Kind::Dumpstate {
        place.first_line = entry.line.unwrap_or(1);
    }
    if entry.encrypted {
        place.first.push("decrypt".to_owned());
        if let (Kind::IosBackup, Bytes::File(path)) = (kind, &mut place.bytes) {
            // Tools that decrypt such a backup keep its layout; the copy itself stays as it is.
            *path = format!("decrypted/{path}");
        }
    }
    Some(place)
}

/// The same for a stream whose name must not be shown: among the files with the same ending, the one with this SHA-256. What lies in an
/// archive is taken out of it first, so that no name has to be written, in whatever script it is.
pub fn by_digest(containers: &[Opened], at: (usize, usize), sha256: &str) -> Option<Place> {
    let opened = containers.get(at.0)?;
    let entry = opened.container.entries().get(at.1)?;
    let kind = opened.container.kind();
    let ending = entry.path.rsplit_once('.').map_or("", |(_, ending)| ending);
    let plain_word = (1..=5).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    let pattern = if plain_word { format!("'*.{ending}'") } else { "'*'".to_owned() };
    let (mut place, folder) = match (kind, opened.parent) {
        (Kind::File, _) => return find(containers, at),
        (Kind::Folder, None) => (plain(Bytes::File(root(opened))), quote(&root(opened))),
        (Kind::Zip | Kind::Tar, _) => {
            let (part, _) = inside_part(opened, entry.stored.as_ref().unwrap_or(&entry.path));
            let (mut place, archive) = archive(containers, at.0, part)?;
            place.lines.push("rm -rf work/named && mkdir -p work/named".to_owned());
            place.lines.push(match (kind, &place.bytes) {
                (Kind::Zip, _) => format!("unzip -qq -o {} {pattern} -d work/named", quote(&archive)),
                (_, Bytes::File(_)) => format!("tar -xf {} -C work/named --wildcards {pattern}", quote(&archive)),
                (_, Bytes::Pipe(source)) => format!("{source} | tar -xf - -C work/named --wildcards {pattern}"),
            });
            (place, "work/named".to_owned())
        }
        _ => return None,
    };
    let test = format!("sha256sum < \"$1\" | grep -q ^{sha256} && cat \"$1\"");
    place.bytes = Bytes::Pipe(format!("find {folder} -type f -name {pattern} -exec sh -c '{test}' _ {{}} \\;"));
    Some(place)
}

/// A place without anything before it.
const fn plain(bytes: Bytes) -> Place {
    Place { bytes, first_line: 1, first: Vec::new(), lines: Vec::new() }
}

/// The name of an input as it lies in the folder of the copies. Joined parts go by the name of the first.
fn root(opened: &Opened) -> String {
    let name = opened.chain.first().cloned().unwrap_or_default();
    name.rsplit_once(" (+").map_or(name.clone(), |(first, _)| first.to_owned())
}

/// Where a named file of a container lies.
fn in_holder(containers: &[Opened], at: usize, inside: &str) -> Option<Place> {
    let opened = containers.get(at)?;
    let kind = opened.container.kind();
    match (kind, opened.parent) {
        (Kind::File, _) => return Some(plain(Bytes::File(root(opened)))),
        (Kind::Folder | Kind::IosBackup, None) => {
            return Some(plain(Bytes::File(format!("{}/{inside}", root(opened)))));
        }
        _ => {}
    }
    let (part, inside) = inside_part(opened, inside);
    let (mut place, archive) = archive(containers, at, part)?;
    let command = match (kind, &place.bytes) {
        (Kind::Zip, _) => format!("unzip -p {} {}", quote(&archive), quote(&pattern(inside))),
        (Kind::Tar, Bytes::File(_)) => format!("tar -xOf {} {}", quote(&archive), quote(inside)),
        (Kind::Tar, Bytes::Pipe(source)) => format!("{source} | tar -xOf - {}", quote(inside)),
        _ => return None,
    };
    place.bytes = Bytes::Pipe(command);
    Some(place)
}

/// The part of a joined archive in which an entry lies, and the rest of its name: such entries say so themselves.
fn inside_part<'n>(opened: &Opened, inside: &'n str) -> (Option<&'n str>, &'n str) {
    let joined = opened.container.kind() == Kind::Zip && opened.chain.last().is_some_and(|name| name.contains(" (+"));
    match inside.split_once('!') {
        Some((part, rest)) if joined => (Some(part), rest),
        _ => (None, inside),
    }
}

/// The archive that a container is, as a tool takes it, and what comes before.
fn archive(containers: &[Opened], at: usize, part: Option<&str>) -> Option<(Place, String)> {
    let opened = containers.get(at)?;
    let kind = opened.container.kind();
    let mut place = match opened.parent {
        None => plain(Bytes::File(part.map_or_else(|| root(opened), str::to_owned))),
        Some(parent) => find(containers, parent)?,
    };
    let archive = match (&place.bytes, kind) {
        (Bytes::File(path), _) => path.clone(),
        // unzip cannot read from a pipe.
        (pipe @ Bytes::Pipe(_), Kind::Zip) => {
            let name = format!("work/archive-{at}.zip");
            place.lines.push(format!("mkdir -p work && {}", pipe.copied_to(&name)));
            name
        }
        _ => String::new(),
    };
    Some((place, archive))
}

/// A name as unzip wants it: there `*`, `?` and `[` stand for other characters.
fn pattern(name: &str) -> String {
    name.chars().fold(String::new(), |mut out, c| {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') {
            out.push('\\');
        }
        out.push(c);
        out
    })
}

/// A word as a shell takes it.
pub fn quote(word: &str) -> String {
    let simple = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '.' | '_' | '-' | '+' | '@' | ':' | ',');
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(simple) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_become_a_command() {
        assert_eq!(quote("a/b-c.db"), "a/b-c.db");
        assert_eq!(quote("x'; rm -rf ~; '"), "'x'\\''; rm -rf ~; '\\'''");
        assert_eq!(quote("-rf"), "'-rf'");
        assert_eq!(quote("$(id)"), "'$(id)'");
        assert_eq!(pattern("a[1]*.csv"), "a\\[1\\]\\*.csv");
    }
}
