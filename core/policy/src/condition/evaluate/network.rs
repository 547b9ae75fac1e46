//! Kubernetes' functions of addresses and networks.

use std::net::IpAddr;

use crate::condition::functions::Function;
use crate::condition::value::Cidr;
use crate::condition::{ErrorKind, Value, network};

pub fn apply<'f>(function: Function, arguments: &[Value<'f>]) -> Result<Value<'f>, ErrorKind> {
    Ok(match (function, arguments) {
        (Function::IsIp, [Value::String(text)]) => Value::Bool(network::parse_ip(text).is_some()),
        (Function::IsCidr, [Value::String(text)]) => Value::Bool(Cidr::parse(text).is_some()),
        (Function::IsCanonical, [Value::String(text)]) => {
            let address = network::parse_ip(text).ok_or(ErrorKind::Conversion)?;
            Value::Bool(address.to_string() == text.as_ref())
        }
        (Function::ContainsIp, [Value::Cidr(network), Value::Ip(address)]) => {
            Value::Bool(network.contains(*address))
        }
        (Function::ContainsIp, [Value::Cidr(network), Value::String(text)]) => {
            Value::Bool(network.contains(network::parse_ip(text).ok_or(ErrorKind::Conversion)?))
        }
        (Function::ContainsCidr, [Value::Cidr(network), Value::Cidr(other)]) => {
            Value::Bool(network.contains_network(other))
        }
        (Function::ContainsCidr, [Value::Cidr(network), Value::String(text)]) => {
            Value::Bool(network.contains_network(&Cidr::parse(text).ok_or(ErrorKind::Conversion)?))
        }
        (Function::Masked, [Value::Cidr(network)]) => Value::Cidr(network.masked()),
        (Function::PrefixLength, [Value::Cidr(network)]) => Value::Int(network.prefix.into()),
        (Function::IpOf, [Value::Cidr(network)]) => Value::Ip(network.address),
        (Function::Family, [Value::Ip(address)]) => Value::Int(if address.is_ipv4() { 4 } else { 6 }),
        (function, [Value::Ip(address)]) => Value::Bool(is(function, *address)?),
        _ => return Err(ErrorKind::NoSuchOverload),
    })
}

fn is(function: Function, address: IpAddr) -> Result<bool, ErrorKind> {
    let link_local = match address {
        IpAddr::V4(four) => four.is_link_local(),
        IpAddr::V6(six) => six.is_unicast_link_local(),
    };
    let broadcast = matches!(address, IpAddr::V4(four) if four.is_broadcast());
    Ok(match function {
        Function::IsUnspecified => address.is_unspecified(),
        Function::IsLoopback => address.is_loopback(),
        Function::IsLinkLocalUnicast => link_local,
        Function::IsLinkLocalMulticast => match address {
            IpAddr::V4(four) => matches!(four.octets(), [224, 0, 0, _]),
            IpAddr::V6(six) => matches!(six.octets(), [0xff, scope, ..] if scope & 0x0f == 2),
        },
        // As Go's net package has it: private addresses are global, too.
        Function::IsGlobalUnicast => {
            !broadcast
                && !link_local
                && !address.is_unspecified()
                && !address.is_loopback()
                && !address.is_multicast()
        }
        _ => return Err(ErrorKind::NoSuchOverload),
    })
}
