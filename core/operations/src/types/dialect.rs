//! A type in a database of some dialect. GoogleSQL's names mean the same in both; what PostgreSQL has otherwise (its
//! `numeric` with more digits, its `jsonb`) takes their place there.

use super::{Field, Scalar, Type, TypeFault};
use crate::Dialect;

impl Type {
    /// The type that Spanner knows it by there.
    pub fn in_dialect(self, dialect: Dialect) -> Result<Self, TypeFault> {
        match (self, dialect) {
            (Self::Scalar(scalar), _) => scalar.in_dialect(dialect).map(Self::Scalar),
            (Self::Array(element), _) => element.in_dialect(dialect).map(Self::array_of),
            (Self::Struct(_), Dialect::PostgreSql) => Err(TypeFault {
                message: "a PostgreSQL database has no STRUCT".to_owned(),
                help: "take a JSON apart in the SQL, or one ARRAY for each field".to_owned(),
            }),
            (Self::Struct(fields), Dialect::GoogleSql) => {
                let fields = fields.into_iter().map(|Field { name, r#type }| {
                    r#type.in_dialect(dialect).map(|r#type| Field { name, r#type })
                });
                fields.collect::<Result<_, _>>().map(Self::Struct)
            }
        }
    }
}

impl Scalar {
    fn in_dialect(self, dialect: Dialect) -> Result<Self, TypeFault> {
        match (self, dialect) {
            (Self::Numeric, Dialect::PostgreSql) => Ok(Self::PgNumeric),
            (Self::Json, Dialect::PostgreSql) => Ok(Self::PgJsonb),
            (Self::PgNumeric, Dialect::GoogleSql) => Err(self.of_postgresql("NUMERIC")),
            (Self::PgJsonb, Dialect::GoogleSql) => Err(self.of_postgresql("JSON")),
            (Self::PgOid, Dialect::GoogleSql) => Err(self.of_postgresql("INT64")),
            (same, _) => Ok(same),
        }
    }

    fn of_postgresql(self, instead: &str) -> TypeFault {
        TypeFault {
            message: format!("`{}` is a type of PostgreSQL databases", self.name()),
            help: format!("write `{instead}`, or say `dialect: postgresql` of the database"),
        }
    }
}
