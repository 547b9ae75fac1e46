//! Addresses and networks, as Kubernetes' CEL library knows them: no IPv4-mapped IPv6 addresses, no zones, and
//! a network is written with its bits beyond the prefix zero or not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hashbrown::HashSet;

/// A network in CIDR notation. The address is kept as written: `string()` shows it so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cidr {
    pub address: IpAddr,
    pub prefix: u8,
}

impl Cidr {
    pub fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let address = parse_ip(address)?;
        let plain = !prefix.is_empty() && prefix.len() <= 3 && prefix.bytes().all(|b| b.is_ascii_digit());
        let leading_zero = prefix.len() > 1 && prefix.starts_with('0');
        let prefix: u8 = if plain && !leading_zero { prefix.parse().ok()? } else { return None };
        (prefix <= width(address)).then_some(Self { address, prefix })
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        width(self.address) == width(address)
            && masked(self.address, self.prefix) == masked(address, self.prefix)
    }

    pub fn contains_network(&self, other: &Cidr) -> bool {
        self.prefix <= other.prefix && self.contains(other.address)
    }

    pub fn masked(&self) -> Self {
        let bits = masked(self.address, self.prefix);
        let address = match self.address {
            IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(bits >> 96).unwrap_or_default())),
            IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::from_bits(bits)),
        };
        Self { address, prefix: self.prefix }
    }
}

/// Strict: no zone, no port, no IPv4-mapped IPv6, so that one address has one form.
pub fn parse_ip(text: &str) -> Option<IpAddr> {
    let address: IpAddr = text.parse().ok()?;
    match address {
        IpAddr::V6(six) if six.to_ipv4_mapped().is_some() => None,
        address => Some(address),
    }
}

fn width(address: IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

/// The address's first bits, at the top of the word.
fn masked(address: IpAddr, prefix: u8) -> u128 {
    let bits = match address {
        IpAddr::V4(four) => u128::from(four.to_bits()) << 96,
        IpAddr::V6(six) => six.to_bits(),
    };
    let mask = u128::MAX.checked_shl(128u32.saturating_sub(u32::from(prefix))).unwrap_or(0);
    bits & mask
}

/// Many networks as one question: a lookup for each prefix length that occurs, however many networks there are.
#[derive(Clone, Debug, Default)]
pub struct Networks {
    four: Vec<(u8, Prefixes)>,
    six: Vec<(u8, Prefixes)>,
}

type Prefixes = HashSet<u128, foldhash::fast::FixedState>;

impl Networks {
    pub fn insert(&mut self, network: &Cidr) {
        let lengths = if network.address.is_ipv4() { &mut self.four } else { &mut self.six };
        let bits = masked(network.address, network.prefix);
        match lengths.iter_mut().find(|(prefix, _)| *prefix == network.prefix) {
            Some((_, prefixes)) => {
                prefixes.insert(bits);
            }
            None => lengths.push((network.prefix, Prefixes::from_iter([bits]))),
        }
    }

    pub fn contain(&self, address: IpAddr) -> bool {
        let lengths = if address.is_ipv4() { &self.four } else { &self.six };
        lengths.iter().any(|(prefix, prefixes)| prefixes.contains(&masked(address, *prefix)))
    }
}
