//! Who wrote what: one row for each write, committed with it. What is asked for and answered is not in it, but for the
//! fields that the author chose; tokens, keys and bodies never are.

mod command;
mod fields;
mod query;
mod row;
mod shown;

pub use command::run;
pub use fields::fields;
pub use row::Row;
