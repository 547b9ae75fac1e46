//! Values of headers, and answers made of them.

use std::borrow::Cow;
use std::sync::Arc;

use crate::condition::{Condition, ErrorKind, EvaluationError, Value};
use crate::facts::Facts;
use crate::problem::Answer;

#[derive(Debug)]
pub enum HeaderValue {
    Text(String),
    Expression(Box<Condition>),
}

impl HeaderValue {
    pub fn expression(&self) -> Option<&Condition> {
        match self {
            Self::Text(_) => None,
            Self::Expression(condition) => Some(condition),
        }
    }

    /// The text for a call. One that would not be a value of a header (RFC 9110, section 5.5) is an error: what a
    /// caller chose could else begin a header of its own.
    pub fn text<'f>(&'f self, facts: &'f dyn Facts) -> Result<Cow<'f, str>, EvaluationError> {
        let condition = match self {
            Self::Text(text) => return Ok(Cow::Borrowed(text)),
            Self::Expression(condition) => condition,
        };
        let text = match condition.value(facts)? {
            Value::String(text) => text,
            value @ (Value::Bool(_) | Value::Int(_) | Value::Uint(_) | Value::Double(_)) => {
                Cow::Owned(value.to_json().to_string())
            }
            Value::Timestamp(at) => Cow::Owned(crate::condition::format_timestamp(at)),
            Value::Ip(address) => Cow::Owned(address.to_string()),
            _ => return Err(no_value(ErrorKind::NoSuchOverload)),
        };
        if is_value(&text) { Ok(text) } else { Err(no_value(ErrorKind::Conversion)) }
    }
}

fn no_value(kind: ErrorKind) -> EvaluationError {
    EvaluationError { kind, place: "the value of a header".to_owned() }
}

/// Whether a text may be the value of a header.
pub fn is_value(text: &str) -> bool {
    text.bytes().all(|byte| byte == b'\t' || (byte >= b' ' && byte != 0x7f))
}

/// An answer of the policy's own, but for what only a call can tell.
#[derive(Debug)]
pub struct AnswerPlan {
    pub status: u16,
    pub headers: Vec<(String, HeaderValue)>,
    pub body: Arc<str>,
}

impl AnswerPlan {
    pub fn expressions(&self) -> impl Iterator<Item = &Condition> {
        self.headers.iter().filter_map(|(_, value)| value.expression())
    }

    pub fn answer(&self, facts: &dyn Facts) -> Result<Answer, EvaluationError> {
        let mut headers = Vec::with_capacity(self.headers.len());
        for (name, value) in &self.headers {
            headers.push((Cow::Owned(name.clone()), value.text(facts)?.into_owned()));
        }
        Ok(Answer { status: self.status, headers, body: self.body.clone() })
    }
}
