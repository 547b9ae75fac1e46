//! CEL's equality and order: deep, exact across the numeric types, and never an error; what cannot be equal is
//! unequal.

use std::cmp::Ordering;

use super::{Map, Value};

impl PartialEq for Value<'_> {
    /// As CEL's `==`: NaN differs from itself.
    fn eq(&self, other: &Self) -> bool {
        self.equals(other)
    }
}

impl Value<'_> {
    pub(in crate::condition) fn equals(&self, other: &Value<'_>) -> bool {
        match (self, other) {
            (Value::Null, Value::Null) => true,
            (Value::Bool(one), Value::Bool(other)) => one == other,
            (Value::String(one), Value::String(other)) => one == other,
            (Value::Bytes(one), Value::Bytes(other)) => one == other,
            (Value::Timestamp(one), Value::Timestamp(other)) => one == other,
            (Value::Duration(one), Value::Duration(other)) => one == other,
            (Value::Ip(one), Value::Ip(other)) => one == other,
            (Value::Cidr(one), Value::Cidr(other)) => one == other,
            (Value::Type(one), Value::Type(other)) => one == other,
            (Value::List(one), Value::List(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other.iter()).all(|(one, other)| one.equals(&other))
            }
            (Value::Map(one), Value::Map(other)) => same_entries(one, other),
            _ => numeric_order(self, other) == Some(Some(Ordering::Equal)),
        }
    }

    /// `None`: the two have no order. `Some(None)`: one is NaN, so that every comparison is false.
    pub(in crate::condition) fn order(&self, other: &Value<'_>) -> Option<Option<Ordering>> {
        Some(Some(match (self, other) {
            (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
            (Value::String(one), Value::String(other)) => one.cmp(other),
            (Value::Bytes(one), Value::Bytes(other)) => one.cmp(other),
            (Value::Timestamp(one), Value::Timestamp(other)) => one.cmp(other),
            (Value::Duration(one), Value::Duration(other)) => one.cmp(other),
            _ => return numeric_order(self, other),
        }))
    }
}

fn same_entries(one: &Map<'_>, other: &Map<'_>) -> bool {
    one.len() == other.len()
        && one.iter().all(|(key, value)| other.entry(&key).is_some_and(|found| value.equals(&found)))
}

fn numeric_order(one: &Value<'_>, other: &Value<'_>) -> Option<Option<Ordering>> {
    Some(match (one, other) {
        (Value::Int(one), Value::Int(other)) => Some(one.cmp(other)),
        (Value::Uint(one), Value::Uint(other)) => Some(one.cmp(other)),
        (Value::Double(one), Value::Double(other)) => one.partial_cmp(other),
        (Value::Int(one), Value::Uint(other)) => Some(i128::from(*one).cmp(&i128::from(*other))),
        (Value::Uint(one), Value::Int(other)) => Some(i128::from(*one).cmp(&i128::from(*other))),
        (Value::Int(one), Value::Double(other)) => whole_to_double(i128::from(*one), *other),
        (Value::Uint(one), Value::Double(other)) => whole_to_double(i128::from(*one), *other),
        (Value::Double(one), Value::Int(other)) => {
            whole_to_double(i128::from(*other), *one).map(Ordering::reverse)
        }
        (Value::Double(one), Value::Uint(other)) => {
            whole_to_double(i128::from(*other), *one).map(Ordering::reverse)
        }
        _ => return None,
    })
}

/// Exact: rounding the integer to a double would make 2⁵³ + 1 equal 2⁵³.
fn whole_to_double(whole: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // A cast from float to integer saturates, and i128 holds every i64 and u64 with room to spare.
    let truncated = double.trunc() as i128;
    let fraction = double - double.trunc();
    Some(whole.cmp(&truncated).then(0.0.partial_cmp(&fraction).unwrap_or(Ordering::Equal)))
}
