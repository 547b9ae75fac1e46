//! How values of a type are written, as far as their kind alone does not tell. Names are quoted beforehand.

use google_cloud_spanner::types::{Type, TypeCode};

use super::quote;

pub enum Form {
    Json,
    Integer,
    /// FLOAT32.
    Single,
    Array(Box<Form>),
    Struct(Vec<Member>),
    Other,
}

pub struct Member {
    /// As a JSON text with its colon.
    pub name: String,
    pub form: Form,
}

impl Member {
    pub fn new(name: &str, form: Form) -> Self {
        let mut quoted = String::with_capacity(name.len() + 3);
        quote(name, &mut quoted);
        quoted.push(':');
        Self { name: quoted, form }
    }
}

impl Form {
    pub fn of(r#type: &Type) -> Self {
        if let Some(element) = r#type.array_element_type() {
            return Self::Array(Box::new(Self::of(element)));
        }
        if let Some(fields) = r#type.struct_type() {
            let members = fields.fields.iter().map(|field| {
                let of = field.r#type.clone().map(|of| Type::from(*of));
                Member::new(&field.name, of.as_ref().map_or(Self::Other, Self::of))
            });
            return Self::Struct(members.collect());
        }
        match r#type.code() {
            TypeCode::Json => Self::Json,
            TypeCode::Int64 => Self::Integer,
            TypeCode::Float32 => Self::Single,
            _ => Self::Other,
        }
    }
}
