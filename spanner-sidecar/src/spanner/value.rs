//! Values and types of operations.yaml as the client's. No I/O.

use google_cloud_spanner::model;
use google_cloud_spanner::types::{self, Type as SpannerType};
use google_cloud_spanner::value::Value as SpannerValue;
use spangate_operations::{Field, Scalar, Type, Value};

/// Everything but booleans and floats travels as text; a STRUCT as the list of its fields.
pub fn to_spanner(value: &Value) -> SpannerValue {
    match value {
        Value::Null => SpannerValue::null(),
        Value::Bool(value) => (*value).into(),
        Value::Int64(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::Numeric(value) => value.to_string().into(),
        Value::Interval(value) => value.to_string().into(),
        Value::Text(text) => text.clone().into(),
        Value::Array(items) | Value::Struct(items) => items.iter().map(to_spanner).collect::<Vec<_>>().into(),
    }
}

/// The parts that a value, or an array's element, gives to a key: of a STRUCT each field.
pub fn to_key_parts(value: &Value) -> Vec<SpannerValue> {
    match value {
        Value::Struct(fields) => fields.iter().map(to_spanner).collect(),
        value => vec![to_spanner(value)],
    }
}

pub fn spanner_type(r#type: &Type) -> SpannerType {
    match r#type {
        Type::Scalar(scalar) => scalar_type(*scalar),
        Type::Array(element) => types::array(spanner_type(element)),
        Type::Struct(fields) => struct_type(fields),
    }
}

fn struct_type(fields: &[Field]) -> SpannerType {
    let field = |Field { name, r#type }: &Field| {
        let r#type = model::Type::from(spanner_type(r#type));
        model::struct_type::Field::new().set_name(name).set_type(r#type)
    };
    let fields = model::StructType::new().set_fields(fields.iter().map(field));
    model::Type::new().set_code(model::TypeCode::Struct).set_struct_type(fields).into()
}

fn scalar_type(scalar: Scalar) -> SpannerType {
    match scalar {
        Scalar::Bool => types::bool(),
        Scalar::Int64 => types::int64(),
        Scalar::Float32 => types::float32(),
        Scalar::Float64 => types::float64(),
        Scalar::String => types::string(),
        Scalar::Bytes => types::bytes(),
        Scalar::Date => types::date(),
        Scalar::Timestamp => types::timestamp(),
        Scalar::Numeric => types::numeric(),
        Scalar::Interval => types::interval(),
        Scalar::Json => types::json(),
        Scalar::Uuid => types::uuid(),
        Scalar::PgNumeric => types::pg_numeric(),
        Scalar::PgJsonb => types::pg_jsonb(),
        Scalar::PgOid => types::pg_oid(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Spanner is told of a type is what it tells of one: the answers' reader finds every field again.
    #[test]
    fn structs_keep_the_order_and_the_names_of_their_fields() {
        let r#type = spanner_type(&Type::parse("ARRAY<STRUCT<a INT64, b STRUCT<c PG.NUMERIC>>>").unwrap());
        let fields = &r#type.array_element_type().unwrap().struct_type().unwrap().fields;
        let names: Vec<_> = fields.iter().map(|field| field.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
        let inner = fields.last().and_then(|field| field.r#type.clone()).unwrap();
        let inner = inner.struct_type.unwrap().fields;
        assert_eq!(
            inner.first().unwrap().r#type.clone().map(|of| SpannerType::from(*of)),
            Some(types::pg_numeric())
        );
    }
}
