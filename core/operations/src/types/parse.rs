//! From a type's text to the type. Depth and the number of fields are bounded, so that no document makes the reader
//! recurse as deep as it likes.

use spangate_document::suggestion;

use super::{Field, Scalar, Type, TypeFault};

/// Deepest nesting of arrays and structs.
const MAX_DEPTH: usize = 16;
/// Spanner's own limit.
const MAX_FIELDS: usize = 1000;

impl Type {
    /// `INT64`, `ARRAY<STRING>`, `STRUCT<sku STRING, quantity INT64>`; upper case, as in Spanner's own schemas.
    pub fn parse(text: &str) -> Result<Self, TypeFault> {
        let mut reader = Reader { text, rest: text };
        let found = reader.r#type(MAX_DEPTH)?;
        match reader.next() {
            "" => Ok(found),
            more => Err(reader.fault(format!("`{more}` follows the type"), FORMS)),
        }
    }
}

const FORMS: &str = "write a scalar's name, `ARRAY<TYPE>` or `STRUCT<name TYPE, …>`";

struct Reader<'t> {
    text: &'t str,
    rest: &'t str,
}

impl<'t> Reader<'t> {
    fn r#type(&mut self, depth: usize) -> Result<Type, TypeFault> {
        let Some(depth) = depth.checked_sub(1) else {
            return Err(self.fault(format!("types are nested deeper than {MAX_DEPTH}"), "flatten it"));
        };
        match self.next() {
            "ARRAY" => {
                self.take();
                self.demand("<")?;
                let element = self.r#type(depth)?;
                if element.is_array() {
                    return Err(self.fault(
                        "Spanner has no array of arrays".to_owned(),
                        "put a struct between: `ARRAY<STRUCT<inner ARRAY<…>>>`",
                    ));
                }
                self.demand(">")?;
                Ok(Type::array_of(element))
            }
            "STRUCT" => {
                self.take();
                self.demand("<")?;
                self.fields(depth).map(Type::Struct)
            }
            name => match Scalar::ALL.into_iter().find(|scalar| scalar.name() == name) {
                Some(scalar) => {
                    self.take();
                    Ok(Type::Scalar(scalar))
                }
                None => Err(self.unknown(name)),
            },
        }
    }

    /// Up to the `>` that closes them.
    fn fields(&mut self, depth: usize) -> Result<Vec<Field>, TypeFault> {
        let mut fields: Vec<Field> = Vec::new();
        loop {
            let name = self.next();
            let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
            if !is_name {
                let message = format!("`{name}` is no name of a field");
                return Err(self.fault(message, "write `STRUCT<name TYPE, …>`"));
            }
            if fields.iter().any(|field| field.name.eq_ignore_ascii_case(name)) {
                return Err(self.fault(format!("two fields are called `{name}`"), "give each its own name"));
            }
            self.take();
            fields.push(Field { name: name.to_owned(), r#type: self.r#type(depth)? });
            if fields.len() > MAX_FIELDS {
                return Err(self.fault(format!("a STRUCT has at most {MAX_FIELDS} fields"), "split it"));
            }
            if self.next() != "," {
                return self.demand(">").map(|()| fields);
            }
            self.take();
        }
    }

    fn demand(&mut self, sign: &str) -> Result<(), TypeFault> {
        if self.next() != sign {
            return Err(self.fault(format!("`{sign}` is missing"), FORMS));
        }
        self.take();
        Ok(())
    }

    /// The next word or sign; empty at the end.
    fn next(&mut self) -> &'t str {
        self.rest = self.rest.trim_start();
        let is_of_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.');
        let word = self.rest.find(|c| !is_of_word(c)).unwrap_or(self.rest.len());
        let length = if word == 0 { self.rest.chars().next().map_or(0, char::len_utf8) } else { word };
        self.rest.get(..length).unwrap_or_default()
    }

    fn take(&mut self) -> &'t str {
        let taken = self.next();
        self.rest = self.rest.get(taken.len()..).unwrap_or_default();
        taken
    }

    fn unknown(&self, name: &str) -> TypeFault {
        if !name.starts_with(char::is_alphanumeric) {
            return self.fault("a type is missing".to_owned(), FORMS);
        }
        let names = Scalar::ALL.map(Scalar::name);
        let known = suggestion(&name.to_ascii_uppercase(), names.into_iter().chain(["ARRAY", "STRUCT"]));
        let help = match known {
            Some(known) => format!("did you mean `{known}`?"),
            None => {
                format!("types are `{}`, `ARRAY<TYPE>` and `STRUCT<name TYPE, …>`", names.join("`, `"))
            }
        };
        self.fault(format!("unknown type `{name}`"), &help)
    }

    /// Where the reader has come to, unless that is where it began.
    fn fault(&self, message: String, help: &str) -> TypeFault {
        let read = self.text.len().saturating_sub(self.rest.len());
        let message = match self.text.get(..read) {
            None | Some("") => message,
            Some(read) => format!("{message}, at character {} of `{}`", read.chars().count() + 1, self.text),
        };
        TypeFault { message, help: help.to_owned() }
    }
}
