//! The fonts, and which characters can be printed with them. PDF/A refuses a character without a glyph, so what a person wrote in a
//! script that the fonts do not have is shown as its code: `[U+1F600]`. The same goes for characters that nobody can see.

use super::super::shown;
use std::sync::LazyLock;
use typst::foundations::Bytes;
use typst::text::Font;

/// A proportional font for words, one of even width for values; each also stands in for the other. Licences lie beside the files.
static FILES: [&[u8]; 3] = [
    include_bytes!("fonts/NotoSans-Regular.ttf"),
    include_bytes!("fonts/NotoSans-Bold.ttf"),
    include_bytes!("fonts/DejaVuSansMono.ttf"),
];

static FONTS: LazyLock<Vec<Font>> =
    LazyLock::new(|| FILES.iter().flat_map(|file| Font::iter(Bytes::new(*file))).collect());

/// All fonts.
pub(super) fn fonts() -> &'static [Font] {
    &FONTS
}

/// Which characters are printed as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Glyphs {
    /// All that the fonts have.
    Fonts,
    /// Latin letters, figures and punctuation only: every mark is one glyph, and nothing is joined with its neighbours.
    Latin,
}

impl Glyphs {
    /// A text with codes in the place of what cannot be printed.
    pub(super) fn show(self, text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        for c in text.chars() {
            if matches!(c, ' '..='~' | '\n' | '\t' | '\r') || (self.has(c) && !shown::is_hidden(c)) {
                shown.push(c);
            } else {
                shown += &shown::code(c);
            }
        }
        shown
    }

    fn has(self, c: char) -> bool {
        let in_fonts = || FONTS.iter().any(|font| font.info().coverage.contains(u32::from(c)));
        match self {
            // The selector of coloured emoji has a glyph only beside an emoji, which the fonts do not have.
            Self::Fonts => c != '\u{FE0F}' && in_fonts(),
            Self::Latin => matches!(c, '\u{A0}'..='\u{17F}' | '‐'..='…' | '€' | '→') && in_fonts(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_printed_is_shown_as_its_code() {
        assert_eq!(
            Glyphs::Fonts.show("Noa 😀 你 a\u{202E}b\u{200B}\u{0}"),
            "Noa [U+1F600] [U+4F60] a[U+202E]b[U+200B][U+0000]"
        );
        assert_eq!(Glyphs::Fonts.show("é ș Ж „a” سارة\n"), "é ș Ж „a” سارة\n");
        assert_eq!(Glyphs::Latin.show("é Ж س"), "é [U+0416] [U+0633]");
    }
}
