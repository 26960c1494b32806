//! The Dutch of the data files as prose: how long its sentences are, which words never stand in it, which abbreviations need to be
//! spelled out. A readability figure is a help for writers, not proof that people understand a text.

use crate::fact::Problem;
use std::collections::BTreeMap;

/// Most words in a sentence of Dutch at level B1.
pub const LONGEST: usize = 20;
/// Most words in a sentence on average over one file at level B1.
pub const LONGEST_MEAN: usize = 15;
/// Most words in a sentence of Dutch for people with low literacy.
pub const LONGEST_EASY: usize = 8;
/// A word of more letters than this is long.
const LONG_WORD: usize = 6;
/// From so many words on a body of text has a level; a few lines say nothing.
const ENOUGH: usize = 500;

/// What a body of Dutch must keep to as a whole. The bounds lie a little beyond what the texts had when they were set (2026-11-30), so that
/// a text that grows harder to read fails, and not one that is as easy as its neighbours.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    /// Most words in a sentence, on average.
    pub words_a_sentence: f64,
    /// Most long words of a hundred.
    pub long_words: f64,
    /// Least reading ease ([`Figures::douma`]).
    pub douma: f64,
}

/// Bounds for B1, and for people with low literacy.
const BOUNDS: [Bounds; 2] = [
    Bounds { words_a_sentence: 9.0, long_words: 27.0, douma: 74.0 },
    Bounds { words_a_sentence: 6.0, long_words: 21.0, douma: 84.0 },
];

/// Words that judge, alarm or reassure; none stands in a text for people.
const BANNED: [&str; 27] = [
    "veilig",
    "veilige",
    "veiliger",
    "onveilig",
    "schoon",
    "schone",
    "dader",
    "daders",
    "gehackt",
    "hacker",
    "hackers",
    "hackte",
    "schuldig",
    "schuldige",
    "slachtoffer",
    "slachtoffers",
    "verdachte",
    "verdachten",
    "pleger",
    "plegers",
    "bespioneert",
    "bespioneerde",
    "spion",
    "stalker",
    "stalkers",
    "groomer",
    "loverboy",
];
/// Names of which a banned word is a part, and that stand as they are.
const NAMES: [&str; 4] = ["Veilig Thuis", "Slachtofferhulp", "Veilig internetten", "Google Safe"];
/// Abbreviations that stand by themselves: names of products and files, and what the glossary explains.
const KNOWN: [&str; 62] = [
    "A4", "ABC", "ADB", "APK", "APP", "AVIM", "BRP", "BSN", "CSV", "DM", "DNS", "DOCX", "DSID", "EML", "EXIF", "GPS",
    "HTML", "HTTP", "HTTPS", "ICCID", "ICE", "ID", "IFTTT", "IMAP", "IMEI", "IMSI", "IOS", "IP", "JSON", "KPN", "LINE",
    "MAC", "MBOX", "MDM", "MMI", "NFC", "NL", "NS", "OV", "PC", "PDF", "PIN", "POP", "PUK", "QR", "SD", "SHA", "SIM",
    "SMS", "SQL", "TLS", "TV", "UDID", "UTC", "USB", "URL", "VPN", "WAL", "XML", "ZIP", "MVT", "VCF",
];

/// A Dutch text of a data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// Which file.
    pub file: String,
    /// For people with low literacy.
    pub easy: bool,
    /// The text.
    pub text: String,
}

/// How a body of text reads.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Figures {
    /// Number of sentences.
    pub sentences: usize,
    /// Number of words.
    pub words: usize,
    /// Number of syllables, counted as groups of vowels.
    pub syllables: usize,
    /// Number of words of more than six letters.
    pub long: usize,
    /// Words in the longest sentence.
    pub longest: usize,
}

impl Figures {
    /// Measures texts together.
    #[must_use]
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let mut figures = Self { sentences: 0, words: 0, syllables: 0, long: 0, longest: 0 };
        for text in texts {
            for sentence in sentences(text) {
                let words = words(sentence);
                figures.sentences += 1;
                figures.words += words.len();
                figures.longest = figures.longest.max(words.len());
                let letters = |word: &&&str| word.chars().filter(|c| c.is_alphabetic()).count() > LONG_WORD;
                figures.long += words.iter().filter(letters).count();
                figures.syllables += words.iter().map(|word| syllables(word)).sum::<usize>();
            }
        }
        figures
    }

    /// Words in a sentence, on average.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // counts of words are far below 2^52
    pub fn words_a_sentence(&self) -> f64 {
        self.words as f64 / self.sentences.max(1) as f64
    }

    /// Syllables in a word, on average.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // counts of syllables are far below 2^52
    pub fn syllables_a_word(&self) -> f64 {
        self.syllables as f64 / self.words.max(1) as f64
    }

    /// Long words of a hundred.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // counts of words are far below 2^52
    pub fn long_words(&self) -> f64 {
        100.0 * self.long as f64 / self.words.max(1) as f64
    }

    /// Reading ease after Douma (1960): Flesch's formula for Dutch; 60 to 70 is ordinary, above 80 easy.
    #[must_use]
    pub fn douma(&self) -> f64 {
        206.84 - 0.93 * self.words_a_sentence() - 77.0 * self.syllables_a_word()
    }
}

/// A body of Dutch of one level.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Layer {
    /// `nl`, `nl-easy`; `program` is what the program itself says.
    pub name: &'static str,
    /// How it reads.
    pub figures: Figures,
    /// What it must keep to.
    pub bounds: Bounds,
}

impl Layer {
    fn of(name: &'static str, easy: bool, pieces: &[Piece]) -> Self {
        let texts = pieces.iter().filter(|piece| piece.easy == easy).map(|piece| piece.text.as_str());
        Self { name, figures: Figures::of(texts), bounds: BOUNDS[usize::from(easy)] }
    }

    /// Whether it reads harder than it may. A few lines never do.
    #[must_use]
    pub fn too_hard(&self) -> bool {
        let Self { figures, bounds, .. } = self;
        figures.words >= ENOUGH
            && (figures.words_a_sentence() > bounds.words_a_sentence
                || figures.long_words() > bounds.long_words
                || figures.douma() < bounds.douma)
    }
}

/// The layers of the data files, of which these are the texts, and that of the program.
#[must_use]
pub fn layers(pieces: &[Piece]) -> [Layer; 3] {
    [Layer::of("nl", false, pieces), Layer::of("nl-easy", true, pieces), Layer::of("program", false, &program())]
}

/// The Dutch texts of the program itself.
fn program() -> Vec<Piece> {
    let mut program = Vec::new();
    if let Ok(table) = toml::from_str::<toml::Table>(crate::report::text::NL_SOURCE) {
        collect("report/text/nl.toml", &toml::Value::Table(table), Some(false), &mut program);
    }
    program
}

/// The sentences of a text; what stands before a colon or semicolon is read as a sentence of its own.
fn sentences(text: &str) -> impl Iterator<Item = &str> {
    const ENDS: [char; 5] = ['.', '?', '!', ':', ';'];
    // A full stop inside a word (`example.org`, `report.json`) ends nothing.
    text.split_inclusive(char::is_whitespace)
        .scan(0, |at, word| {
            let start = *at;
            *at += word.len();
            Some((start, *at, word.contains('\n') || word.trim_end_matches(['"', '’', ')', ' ']).ends_with(ENDS)))
        })
        .filter(|(.., end)| *end)
        .map(|(_, end, _)| end)
        .chain([text.len()])
        .scan(0, |from, to| {
            let sentence = text.get(*from..to).unwrap_or_default();
            *from = to;
            Some(sentence.trim())
        })
        .filter(|sentence| sentence.chars().any(char::is_alphanumeric))
}

fn words(sentence: &str) -> Vec<&str> {
    sentence.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).collect()
}

/// Syllables of a Dutch word: groups of vowels. A figure for comparing texts, no more.
fn syllables(word: &str) -> usize {
    let mut count = 0;
    let mut before = false;
    for letter in word.to_lowercase().chars() {
        let vowel = "aeiouyáéíóúàèëïöüê".contains(letter);
        // A trema begins a new syllable.
        count += usize::from(vowel && (!before || "ëïöü".contains(letter)));
        before = vowel;
    }
    count.max(1)
}

/// Every Dutch text of the data files: what stands under a key `nl` or `nl-easy`, at any depth.
#[must_use]
pub fn pieces(files: &[(&str, &str)]) -> Vec<Piece> {
    let mut all = Vec::new();
    for (file, text) in files {
        if let Ok(table) = toml::from_str::<toml::Table>(text) {
            collect(file, &toml::Value::Table(table), None, &mut all);
        }
    }
    all
}

fn collect(file: &str, node: &toml::Value, level: Option<bool>, all: &mut Vec<Piece>) {
    match node {
        toml::Value::String(text) => {
            if let Some(easy) = level {
                all.push(Piece { file: file.to_owned(), easy, text: text.clone() });
            }
        }
        toml::Value::Array(items) => items.iter().for_each(|item| collect(file, item, level, all)),
        toml::Value::Table(table) => {
            for (key, item) in table {
                let level = match key.as_str() {
                    "nl" => Some(false),
                    "nl-easy" | "person_easy" => Some(true),
                    "en" => None,
                    _ => level,
                };
                collect(file, item, level, all);
            }
        }
        _ => {}
    }
}

/// What is wrong with a Dutch text, if anything.
#[must_use]
pub fn faults(text: &str, easy: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let most = if easy { LONGEST_EASY } else { LONGEST };
    for sentence in sentences(text) {
        let count = words(sentence).len();
        if count > most {
            faults.push(format!("{count} words in a sentence, at most {most}: {sentence}"));
        }
    }
    let plain = NAMES.iter().fold(text.to_owned(), |text, name| text.replace(name, ""));
    let bare = |c: char| !(c.is_alphanumeric() || c == '-');
    for word in plain.split(bare).filter(|word| !word.is_empty()) {
        if BANNED.contains(&word.to_lowercase().as_str()) {
            faults.push(format!("the word `{word}` judges, alarms or reassures"));
        }
        let letters = word.chars().filter(|c| c.is_alphabetic()).count();
        let capitals = word.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit());
        if capitals && letters > 1 && !KNOWN.contains(&word) && !text.contains(&format!("({word})")) {
            faults.push(format!("the abbreviation {word} is not spelled out"));
        }
    }
    if easy {
        for word in words(text).iter().map(|word| word.trim_matches(bare).to_lowercase()) {
            if word == "u" || word == "uw" {
                faults.push(format!("`{word}`: the easy level says je"));
            }
        }
    }
    faults
}

/// Checks every Dutch text of the data files.
pub(super) fn check(files: &[(&str, &str)], problems: &mut Vec<Problem>) {
    let mut by_file: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let pieces = pieces(files);
    for piece in &pieces {
        let text = files.iter().find(|(name, _)| *name == piece.file).map_or("", |(_, text)| *text);
        for fault in faults(&piece.text, piece.easy) {
            problems.push(Problem::near(&piece.file, text, &piece.text, fault));
        }
        if !piece.easy {
            by_file.entry(&piece.file).or_default().push(&piece.text);
        }
    }
    for layer in layers(&pieces).iter().filter(|layer| layer.too_hard()) {
        let (figures, name) = (layer.figures, layer.name);
        let message = format!(
            "the texts of level {name} have become harder than {:?}: {:.1} words a sentence, {:.1} long words of a hundred, \
             reading ease {:.1}",
            layer.bounds,
            figures.words_a_sentence(),
            figures.long_words(),
            figures.douma()
        );
        problems.push(Problem::near("steps", "", "", message));
    }
    for (file, texts) in by_file {
        let figures = Figures::of(texts);
        if figures.words > LONGEST_MEAN * figures.sentences {
            let message =
                format!("{:.1} words in a sentence on average, at most {LONGEST_MEAN}", figures.words_a_sentence());
            problems.push(Problem::near(file, "", "", message));
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn sentences_and_words_are_counted() {
        let figures = Figures::of(["Kijk op example.org. Bel dan 112!", "Let op: dit telt apart"]);
        assert_eq!((figures.sentences, figures.words, figures.longest, figures.long), (4, 11, 3, 1));
        assert_eq!(syllables("begeleider"), 4);
        assert_eq!(syllables("geïnstalleerd"), 4);
    }

    #[test]
    fn what_may_not_stand_in_a_text_is_found() {
        for (text, easy) in [
            ("U bent nu veilig.", false),
            ("Het toestel is gehackt.", false),
            ("De XYZQ staat aan.", false),
            ("Dit is een zin met echt heel veel te veel woorden.", true),
            ("Bel uw begeleider.", true),
            (&"woord ".repeat(21), false),
        ] {
            assert!(!faults(text, easy).is_empty(), "{text}");
        }
        for text in ["Bel Veilig Thuis.", "Het is niet jouw schuld.", "De Dienst Verkeer (XYZQ) helpt.", "Open de PDF."]
        {
            assert_eq!(faults(text, true), Vec::<String>::new(), "{text}");
        }
    }

    #[test]
    fn every_layer_keeps_to_its_bounds_and_a_hard_text_does_not() {
        for layer in layers(&pieces(crate::embedded::rules::FILES)) {
            assert!(layer.figures.words > ENOUGH && !layer.too_hard(), "{layer:?}");
        }
        let hard = "Verantwoordelijkheidsgevoelens bemoeilijken besluitvormingsprocedures aanzienlijk. ".repeat(200);
        let piece = |easy| Piece { file: "x".into(), easy, text: hard.clone() };
        assert!(Layer::of("nl", false, &[piece(false)]).too_hard());
        assert!(!Layer::of("nl", false, &[piece(true)]).too_hard(), "another level is not counted");
    }

    #[test]
    fn every_dutch_text_of_the_data_files_is_right() {
        let pieces = pieces(crate::embedded::rules::FILES);
        assert!(pieces.len() > 1000 && pieces.iter().any(|piece| piece.easy), "{}", pieces.len());
        let wrong: Vec<String> = pieces
            .iter()
            .flat_map(|piece| {
                faults(&piece.text, piece.easy).into_iter().map(|fault| format!("{}: {fault}", piece.file))
            })
            .collect();
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[test]
    fn the_program_judges_nobody_either() {
        let judges = |piece: &Piece| faults(&piece.text, false).into_iter().find(|fault| fault.contains("judges"));
        let wrong: Vec<String> = program().iter().filter_map(judges).collect();
        assert!(program().len() > 500 && wrong.is_empty(), "{}", wrong.join("\n"));
    }
}
