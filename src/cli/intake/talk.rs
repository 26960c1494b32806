//! One question at a time on a terminal or a pipe. Whoever does not know an answer, wants to skip a question or wants to stop can always
//! say so; the end of the input is a stop.

use crate::report::shown;
use crate::report::text::{AskWords, IntakeWords};
use std::io::{BufRead, Write};

/// What somebody answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// An answer: a code, or what was typed.
    Said(String),
    /// "I do not know."
    Unknown,
    /// The question is passed over.
    Skipped,
}

/// Why the questions end before the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Somebody typed that they want to stop.
    Stopped,
    /// The input has ended.
    Closed,
    /// An answer ends it: the words for it were said.
    Answered,
}

/// The two sides of the conversation.
pub struct Talk<'a> {
    input: &'a mut dyn BufRead,
    output: &'a mut dyn Write,
    words: &'a IntakeWords,
    width: usize,
}

impl<'a> Talk<'a> {
    /// A conversation in these words, on lines of at most so many characters.
    pub fn new(input: &'a mut dyn BufRead, output: &'a mut dyn Write, words: &'a IntakeWords, width: usize) -> Self {
        Self { input, output, words, width }
    }

    /// Says something.
    pub fn say(&mut self, text: &str) {
        for line in wrap(text, self.width, "") {
            // A screen that is gone ends the conversation at the next question.
            let _ = writeln!(self.output, "{line}");
        }
    }

    /// Leaves a line open.
    pub fn rest(&mut self) {
        let _ = writeln!(self.output);
    }

    /// The words of a question; a question without words is asked by its name.
    fn ask(&mut self, id: &str) -> Option<&'a AskWords> {
        self.rest();
        let Some(ask) = self.words.ask.get(id) else {
            self.say(id);
            return None;
        };
        self.say(&format!("• {}", ask.question));
        if !ask.help.is_empty() {
            for line in wrap(&ask.help, self.width, "  ") {
                let _ = writeln!(self.output, "{line}");
            }
        }
        Some(ask)
    }

    /// What was typed; the words for stopping are the same everywhere.
    fn typed(&mut self) -> Result<String, End> {
        let _ = write!(self.output, "> ");
        let _ = self.output.flush();
        let mut line = Vec::new();
        // Bounded, and not all keyboards give UTF-8: what cannot be read becomes a visible sign.
        let read = std::io::Read::take(&mut *self.input, 16_384).read_until(b'\n', &mut line);
        match read {
            Ok(0) | Err(_) => Err(End::Closed),
            Ok(_) => {
                let text = String::from_utf8_lossy(&line).trim().to_owned();
                if self.words.stop_words.iter().any(|word| *word == text.to_lowercase()) {
                    Err(End::Stopped)
                } else {
                    Ok(text)
                }
            }
        }
    }

    fn special(&self, text: &str) -> Option<Answer> {
        let text = text.to_lowercase();
        if text.is_empty() || self.words.skip_words.contains(&text) {
            return Some(Answer::Skipped);
        }
        self.words.unknown_words.contains(&text).then_some(Answer::Unknown)
    }

    /// A question with fixed answers, told by number, by word or by the beginning of a word.
    ///
    /// # Errors
    /// When it ends here.
    pub fn choice(&mut self, id: &str, codes: &[&str]) -> Result<Answer, End> {
        self.choice_or(id, codes, &|_| None)
    }

    /// As [`Self::choice`]; what is no answer of the list may still be read as one.
    ///
    /// # Errors
    /// When it ends here.
    pub fn choice_or(
        &mut self,
        id: &str,
        codes: &[&str],
        read: &dyn Fn(&str) -> Option<&'static str>,
    ) -> Result<Answer, End> {
        let ask = self.ask(id);
        let option = |code: &str| ask.and_then(|ask| ask.options.get(code)).map_or(code, String::as_str).to_owned();
        for (n, code) in codes.iter().enumerate() {
            self.say(&format!("  {}  {}", n + 1, option(code)));
        }
        loop {
            let text = self.typed()?;
            if let Some(answer) = self.special(&text) {
                return Ok(answer);
            }
            let lower = text.to_lowercase();
            let number = lower.parse::<usize>().ok().and_then(|n| codes.get(n.wrapping_sub(1)));
            let only = |fits: &dyn Fn(&str) -> bool| {
                let mut fitting = codes.iter().filter(|code| fits(&option(code).to_lowercase()) || **code == lower);
                fitting.next().filter(|_| fitting.next().is_none())
            };
            // "opvang" is enough for "in de opvang", as long as no other answer has that word too.
            let has = |option: &str| option.split_whitespace().any(|word| word == lower);
            let word = only(&|option| option.starts_with(&lower)).or_else(|| only(&has));
            if let Some(code) = number.or(word).copied().or_else(|| read(&lower)) {
                return Ok(Answer::Said(code.to_owned()));
            }
            self.say(&self.words.not_understood.clone());
        }
    }

    /// A question with fixed answers of which several can hold.
    ///
    /// # Errors
    /// When it ends here.
    pub fn several(&mut self, id: &str, codes: &[&str]) -> Result<Vec<String>, End> {
        let ask = self.ask(id);
        for (n, code) in codes.iter().enumerate() {
            let option = ask.and_then(|ask| ask.options.get(*code)).map_or(*code, String::as_str);
            self.say(&format!("  {}  {option}", n + 1));
        }
        loop {
            let text = self.typed()?;
            if self.special(&text).is_some() {
                return Ok(Vec::new());
            }
            let parts: Vec<Option<String>> = text
                .split([',', ' ', ';'])
                .filter(|part| !part.is_empty())
                .map(|part| {
                    part.parse::<usize>().ok().and_then(|n| codes.get(n.wrapping_sub(1))).map(|code| (*code).to_owned())
                })
                .collect();
            if let Some(all) = parts.into_iter().collect::<Option<Vec<String>>>() {
                return Ok(all);
            }
            self.say(&self.words.not_understood.clone());
        }
    }

    /// A question that is answered in one's own words.
    ///
    /// # Errors
    /// When it ends here.
    pub fn words_of(&mut self, id: &str) -> Result<Answer, End> {
        self.ask(id);
        let text = self.typed()?;
        Ok(self.special(&text).unwrap_or_else(|| Answer::Said(shown::value(&text))))
    }

    /// A question that is answered with a list, separated by commas.
    ///
    /// # Errors
    /// When it ends here.
    pub fn list(&mut self, id: &str) -> Result<Vec<String>, End> {
        match self.words_of(id)? {
            Answer::Said(text) => {
                Ok(text.split([',', ';']).map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned).collect())
            }
            Answer::Unknown | Answer::Skipped => Ok(Vec::new()),
        }
    }
}

/// Breaks a text into lines of at most `width` characters, each with the given indent. A word is never broken.
#[must_use]
pub fn wrap(text: &str, width: usize, indent: &str) -> Vec<String> {
    let hanging: String = text.chars().take_while(|c| c.is_whitespace()).collect();
    let mut lines = Vec::new();
    let mut line = format!("{indent}{hanging}");
    let mut empty = true;
    for word in text.split_whitespace() {
        if !empty && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::replace(&mut line, format!("{indent}{hanging}")));
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    lines.push(line);
    lines
}
