//! Schema evolution: Spangate's own tables, and a team's migrations. Knows SQL only as far as it must to tell what a
//! migration takes away from the operations that are served.

pub mod own_tables;
