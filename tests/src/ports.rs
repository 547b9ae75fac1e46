//! The ports of one stack: those that `envoy.yaml` and `docker-compose.yml` name, or free ones.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context, Result};

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
    /// Five ports that were free a moment ago.
    pub fn free() -> Result<Self> {
        let listener = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no port is free");
        // All are held until all are known, so that no two are the same.
        let held = [listener()?, listener()?, listener()?, listener()?, listener()?];
        let [gateway, admin, issuer, emulator, emulator_rest] = held.each_ref().map(TcpListener::local_addr);
        Ok(Self {
            gateway: gateway?.port(),
            admin: admin?.port(),
            issuer: issuer?.port(),
            emulator: emulator?.port(),
            emulator_rest: emulator_rest?.port(),
        })
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
    use super::*;

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
