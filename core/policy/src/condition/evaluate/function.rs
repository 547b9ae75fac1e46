//! Calls of functions. The arguments are few and stand on the stack; which form applies is read off their types.

use super::{Evaluation, Failure, Outcome, conversion, network, text, time, weight};
use crate::condition::functions::Function;
use crate::condition::program::{At, Operands};
use crate::condition::{ErrorKind, Value};

/// `text.replace(old, new, limit)` has the most.
const MAX_ARGUMENTS: usize = 4;

impl<'f> Evaluation<'f> {
    /// Never inlined: the arguments' room would be taken at each level of an evaluation.
    #[inline(never)]
    pub(super) fn call(&mut self, at: At, function: Function, operands: Operands) -> Outcome<Value<'f>> {
        let operands = self.program.operands(operands);
        if let &[operand] = operands {
            let argument = self.value(operand)?;
            return self.applied(at, function, &[argument]);
        }
        let mut arguments = [const { Value::Null }; MAX_ARGUMENTS];
        for (argument, operand) in arguments.iter_mut().zip(operands) {
            *argument = self.value(*operand)?;
        }
        let given = arguments.get(..operands.len()).unwrap_or_default();
        self.applied(at, function, given)
    }

    fn applied(&mut self, at: At, function: Function, given: &[Value<'f>]) -> Outcome<Value<'f>> {
        let cost = given.iter().fold(1, |cost, argument| cost + weight(argument));
        self.spend(at, cost)?;
        let result = apply(function, given).map_err(|kind| Failure { kind, at })?;
        self.spend(at, weight(&result))?;
        Ok(result)
    }
}

fn apply<'f>(function: Function, arguments: &[Value<'f>]) -> Result<Value<'f>, ErrorKind> {
    match function {
        Function::Size => size(arguments),
        Function::Int
        | Function::Uint
        | Function::Double
        | Function::String
        | Function::Bool
        | Function::Bytes
        | Function::Timestamp
        | Function::Duration
        | Function::TypeOf
        | Function::Ip
        | Function::Cidr => conversion::apply(function, arguments),
        Function::StartsWith
        | Function::EndsWith
        | Function::Contains
        | Function::LowerAscii
        | Function::UpperAscii
        | Function::Trim
        | Function::Reverse
        | Function::CharAt
        | Function::IndexOf
        | Function::LastIndexOf
        | Function::Substring
        | Function::Replace
        | Function::Split
        | Function::Join => text::apply(function, arguments),
        Function::FullYear
        | Function::Month
        | Function::Date
        | Function::DayOfMonth
        | Function::DayOfWeek
        | Function::DayOfYear
        | Function::Hours
        | Function::Minutes
        | Function::Seconds
        | Function::Milliseconds => time::apply(function, arguments),
        Function::IsIp
        | Function::IsCidr
        | Function::IsCanonical
        | Function::ContainsIp
        | Function::ContainsCidr
        | Function::Family
        | Function::IsUnspecified
        | Function::IsLoopback
        | Function::IsLinkLocalUnicast
        | Function::IsLinkLocalMulticast
        | Function::IsGlobalUnicast
        | Function::Masked
        | Function::PrefixLength
        | Function::IpOf => network::apply(function, arguments),
    }
}

/// A text is counted by code points.
fn size<'f>(arguments: &[Value<'f>]) -> Result<Value<'f>, ErrorKind> {
    let size = match arguments {
        [Value::String(text)] => text.chars().count(),
        [Value::Bytes(bytes)] => bytes.len(),
        [Value::List(list)] => list.len(),
        [Value::Map(map)] => map.len(),
        _ => return Err(ErrorKind::NoSuchOverload),
    };
    i64::try_from(size).map(Value::Int).map_err(|_| ErrorKind::Overflow)
}
