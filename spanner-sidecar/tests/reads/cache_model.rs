//! Calls of everybody, in any order, against a model of what may be shared. Each reading finds another title, so that
//! an answer tells which reading it is of.

use std::collections::HashMap;

use spangate_proto::v1::{Cache, Call, Identity};

use super::{item, start};
use crate::stand::path;

const CALLS: usize = 1_500;

/// Names that would run into one another, were they only put side by side.
const ISSUERS: [&str; 3] = ["e", "et", ""];
const TENANTS: [Option<&str>; 4] = [None, Some(""), Some("t"), Some("t1")];
const ROLES: [&[&str]; 6] = [&[], &[""], &["a", "b"], &["b", "a"], &["ab"], &["a"]];
const SUBJECTS: [&str; 2] = ["alice", "bob"];

/// What the model says of who shares an answer: the words of POLICY, and nothing of hashes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Shared {
    owner: &'static str,
    revision: &'static str,
    ttl: u64,
    vary: Vec<u8>,
    /// Issuer, tenant and roles in any order, unless there is no caller or the policy lets all share.
    who: Option<(String, Option<String>, Vec<String>)>,
}

struct Dice(u64);

impl Dice {
    fn one_of<T: Clone>(&mut self, things: &[T]) -> T {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        things[usize::try_from(self.0 % 1_000_003).unwrap() % things.len()].clone()
    }

    fn identity(&mut self) -> Option<Identity> {
        let identity = Identity {
            issuer: self.one_of(&ISSUERS).to_owned(),
            subject: self.one_of(&SUBJECTS).to_owned(),
            tenant: self.one_of(&TENANTS).map(str::to_owned),
            roles: self.one_of(&ROLES).iter().map(|role| (*role).to_owned()).collect(),
            ..Identity::default()
        };
        self.one_of(&[Some(identity.clone()), Some(identity), None])
    }

    fn call(&mut self) -> (Call, Shared) {
        let owner = self.one_of(&["a", "b"]);
        let revision = self.one_of(&["r1", "r2"]);
        let (ttl, vary) = (self.one_of(&[600_000, 700_000]), self.one_of(&[vec![], vec![0], vec![0, 0]]));
        let (identity, shared) = (self.identity(), self.one_of(&[true, false]));
        let who = identity.as_ref().filter(|_| !shared).map(|identity| {
            let mut roles = identity.roles.clone();
            roles.sort();
            (identity.issuer.clone(), identity.tenant.clone(), roles)
        });
        let call = Call {
            path: path(&[("owner", owner), ("id", "1")]),
            policy_revision: revision.to_owned(),
            cache: Some(Cache { ttl_ms: ttl, vary: vary.clone(), shared }),
            identity,
            ..item(owner, "1")
        };
        (call, Shared { owner, revision, ttl, vary, who })
    }
}

#[tokio::test]
async fn nobody_is_told_what_is_another_ones() {
    let (mock, stand) = start().await;
    mock.execute("INSERT INTO items (owner, id, title) VALUES ('b', 1, '');").unwrap();
    let mut dice = Dice(0x5851_F42D_4C95_7F2D);
    let mut kept: HashMap<Shared, String> = HashMap::new();
    let mut hits = 0;
    for number in 0..CALLS {
        let (call, shared) = dice.call();
        mock.execute(&format!("UPDATE items SET title = '{}-{number}' WHERE id = 1;", shared.owner)).unwrap();
        let answer = stand.execute(call.clone(), &[]).await;
        let now = format!(r#"{{"id":"1","title":"{}-{number}"}}"#, shared.owner);
        hits += usize::from(kept.contains_key(&shared));
        let expected = kept.entry(shared).or_insert(now);
        assert_eq!(answer.json(), expected, "{call:?}");
    }
    assert!((CALLS / 10..CALLS * 9 / 10).contains(&hits), "{hits} hits say little");
}
