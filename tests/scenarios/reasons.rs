//! Every reason of the sidecar as a caller meets it: each row of the table in `docs/reasons.md` by a call through the
//! gateway, before a Spanner that fails as it is told. Of a refused write nothing is there afterwards, and what nobody
//! but a caller who is answered may see is found nowhere.

mod canaries;
mod lost;
mod overflow;
mod refused;
mod site;
mod unknown;

use std::collections::BTreeSet;

use crate::support::{PROTOCOLS, assert_no_trap, documented};
use site::Site;

#[test]
fn each_reason_of_the_sidecar_is_met_by_a_caller() {
    let mut site = Site::start();
    let mut met = BTreeSet::new();
    for protocol in PROTOCOLS {
        for refused in refused::all() {
            met.insert((refused.reason.to_owned(), refused.status));
            site.meet(protocol, refused);
        }
        refused::by_the_gateway().into_iter().for_each(|refused| site.meet(protocol, refused));
        met.insert(unknown::the_answer_to_a_commit_is_lost(&mut site, protocol));
    }
    assert_eq!(met, documented("Of the sidecar"));
    site.assert_silent();
    assert_no_trap(&site.stack);
}
