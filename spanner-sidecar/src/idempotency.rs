//! Applied once: what makes a repeat of a write recognisable, and what is kept so that it is given the first answer.
//! The row is inserted by the write's own transaction: where it is, the write happened; where it is not, it did not.

mod key;

use google_cloud_wkt::Timestamp;

pub use key::Key;

/// What a write is answered with, known before it is committed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub location: Option<String>,
    pub body: Option<String>,
}

/// The row of a write that has happened.
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    pub request_hash: Vec<u8>,
    pub answer: Answer,
    pub committed_at: Option<Timestamp>,
}
