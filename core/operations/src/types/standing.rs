//! Where Spanner lets a type stand: all may be a parameter of SQL, fewer a column, fewer still a part of a key.

use super::{Scalar, Type};

impl Type {
    /// Whether a column may have it, so that a mutation may set it.
    pub fn is_of_columns(&self) -> bool {
        !matches!(self.scalar(), None | Some(Scalar::Interval))
    }

    pub fn is_of_keys(&self) -> bool {
        match self {
            Self::Scalar(scalar) => {
                !scalar.is_json() && !matches!(scalar, Scalar::Interval | Scalar::PgNumeric)
            }
            Self::Array(_) | Self::Struct(_) => false,
        }
    }

    /// The parts of a key that a value gives, or that each element of an array does; none where it gives no parts.
    pub fn key_parts(&self) -> Option<usize> {
        match self.element() {
            Self::Struct(fields) => {
                fields.iter().all(|field| field.r#type.is_of_keys()).then_some(fields.len())
            }
            element => element.is_of_keys().then_some(1),
        }
    }
}
