//! A value of the audit for a terminal. Callers choose what stands in it: nothing of that may end the line, part
//! columns, or be a command to the terminal.

use std::borrow::Cow;

/// With escapes as of Rust's strings in place of what would not be seen as itself. Not to be read back: `--json` is.
pub fn escaped(text: &str) -> Cow<'_, str> {
    // Two blanks part the columns.
    if !text.contains("  ") && !text.contains(is_unseen) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len());
    let mut before = '\0';
    for character in text.chars() {
        if character == ' ' && before == ' ' {
            escaped.extend(character.escape_unicode());
        } else if is_unseen(character) {
            escaped.extend(character.escape_default());
        } else {
            escaped.push(character);
        }
        before = character;
    }
    Cow::Owned(escaped)
}

/// Controls, and marks that part lines, turn the direction of what follows or have no width. Those that join letters
/// belong to words.
fn is_unseen(character: char) -> bool {
    let joins = matches!(character, '\u{200c}' | '\u{200d}');
    let is_mark = matches!(
        character,
        '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    );
    character.is_control() || (is_mark && !joins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_more_than_it_looks_like() {
        let table: String = [
            "alice",
            "Zoë Ångström, 山田 👩‍🔬",
            "می‌خواهم",
            "{\"path.id\":\"a\\nb\"}",
            "a\n2026-01-01T00:00:00Z  Place\r\tb",
            "\u{1b}[2J\u{7}\u{9b}31m\u{7f}",
            "a\u{202e}b\u{2028}c\u{200b}d\u{feff}",
            "one two  three   four",
        ]
        .map(|text| format!("{}\n", escaped(text)))
        .concat();
        expect_test::expect![[r#"
            alice
            Zoë Ångström, 山田 👩‍🔬
            می‌خواهم
            {"path.id":"a\nb"}
            a\n2026-01-01T00:00:00Z \u{20}Place\r\tb
            \u{1b}[2J\u{7}\u{9b}31m\u{7f}
            a\u{202e}b\u{2028}c\u{200b}d\u{feff}
            one two \u{20}three \u{20}\u{20}four
        "#]]
        .assert_eq(&table);
    }
}
