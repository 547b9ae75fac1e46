//! The policy's file is read again and again: it is small, and comparing its text is right whatever an editor,
//! a mounted ConfigMap or a network disk does to files, where notifications depend on all of them.

use std::convert::Infallible;
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::{Arguments, Conversion, convert};
use crate::Verdict;
use crate::replace::{Readers, replace};
use crate::source::Source;

const PAUSE: Duration = Duration::from_millis(250);

pub fn run(arguments: &Arguments) -> Result<Verdict> {
    match watch(arguments)? {}
}

/// Whatever fails here may be well at the next look, so it is told once and never ends the watch.
fn watch(arguments: &Arguments) -> Result<Infallible> {
    let mut seen = None;
    let mut ready = None;
    let mut trouble = None;
    loop {
        let outcome = Source::read(&arguments.policy).and_then(|source| {
            if seen.as_ref() != Some(&source.text) {
                ready = take_up(&source, arguments)?;
                seen = Some(source.text);
            }
            // Taken only once it is written: a disk that is full now may not be so later.
            if let Some((version, text)) = &ready {
                replace(&arguments.out, text, Readers::Everyone)?;
                tell(&json!({"event": "written", "version": version, "file": arguments.out}));
                ready = None;
            }
            Ok(())
        });
        let now = outcome.err().map(|error| format!("{error:#}"));
        if let Some(error) = now.as_ref().filter(|_| trouble != now) {
            tell(&json!({"event": "failed", "error": error}));
        }
        trouble = now;
        sleep(PAUSE);
    }
}

/// Version and text for Envoy, unless the policy is refused: then what was written before stays.
fn take_up(source: &Source, arguments: &Arguments) -> Result<Option<(String, String)>> {
    match convert(source, arguments)? {
        Conversion::Ready(version, text) => Ok(Some((version, text))),
        Conversion::Faulty { errors } => {
            tell(&json!({"event": "refused", "errors": errors}));
            Ok(None)
        }
    }
}

fn tell(event: &Value) {
    anstream::eprintln!("{event}");
}
