//! Bytes of a file to text. A document is UTF-8; the mark that some editors put before it is passed over.

use crate::{Diagnostic, Path, Span};

const MARK: &str = "\u{feff}";

/// The text of a file, without a byte order mark.
pub fn decode(bytes: &[u8]) -> Result<&str, Diagnostic> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(fault("the document is UTF-16"));
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix(MARK).unwrap_or(text)),
        Err(error) => {
            let readable = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let readable = String::from_utf8_lossy(readable);
            let fault = fault("these bytes are no UTF-8");
            Err(fault.at(Some(end(readable.strip_prefix(MARK).unwrap_or(&readable)))))
        }
    }
}

fn fault(message: &str) -> Diagnostic {
    Diagnostic::error("encoding", &Path::root(), message).help("save the file as UTF-8")
}

/// The place right after a text.
fn end(text: &str) -> Span {
    let to_u32 = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let lines = text.matches('\n').count();
    let column = text.rsplit('\n').next().unwrap_or_default().chars().count();
    Span { line: to_u32(lines.saturating_add(1)), column: to_u32(column.saturating_add(1)), length: 1 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_passed_over() {
        assert_eq!(decode(b"\xef\xbb\xbfname: x"), Ok("name: x"));
        assert_eq!(decode("größe".as_bytes()), Ok("größe"));
    }

    #[test]
    fn what_is_no_utf_8_is_told_with_its_place() {
        for (bytes, expected) in [
            (
                &b"a: 1\nb: \xff"[..],
                "2:4: error[encoding]: these bytes are no UTF-8 (help: save the file as UTF-8)",
            ),
            (
                b"\xef\xbb\xbf\xc3\xbc\xc3",
                "1:2: error[encoding]: these bytes are no UTF-8 (help: save the file as UTF-8)",
            ),
            (b"\xff\xfea\0", "error[encoding]: the document is UTF-16 (help: save the file as UTF-8)"),
        ] {
            assert_eq!(decode(bytes).unwrap_err().to_string(), expected);
        }
    }
}
