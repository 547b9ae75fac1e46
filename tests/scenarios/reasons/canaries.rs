//! What nobody may see: searched for in whatever the processes say of themselves.

use std::fs;

use spangate_stack::{Part, http};

use super::site::Site;
use crate::support::metrics;

/// In all names, texts and values that are planted. Of canaries Envoy speaks itself.
const CANARY: &str = "oriole";

/// The shortest secret that chance cannot write.
const LEAST: usize = 16;

pub struct Canaries {
    /// Beside whatever has [`CANARY`] in it.
    secrets: Vec<String>,
}

impl Canaries {
    pub fn new(page_key: &str) -> Self {
        Self { secrets: vec![page_key.to_owned()] }
    }

    pub fn plant(&mut self, secret: &str) {
        assert!(secret.len() >= LEAST);
        self.secrets.push(secret.to_owned());
    }

    /// Each part of a token: its header is no secret.
    pub fn plant_token(&mut self, token: &str) {
        token.split('.').skip(1).for_each(|part| self.plant(part));
    }

    /// The lines with anything planted in them.
    pub fn found_in<'t>(&self, text: &'t str) -> Vec<&'t str> {
        let is_planted = |line: &&str| {
            line.to_lowercase().contains(CANARY) || self.secrets.iter().any(|secret| line.contains(secret))
        };
        text.lines().filter(is_planted).collect()
    }
}

impl Site {
    /// Nothing of what was planted is in a log, in the sidecar's metrics or in Envoy's.
    pub fn assert_silent(&self) {
        let stack = &self.stack;
        for part in [Part::Sidecar, Part::Envoy, Part::Policy] {
            let log = fs::read(stack.process(part).unwrap().log()).unwrap();
            let log = String::from_utf8_lossy(&log);
            assert_eq!(self.canaries.found_in(&log), Vec::<&str>::new(), "{part:?}");
        }
        let sidecar = metrics(stack);
        assert!(sidecar.contains("outcome_unknown"), "{sidecar}");
        let envoy = http::get(&stack.admin("/stats/prometheus"), &[]).unwrap().text();
        assert!(envoy.contains("spangate_refused"), "{envoy}");
        for metrics in [sidecar, envoy] {
            assert_eq!(self.canaries.found_in(&metrics), Vec::<&str>::new());
        }
    }
}
