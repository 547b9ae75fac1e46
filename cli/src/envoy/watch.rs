//! The policy's file is read again and again: it is small, and comparing its text is right whatever an editor,
//! a mounted ConfigMap or a network disk does to files, where notifications depend on all of them.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::sleep;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};
use signal_hook::consts::{SIGINT, SIGTERM};

use super::{Arguments, Conversion, convert};
use crate::Verdict;
use crate::replace::{Readers, replace};
use crate::source::Source;

const PAUSE: Duration = Duration::from_millis(250);

/// Goes on until it is told to stop. Whatever else fails may be well at the next look, so it is told once and
/// never ends the watch.
pub fn run(arguments: &Arguments, file: &Path) -> Result<Verdict> {
    // As the first process of a container it would not be ended by a signal that it does not handle.
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    let mut last = None;
    let mut seen = None;
    let mut ready = None;
    let mut trouble = None;
    while !stop.load(Ordering::Relaxed) {
        let outcome = Source::read(&arguments.policy).and_then(|source| {
            // Twice the same: an editor that writes in place may be half way, and half a policy may be a valid one
            // that lacks its last refusals.
            let settled = last.as_ref() == Some(&source.text);
            if settled && seen.as_ref() != Some(&source.text) {
                seen = Some(source.text.clone());
                ready = take_up(&source, arguments)?;
            }
            last = Some(source.text);
            // Taken only once it is written: a disk that is full now may not be so later.
            if let Some((version, text)) = &ready {
                replace(file, text, Readers::Everyone)?;
                tell(&json!({"event": "written", "version": version, "file": file}));
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
    Ok(Verdict::Fine)
}

/// Version and text for Envoy, unless the policy is refused: then what was written before stays.
fn take_up(source: &Source, arguments: &Arguments) -> Result<Option<(String, String)>> {
    match convert(source, arguments)? {
        Conversion::Ready { version, text } => Ok(Some((version, text))),
        Conversion::Faulty { errors } => {
            tell(&json!({"event": "refused", "errors": errors}));
            Ok(None)
        }
    }
}

fn tell(event: &Value) {
    anstream::eprintln!("{event}");
}
