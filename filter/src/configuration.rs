//! The root of one configuration: takes a policy, and does what no single call can do.

use std::rc::Rc;
use std::time::Duration;

use spangate_document::{Diagnostic, Diagnostics, Path, from_json};
use spangate_policy::Policy;

use crate::gateway::Gateway;
use crate::host::{self, Buffer, LogLevel};
use crate::keys::{KeyStore, Peers};

/// The first tick comes soon, since only a root may fetch keys and a root runs only when called.
const FIRST_TICK: Duration = Duration::from_millis(20);
const TICK: Duration = Duration::from_secs(1);

#[derive(Default)]
pub struct Root {
    /// None until a configuration is there, and in a worker that could not begin: calls are refused then.
    gateway: Option<Rc<Gateway>>,
    ticking: bool,
}

impl Root {
    pub fn gateway(&self) -> Option<Rc<Gateway>> {
        self.gateway.clone()
    }

    /// Depends on nothing but the configuration: were one worker to fail at something else, Envoy would skip
    /// the filter there, silently. A worker without its host's help refuses every call instead.
    pub fn configure(&mut self, size: usize) -> bool {
        let policy = match read(size) {
            Ok(policy) => policy,
            Err(diagnostics) => {
                host::log(LogLevel::Error, &format!("spangate: the policy is refused:\n{diagnostics}"));
                return false;
            }
        };
        let line = format!("spangate: policy {} {} is in force", policy.name(), policy.revision());
        self.gateway = gateway(policy);
        match &self.gateway {
            Some(_) => host::log(LogLevel::Info, &line),
            None => host::log(
                LogLevel::Critical,
                "spangate: the host has no randomness or no queues: every call is refused",
            ),
        }
        host::set_tick_period(FIRST_TICK);
        true
    }

    /// The root's regular work. Gives the calls that no longer have to wait.
    pub fn tick(&mut self) -> Vec<u32> {
        if !self.ticking {
            self.ticking = true;
            host::set_tick_period(TICK);
        }
        self.gateway.as_ref().map(|gateway| gateway.tick()).unwrap_or_default()
    }

    /// A note has come. Gives the calls that no longer have to wait.
    pub fn noted(&mut self) -> Vec<u32> {
        self.gateway.as_ref().map(|gateway| gateway.noted()).unwrap_or_default()
    }

    /// The answer to a callout.
    pub fn answered(&mut self, token: u32, body_size: usize) {
        if let Some(gateway) = &self.gateway {
            gateway.answered(token, body_size);
        }
    }
}

fn gateway(policy: Policy) -> Option<Rc<Gateway>> {
    let [a, b, c, d] = *host::random::<32>().ok()?.as_chunks::<8>().0.first_chunk()?;
    let [tokens, nonce_prefix, name, permits] = [a, b, c, d].map(u64::from_le_bytes);
    let peers = Peers::join(&format!("{name:016x}"), host::monotonic_clock())?;
    let keys = KeyStore::new(policy.issuers(), peers);
    Some(Rc::new(Gateway::new(policy, keys, [tokens, permits], nonce_prefix)))
}

/// The policy of the plugin's configuration.
fn read(size: usize) -> Result<Policy, Diagnostics> {
    let fault = |message: &str| Diagnostics::from_iter([Diagnostic::error("syntax", &Path::root(), message)]);
    let bytes =
        host::buffer(Buffer::PluginConfiguration, size).map_err(|_| fault("there is no configuration"))?;
    let text = String::from_utf8(bytes).map_err(|_| fault("the configuration is no UTF-8"))?;
    let node = from_json(&text).map_err(|fault| Diagnostics::from_iter([fault]))?;
    let policy = spangate_policy::load(&node)?;
    // A limit that is not kept is worse than none.
    let unkept = policy.wide_limits().map(|limit| Diagnostic {
        path: limit.path.to_owned(),
        ..Diagnostic::error("no_leases", &Path::root(), limit.to_string())
    });
    let unkept: Diagnostics = unkept.collect();
    if unkept.is_empty() { Ok(policy) } else { Err(unkept) }
}
