//! The canonical bytes of a value, for the keys of limits: typed and length-prefixed, so that no two different
//! values, nor two lists of values, share their bytes (`a:b` and `c` against `a` and `b:c`).

use std::net::IpAddr;

use super::Value;

impl Value<'_> {
    /// Appends the value's bytes. Prefix-free: keys may be written one after the other.
    pub fn write_key(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.push(b'n'),
            Self::Bool(bool) => out.extend([b'b', u8::from(*bool)]),
            Self::Int(int) => tagged(out, b'i', &int.to_be_bytes()),
            Self::Uint(uint) => tagged(out, b'u', &uint.to_be_bytes()),
            Self::Double(double) => tagged(out, b'd', &canonical(*double).to_be_bytes()),
            Self::String(text) => counted(out, b's', text.as_bytes()),
            Self::Bytes(bytes) => counted(out, b'y', bytes),
            Self::Timestamp(at) => tagged(out, b't', &at.nanoseconds.to_be_bytes()),
            Self::Duration(span) => tagged(out, b'p', &span.nanoseconds.to_be_bytes()),
            Self::Ip(address) => write_address(out, *address),
            Self::Cidr(network) => {
                out.extend([b'c', network.prefix]);
                write_address(out, network.address);
            }
            Self::Type(name) => counted(out, b'k', name.as_bytes()),
            Self::List(list) => {
                tagged(out, b'l', &(list.len() as u64).to_be_bytes());
                list.iter().for_each(|element| element.write_key(out));
            }
            Self::Map(map) => {
                tagged(out, b'm', &(map.len() as u64).to_be_bytes());
                let mut entries: Vec<Vec<u8>> = map
                    .iter()
                    .map(|(key, value)| {
                        let mut entry = Vec::new();
                        key.write_key(&mut entry);
                        value.write_key(&mut entry);
                        entry
                    })
                    .collect();
                entries.sort_unstable();
                entries.iter().for_each(|entry| out.extend_from_slice(entry));
            }
        }
    }
}

fn tagged(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    out.push(tag);
    out.extend_from_slice(bytes);
}

fn counted(out: &mut Vec<u8>, tag: u8, bytes: &[u8]) {
    tagged(out, tag, &(bytes.len() as u64).to_be_bytes());
    out.extend_from_slice(bytes);
}

fn write_address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(four) => tagged(out, b'4', &four.octets()),
        IpAddr::V6(six) => tagged(out, b'6', &six.octets()),
    }
}

/// The two zeros are equal, and so are their keys; every NaN is one key.
fn canonical(double: f64) -> u64 {
    if double == 0.0 {
        0
    } else if double.is_nan() {
        f64::NAN.to_bits()
    } else {
        double.to_bits()
    }
}
