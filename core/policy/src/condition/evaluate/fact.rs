//! Reading the call: one fact, one header, and, for the expressions that ask for them, whole maps.

use std::borrow::Cow;

use super::Evaluation;
use crate::condition::value::List;
use crate::condition::variables::{Entries, Fact};
use crate::condition::{ErrorKind, Value, time};
use crate::facts::{Facts, Occurrence, Response, Timestamp};
use crate::token::Identity;

type Read<T> = Result<T, ErrorKind>;

impl<'f> Evaluation<'f> {
    /// Constants are computed, and bindings evaluated, without a call.
    fn facts(&self) -> Read<&'f dyn Facts> {
        self.facts.ok_or(ErrorKind::Absent)
    }

    fn identity(&self) -> Read<&'f Identity> {
        self.facts()?.identity().ok_or(ErrorKind::Unauthenticated)
    }

    fn response(&self) -> Read<&'f dyn Response> {
        self.facts()?.response().ok_or(ErrorKind::Absent)
    }

    /// The facts that are texts: they are most of what conditions look at.
    #[inline]
    pub(super) fn text_fact(&self, fact: Fact) -> Read<Cow<'f, str>> {
        let facts = self.facts()?;
        let absent = ErrorKind::Absent;
        Ok(Cow::Borrowed(match fact {
            Fact::Method => facts.method(),
            Fact::Path => facts.path(),
            Fact::Host => facts.host(),
            Fact::Scheme => facts.scheme(),
            Fact::RequestId => facts.request_id().ok_or(absent)?,
            Fact::ApiName => facts.api_name(),
            Fact::ApiVersion => facts.api_version().ok_or(absent)?,
            Fact::Operation => facts.operation(),
            Fact::Issuer => &self.identity()?.issuer,
            Fact::Subject => self.identity()?.subject.as_deref().ok_or(absent)?,
            Fact::Tenant => self.identity()?.tenant.as_deref().ok_or(absent)?,
            Fact::TokenId => self.identity()?.token_id.as_deref().ok_or(absent)?,
            Fact::PeerSubject => return facts.peer_subject().ok_or(absent),
            _ => return Err(ErrorKind::NoSuchOverload),
        }))
    }

    /// The facts that are lists of texts, as the identity holds them.
    pub(super) fn strings_fact(&self, fact: Fact) -> Read<&'f [String]> {
        let identity = self.identity()?;
        Ok(match fact {
            Fact::Audience => &identity.audience,
            Fact::Roles => &identity.roles,
            Fact::Scopes => &identity.scopes,
            _ => return Err(ErrorKind::NoSuchOverload),
        })
    }

    pub(super) fn now(&self) -> Read<Timestamp> {
        Ok(self.facts()?.time())
    }

    pub(super) fn fact(&self, fact: Fact) -> Read<Value<'f>> {
        let facts = self.facts()?;
        let absent = ErrorKind::Absent;
        Ok(match fact {
            Fact::RequestId
            | Fact::Method
            | Fact::Scheme
            | Fact::Host
            | Fact::Path
            | Fact::PeerSubject
            | Fact::Issuer
            | Fact::Subject
            | Fact::Tenant
            | Fact::TokenId
            | Fact::ApiName
            | Fact::ApiVersion
            | Fact::Operation => Value::String(self.text_fact(fact)?),
            Fact::Size => Value::Int(facts.size().ok_or(absent)?),
            Fact::Time => Value::Timestamp(self.now()?),
            Fact::SourceIp => Value::Ip(facts.source_ip().ok_or(absent)?.to_canonical()),
            Fact::Status => Value::Int(self.response()?.status().into()),
            Fact::SourcePort => Value::Int(facts.source_port().ok_or(absent)?.into()),
            Fact::Tls => Value::Bool(facts.tls()),
            Fact::PeerSans => Value::list(owned(facts.peer_sans())),
            Fact::Authenticated => Value::Bool(facts.identity().is_some()),
            Fact::Audience | Fact::Roles | Fact::Scopes => {
                Value::List(List::Strings(self.strings_fact(fact)?))
            }
            Fact::Claims => Value::from_json(&self.identity()?.claims),
            Fact::Expires => instant(self.identity()?.expires)?,
            Fact::Issued => instant(self.identity()?.issued.ok_or(absent)?)?,
        })
    }

    /// `has(auth.tenant)`: whether reading it would yield a value.
    pub(super) fn has_fact(&self, fact: Fact) -> bool {
        self.fact(fact).is_ok()
    }

    fn occurrence(&self, entries: Entries, name: &str) -> Read<Occurrence<'f>> {
        let facts = self.facts()?;
        Ok(match entries {
            Entries::Headers => facts.header(name),
            Entries::Query => facts.query(name),
            Entries::ResponseHeaders => self.response()?.header(name),
            Entries::Parameters => facts.parameter(name).map_or(Occurrence::Absent, Occurrence::Once),
        })
    }

    pub(super) fn entry(&self, entries: Entries, name: &str) -> Read<Cow<'f, str>> {
        match self.occurrence(entries, name)? {
            Occurrence::Once(text) => Ok(text),
            Occurrence::Absent => Err(ErrorKind::Absent),
            Occurrence::Repeated => Err(ErrorKind::Repeated),
            Occurrence::Malformed => Err(ErrorKind::Malformed),
        }
    }

    /// By a name that was computed; headers are known in lower case.
    pub(super) fn entry_of(&self, entries: Entries, name: &str) -> Read<Cow<'f, str>> {
        self.entry(entries, &spelled(entries, name))
    }

    /// There, however often and however malformed: reading it is another matter.
    pub(super) fn has_entry(&self, entries: Entries, name: &str) -> Read<bool> {
        Ok(self.occurrence(entries, &spelled(entries, name))? != Occurrence::Absent)
    }

    /// Each name and value as they come; a parameter of the route occurs once.
    fn pairs(&self, entries: Entries) -> Read<Box<dyn Iterator<Item = Pair<'f>> + 'f>> {
        let facts = self.facts()?;
        Ok(match entries {
            Entries::Headers => facts.headers(),
            Entries::Query => facts.queries(),
            Entries::ResponseHeaders => self.response()?.headers(),
            Entries::Parameters => {
                Box::new(facts.parameters().map(|(name, text)| (Cow::Borrowed(name), Some(text))))
            }
        })
    }

    pub(super) fn names(&self, entries: Entries) -> Read<Value<'f>> {
        let mut names: Vec<Cow<'f, str>> = Vec::new();
        for (name, _) in self.pairs(entries)? {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Ok(Value::list(names.into_iter().map(Value::String).collect()))
    }

    /// The whole map; one name that occurs twice makes it an error, as reading that name alone would be.
    pub(super) fn entries(&self, entries: Entries) -> Read<Value<'f>> {
        let mut whole: Vec<(Value<'f>, Value<'f>)> = Vec::new();
        for (name, text) in self.pairs(entries)? {
            let name = Value::String(name);
            if whole.iter().any(|(known, _)| known.equals(&name)) {
                return Err(ErrorKind::Repeated);
            }
            whole.push((name, Value::String(text.ok_or(ErrorKind::Malformed)?)));
        }
        Ok(Value::map(whole))
    }

    pub(super) fn every(&self, entries: Entries, name: &str) -> Read<Value<'f>> {
        let name = spelled(entries, name);
        let mut values = Vec::new();
        for (_, text) in self.pairs(entries)?.filter(|(known, _)| *known == name) {
            values.push(Value::String(text.ok_or(ErrorKind::Malformed)?));
        }
        if values.is_empty() { Err(ErrorKind::Absent) } else { Ok(Value::list(values)) }
    }

    pub(super) fn every_entry(&self, entries: Entries) -> Read<Value<'f>> {
        let mut whole: Vec<(Cow<'f, str>, Vec<Value<'f>>)> = Vec::new();
        for (name, text) in self.pairs(entries)? {
            let text = Value::String(text.ok_or(ErrorKind::Malformed)?);
            match whole.iter_mut().find(|(known, _)| *known == name) {
                Some((_, values)) => values.push(text),
                None => whole.push((name, vec![text])),
            }
        }
        let entry = |(name, values)| (Value::String(name), Value::list(values));
        Ok(Value::map(whole.into_iter().map(entry).collect()))
    }
}

type Pair<'f> = (Cow<'f, str>, Option<Cow<'f, str>>);

fn spelled(entries: Entries, name: &str) -> Cow<'_, str> {
    if entries.are_headers() && name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

fn owned<'f>(texts: Vec<String>) -> Vec<Value<'f>> {
    texts.into_iter().map(|text| Value::String(Cow::Owned(text))).collect()
}

fn instant<'f>(seconds: i64) -> Read<Value<'f>> {
    time::from_unix(seconds).map(Value::Timestamp).ok_or(ErrorKind::OutOfRange)
}
