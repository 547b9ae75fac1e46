//! `outcome_unknown`: said where the answer to the commit is lost and the write's own row cannot be read back, whether
//! the write has happened or not. Who sends it again with its key is told which it was.

use spangate_mock_spanner::{Fault, Step, Times, When};
use tonic::Status;

use super::site::Site;
use crate::support::{Connection, Protocol, assert_problem};

/// Both ways; returns what was met.
pub fn the_answer_to_a_commit_is_lost(site: &mut Site, protocol: Protocol) -> (String, u16) {
    let (status, reason) = (500, "outcome_unknown");
    for when in [When::Before, When::After] {
        let told = format!("{protocol:?} {when:?}");
        let write = site.new_write();
        let lost = || Fault::Status(Status::unavailable("oriole-message"));
        site.spanner.fault(Step::Commit, when, Times::Always, lost());
        site.spanner.fault(Step::Read, When::Before, Times::Always, lost());
        let before = site.rows();
        let send = || Connection::open(&site.stack, protocol).unwrap().send(write.clone()).unwrap();
        let answer = send();
        site.spanner.heal_all();
        assert_problem(&answer, status, reason);
        assert_eq!(answer.header("retry-after"), None, "{told}");
        site.assert_clean(&answer, &told);
        let happened = site.rows() != before;
        assert_eq!(happened, when == When::After, "{told}");

        let again = send();
        assert_eq!(again.status, 201, "{told}: {}", again.text());
        assert_eq!(again.header("idempotency-replayed").is_some(), happened, "{told}");
        let one_more: Vec<_> = before.iter().map(|rows| rows.len() + 1).collect();
        assert_eq!(site.rows().iter().map(Vec::len).collect::<Vec<_>>(), one_more, "{told}");
    }
    (reason.to_owned(), status)
}
