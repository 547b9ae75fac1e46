//! A read on its way to text. Holds a row at a time and the text that nobody has taken yet, so that an answer of any
//! length takes the same memory; dropped, it ends the query and gives its place back.

use google_cloud_wkt::Timestamp;
use spangate_operations::{Body, Operation};

use super::Media;
use crate::admission::Admitted;
use crate::json::Columns;
use crate::pages::Paging;
use crate::refusal::{Reason, Refusal};
use crate::spanner::Rows;

pub struct Reading {
    rows: Rows,
    columns: Columns,
    form: Form,
    paging: Option<Paging>,
    text: String,
    count: u64,
    /// Until the last row has been read.
    _admitted: Admitted,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `{"rows":[…]}`.
    Document,
    /// A row a line.
    Lines,
    One,
    None,
}

impl Reading {
    pub fn new(
        operation: &Operation,
        rows: Rows,
        media: Media,
        paging: Option<Paging>,
        admitted: Admitted,
    ) -> Self {
        let form = match (operation.answer.body, media) {
            (Body::Rows, Media::Json) => Form::Document,
            (Body::Rows, Media::Lines) => Form::Lines,
            (Body::One, _) => Form::One,
            (Body::None, _) => Form::None,
        };
        let text = if form == Form::Document { "{\"rows\":[" } else { "" }.to_owned();
        let columns = Columns::new(rows.column_names(), rows.column_types(), operation.numbers);
        Self { rows, columns, form, paging, text, count: 0, _admitted: admitted }
    }

    pub fn read_timestamp(&self) -> Option<Timestamp> {
        self.rows.read_timestamp
    }

    /// The text that has not been taken yet.
    pub fn take(&mut self) -> String {
        std::mem::take(&mut self.text)
    }

    /// Reads until there is more text than `enough`, or nothing more to come: then true.
    pub async fn fill(&mut self, enough: usize) -> Result<bool, Refusal> {
        match self.form {
            Form::Document | Form::Lines => self.fill_rows(enough).await,
            Form::One => self.fill_one().await.map(|()| true),
            Form::None => Ok(true),
        }
    }

    async fn fill_rows(&mut self, enough: usize) -> Result<bool, Refusal> {
        while self.text.len() <= enough {
            let Some(row) = self.rows.next().await? else {
                self.end(None);
                return Ok(true);
            };
            if let Some(paging) = &mut self.paging {
                // The one row more than a page shows that there is another page.
                if self.count == paging.size() {
                    let token = paging.token()?;
                    self.end(Some(&token));
                    return Ok(true);
                }
                if self.count + 1 == paging.size() {
                    paging.note_last(self.rows.column_names(), &row)?;
                }
            }
            if self.form == Form::Document && self.count > 0 {
                self.text.push(',');
            }
            self.columns.write_row(&row, &mut self.text);
            if self.form == Form::Lines {
                self.text.push('\n');
            }
            self.count += 1;
        }
        Ok(false)
    }

    /// Of pages the end tells where the next one is, or `null`: a reader of lines knows that the last one is no row.
    fn end(&mut self, token: Option<&str>) {
        let next = self.paging.as_ref().map(|_| match token {
            Some(token) => format!("\"next_page\":\"{token}\""),
            None => "\"next_page\":null".to_owned(),
        });
        match (self.form, next) {
            (Form::Document, Some(next)) => self.text.push_str(&format!("],{next}}}")),
            (Form::Document, None) => self.text.push_str("]}"),
            (Form::Lines, Some(next)) => self.text.push_str(&format!("{{{next}}}\n")),
            (Form::Lines | Form::One | Form::None, _) => {}
        }
    }

    async fn fill_one(&mut self) -> Result<(), Refusal> {
        let absent = || Refusal::new(Reason::NotFound, "there is no such row");
        let row = self.rows.next().await?.ok_or_else(absent)?;
        if self.rows.next().await?.is_some() {
            let detail = "the operation answers with one row and found more";
            return Err(Refusal::new(Reason::SchemaMismatch, detail));
        }
        self.columns.write_row(&row, &mut self.text);
        Ok(())
    }
}
