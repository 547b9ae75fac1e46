//! Macros as loops. `all` and `exists` stop at the first element that settles them and absorb errors as `&&` and
//! `||` do; the others do not.

use super::{Evaluation, Outcome, absorb};
use crate::condition::evaluate::Failure;
use crate::condition::program::{At, Loop, Quantifier, Slot};
use crate::condition::value::{List, Map};
use crate::condition::{ErrorKind, Value};

/// What a loop goes over, element by element, where it lies.
enum Range<'f> {
    List(List<'f>),
    Keys(Vec<Value<'f>>),
}

impl<'f> Range<'f> {
    fn element(&self, index: usize) -> Option<Value<'f>> {
        match self {
            Self::List(list) => list.element(index),
            Self::Keys(keys) => keys.get(index).cloned(),
        }
    }
}

impl<'f> Evaluation<'f> {
    fn range(&mut self, at: At) -> Outcome<Range<'f>> {
        match self.value(at)? {
            Value::List(list) => Ok(Range::List(list)),
            Value::Map(Map::Json(members)) => {
                Ok(Range::Keys(members.keys().map(|name| Value::text(name)).collect()))
            }
            Value::Map(map) => Ok(Range::Keys(map.iter().map(|(key, _)| key).collect())),
            _ => Err(Failure { kind: ErrorKind::NoSuchOverload, at }),
        }
    }

    fn body(&self, at: At, slot: Slot) -> Outcome<Loop> {
        self.program.body(slot).copied().ok_or(Failure { kind: ErrorKind::NoSuchOverload, at })
    }

    /// Runs `run` with `element` as the innermost variable.
    fn with<T>(&mut self, element: Value<'f>, run: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push(element);
        let result = run(self);
        self.locals.pop();
        result
    }

    #[inline(never)]
    pub(super) fn quantified(&mut self, at: At, quantifier: Quantifier, slot: Slot) -> Outcome<bool> {
        let Loop { range, predicate: Some(predicate), .. } = self.body(at, slot)? else {
            return Err(Failure { kind: ErrorKind::NoSuchOverload, at });
        };
        let range = self.range(range)?;
        let mut failure = None;
        let mut found = 0usize;
        for index in 0.. {
            let Some(element) = range.element(index) else { break };
            self.spend(at, 1)?;
            match self.with(element, |evaluation| evaluation.boolean(predicate)) {
                Ok(false) if quantifier == Quantifier::All => return Ok(false),
                Ok(true) if quantifier == Quantifier::Exists => return Ok(true),
                Ok(holds) => found += usize::from(holds),
                Err(error) if quantifier == Quantifier::ExistsOne => return Err(error),
                Err(error) => absorb(&mut failure, error)?,
            }
        }
        match (failure, quantifier) {
            (Some(error), _) => Err(error),
            (None, Quantifier::All) => Ok(true),
            (None, Quantifier::Exists) => Ok(false),
            (None, Quantifier::ExistsOne) => Ok(found == 1),
        }
    }

    #[inline(never)]
    pub(super) fn collect(&mut self, at: At, slot: Slot) -> Outcome<Value<'f>> {
        let Loop { range, predicate, transform: Some(transform) } = self.body(at, slot)? else {
            return Err(Failure { kind: ErrorKind::NoSuchOverload, at });
        };
        let range = self.range(range)?;
        let mut collected = Vec::new();
        for index in 0.. {
            let Some(element) = range.element(index) else { break };
            self.spend(at, 1)?;
            let result = self.with(element, |evaluation| match predicate {
                Some(predicate) if !evaluation.boolean(predicate)? => Ok(None),
                _ => evaluation.value(transform).map(Some),
            });
            collected.extend(result?);
        }
        Ok(Value::list(collected))
    }
}
