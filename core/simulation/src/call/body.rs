//! The body of a described call: policies see its size and its media type, never its bytes.

use spangate_document::{Diagnostics, Fields, Value, parse_size};

/// What is sent after the head of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Body {
    /// Bytes.
    pub size: u64,
    /// Whether the head does not tell the size.
    pub is_chunked: bool,
    pub media_type: Option<String>,
    pub text: Option<String>,
}

/// A text, or `{size, media_type, chunked, text}`.
pub fn read(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<Body> {
    let node = fields.take("body")?;
    match &node.value {
        Value::String(text) => Some(Body { size: length(text), text: Some(text.clone()), ..Body::default() }),
        Value::Map(_) => {
            let mut inner = Fields::of(node, fields.path().member("body"), diagnostics)?;
            let text = inner.string("text", diagnostics).map(str::to_owned);
            let size = size(&mut inner, diagnostics).or(text.as_deref().map(length));
            let is_chunked = inner.bool("chunked", diagnostics).unwrap_or(false);
            let media_type = inner.string("media_type", diagnostics).map(str::to_owned);
            inner.finish(diagnostics);
            Some(Body { size: size.unwrap_or_default(), is_chunked, media_type, text })
        }
        _ => {
            let message = format!("expected a text or a map, found {}", node.kind());
            diagnostics.error("wrong_type", &fields.path().member("body"), node, message);
            None
        }
    }
}

/// Bytes, as a number or as `64KiB`.
fn size(fields: &mut Fields<'_>, diagnostics: &mut Diagnostics) -> Option<u64> {
    let node = fields.take("size")?;
    let (size, shown) = match &node.value {
        Value::Integer(size) => (u64::try_from(*size).ok(), size.to_string()),
        Value::String(text) => (parse_size(text).ok(), text.clone()),
        _ => (None, node.kind().to_owned()),
    };
    if size.is_none() {
        diagnostics.push(fields.fault("size", format!("`{shown}` is no size (such as `512`, `64KiB`)")));
    }
    size
}

fn length(text: &str) -> u64 {
    u64::try_from(text.len()).unwrap_or(u64::MAX)
}
