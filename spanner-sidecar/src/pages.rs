//! Pages: a token tells where the last page ended, so that the next one begins behind it, whatever was inserted
//! meanwhile. Callers can neither read a token nor use it for another call than the one it continues.

mod key_file;
mod keys;
mod token;

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use google_cloud_spanner::value::Value as SpannerValue;
use spangate_operations::{Bound, Operation, Pages, Source, Value};
use spangate_proto::v1::Call;

pub use key_file::KeyFile;
use keys::Keys;
pub use token::LIFETIME;
use token::{Scope, Token};

use crate::refusal::{Reason, Refusal};

/// One call's page: how many rows it has, and what the token of the next one is made of.
#[derive(Clone)]
pub struct Paging {
    keys: Arc<Keys>,
    scope: Scope,
    size: u64,
    columns: Vec<String>,
    last: Vec<String>,
}

impl Paging {
    /// Takes the call's token: the parameters that come from the page before are filled, and the size is raised by
    /// the one row that tells whether another page follows. `None` for an operation without pages.
    pub fn begin(
        operation: &Operation,
        database: &str,
        call: &Call,
        bound: &mut [Bound<'_>],
        keys: Option<Arc<Keys>>,
    ) -> Result<Option<Self>, Refusal> {
        let Some(pages) = &operation.pages else { return Ok(None) };
        let no_keys = "the sidecar has no key for page tokens";
        let keys = keys.ok_or_else(|| Refusal::new(Reason::NotServed, no_keys))?;
        let scope = Scope::new(operation, database, call.identity.as_ref(), bound);
        if let Some(text) = sent(pages, call)? {
            let token = Token::open(text, &keys, scope, since_epoch()).ok_or_else(|| foreign(pages))?;
            resume(bound, token).ok_or_else(|| foreign(pages))?;
        }
        let columns = operation.parameters.iter().filter_map(|parameter| match &parameter.source {
            Source::Page(column) => Some(column.clone()),
            _ => None,
        });
        let size = one_more(pages, bound)?;
        Ok(Some(Self { keys, scope, size, columns: columns.collect(), last: Vec::new() }))
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// The page's last row: behind it the next page begins.
    pub fn note_last(&mut self, names: &[String], row: &[SpannerValue]) -> Result<(), Refusal> {
        let value = |column: &String| {
            let index = names.iter().position(|name| name == column)?;
            crate::answer::text(row.get(index)?)
        };
        let values: Option<Vec<String>> = self.columns.iter().map(value).collect();
        let detail = "a column that pages are ordered by is missing, NULL or no scalar";
        self.last = values.ok_or_else(|| Refusal::new(Reason::SchemaMismatch, detail))?;
        Ok(())
    }

    pub fn token(&self) -> Result<String, Refusal> {
        let sealed = Token { values: self.last.clone() }.seal(&self.keys, self.scope, since_epoch());
        sealed.ok_or_else(|| Refusal::new(Reason::DatabaseUnavailable, "no page token could be made"))
    }
}

fn sent<'c>(pages: &Pages, call: &'c Call) -> Result<Option<&'c str>, Refusal> {
    let mut sent = call.query.iter().filter(|parameter| parameter.name == pages.token);
    match (sent.next(), sent.next()) {
        (first, None) => Ok(first.map(|parameter| parameter.value.as_str())),
        (_, Some(_)) => Err(invalid(format!("the query parameter `{}` is repeated", pages.token))),
    }
}

/// One word for what is forged, cut, another's or expired.
fn foreign(pages: &Pages) -> Refusal {
    invalid(format!(
        "`{}` is no token of this call, or it has expired: begin with the first page",
        pages.token
    ))
}

fn resume(bound: &mut [Bound<'_>], token: Token) -> Option<()> {
    let mut values = token.values.iter();
    for bound in bound.iter_mut().filter(|bound| matches!(bound.parameter.source, Source::Page(_))) {
        bound.value = Value::from_text(bound.parameter.r#type.scalar()?, values.next()?).ok()?;
    }
    values.next().is_none().then_some(())
}

/// The size that was asked for.
fn one_more(pages: &Pages, bound: &mut [Bound<'_>]) -> Result<u64, Refusal> {
    let too_small = || invalid(format!("`{}` must be at least 1", pages.size));
    let size = bound.iter_mut().find(|bound| bound.parameter.name == pages.size).ok_or_else(too_small)?;
    match &mut size.value {
        Value::Int64(rows) if *rows > 0 => {
            let asked = rows.unsigned_abs();
            *rows = rows.saturating_add(1);
            Ok(asked)
        }
        _ => Err(too_small()),
    }
}

fn invalid(detail: String) -> Refusal {
    Refusal::new(Reason::ParameterInvalid, detail)
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}
