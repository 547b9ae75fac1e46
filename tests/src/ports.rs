//! The ports of one stack: those that `envoy.yaml` and `docker-compose.yml` name, or free ones.

use std::net::{Ipv4Addr, TcpListener};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use anyhow::Result;

/// Where free ports are looked for, in blocks of so many.
const BLOCKS: Range<u16> = 20_000..32_000;
const BLOCK: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    pub gateway: u16,
    pub admin: u16,
    pub issuer: u16,
    /// The emulator's gRPC.
    pub emulator: u16,
    /// The emulator's REST.
    pub emulator_rest: u16,
}

/// As in `envoy.yaml` and `docker-compose.yml`.
impl Default for Ports {
    fn default() -> Self {
        Self { gateway: 10_000, admin: 9901, issuer: 9000, emulator: 9010, emulator_rest: 9020 }
    }
}

impl Ports {
    /// Five ports that nobody listens on, and that no other stack on this machine is given while this process lives:
    /// the first port of their block is held until then. They lie below those that the kernel gives to outgoing
    /// connections, which might take one between this moment and the part's own start.
    pub fn free() -> Result<Self> {
        static HELD: Mutex<Vec<TcpListener>> = Mutex::new(Vec::new());
        let bind = |port| TcpListener::bind((Ipv4Addr::UNSPECIFIED, port));
        let blocks = BLOCKS.step_by(BLOCK);
        // Elsewhere than others who look at the same time.
        let begin = usize::try_from(std::process::id())? % blocks.len();
        for first in blocks.clone().skip(begin).chain(blocks.take(begin)) {
            let Ok(guard) = TcpListener::bind((Ipv4Addr::LOCALHOST, first)) else { continue };
            let [gateway, admin, issuer, emulator, emulator_rest] =
                [1, 2, 3, 4, 5].map(|place| first + place);
            let ports = Self { gateway, admin, issuer, emulator, emulator_rest };
            if ports.named().into_iter().all(|(_, port)| bind(port).is_ok()) {
                HELD.lock().unwrap_or_else(PoisonError::into_inner).push(guard);
                return Ok(ports);
            }
        }
        anyhow::bail!("no ports are free")
    }

    /// What each port is for, and its number.
    pub fn named(&self) -> [(&'static str, u16); 5] {
        [
            ("gateway", self.gateway),
            ("admin", self.admin),
            ("issuer", self.issuer),
            ("emulator", self.emulator),
            ("emulator's REST", self.emulator_rest),
        ]
    }

    /// Those of the ports that somebody listens on already.
    pub fn taken(&self) -> Vec<(&'static str, u16)> {
        let mut named = self.named().to_vec();
        named.retain(|(_, port)| TcpListener::bind((Ipv4Addr::UNSPECIFIED, *port)).is_err());
        named
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_stacks_share_a_port() {
        let stacks: Vec<Ports> = (0..20).map(|_| Ports::free().unwrap()).collect();
        let ports: BTreeSet<u16> = stacks.iter().flat_map(Ports::named).map(|(_, port)| port).collect();
        assert_eq!(ports.len(), 100);
    }

    #[test]
    fn a_port_in_use_is_found() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = listener.local_addr().unwrap().port();
        let ports = Ports { issuer: port, ..Ports::free().unwrap() };
        assert!(ports.taken().contains(&("issuer", port)));
        drop(listener);
        // A process that another test starts at this moment holds our sockets until it becomes its program.
        while !ports.taken().is_empty() {
            std::thread::yield_now();
        }
    }
}
