//! What a caller gets when all went well.

use crate::Location;

#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Body,
    pub location: Option<Location>,
    /// Of a write: the step whose rows answer and fill the location, the last that returns any unless the author
    /// chose another.
    pub step: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// `{"rows":[…]}`.
    Rows,
    /// The row itself, and 404 when there is none.
    One,
    None,
}

/// How INT64 and NUMERIC are written in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Numbers {
    Text,
    /// INT64 within 2⁵³ as a number, all else still as text.
    Native,
}
