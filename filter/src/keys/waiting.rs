//! Calls of this VM that wait for an issuer's keys.

use super::KeyStore;
use super::fetch::FetchState;

/// Most of them at the same time: each holds its connection and its headers. With the longest wait below this carries a
/// worker through a change of keys at more than 2,000 calls a second.
const MAX_WAITING: usize = 8192;

/// Longest wait, in nanoseconds: the next fetch that calls may cause is always sooner.
const LONGEST_WAIT: u64 = 10_000_000_000;

/// Most that are woken at a time. What Envoy does for a call once it is woken runs inside of what it does for the one
/// before, wherever that calls into the VM again (an answer of our own passes our response callbacks): a thousand of them
/// use up the stack.
const MAX_WOKEN: usize = 64;

#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    context: u32,
    issuer: usize,
    /// When the call came.
    since: u64,
    /// Of the keys that it was decided with.
    version: u32,
}

impl KeyStore {
    /// Lets a call wait that came at `since`, if there is anything to wait for.
    pub fn wait(&mut self, issuer: usize, context: u32, since: u64, now: u64) -> bool {
        let Some(remote) = self.remote(issuer) else { return false };
        let (state, _) = remote.fetch_state();
        if is_hopeless(&state, remote.set.is_some(), since, now) || self.waiting.len() >= MAX_WAITING {
            return false;
        }
        let version = remote.version;
        self.waiting.push(Waiting { context, issuer, since, version });
        self.peers.wake_own_root();
        true
    }

    /// Whether the fetch of the keys that this worker has began after `since`.
    pub fn are_as_new_as(&self, issuer: usize, since: u64) -> bool {
        self.remote(issuer).is_some_and(|remote| remote.begun > since)
    }

    /// Sees to it that keys are fetched which calls wait for, and gives the calls whose wait has an end: there are newer
    /// keys, or none could be had. To be called by a root context, which is woken again for those that are left.
    pub fn attend(&mut self, now: u64) -> Vec<u32> {
        let mut over = Vec::new();
        for issuer in 0..self.issuers.len() {
            if !self.waiting.iter().any(|call| call.issuer == issuer) {
                continue;
            }
            let Some(remote) = self.remote(issuer) else { continue };
            let (version, (state, _)) = (remote.version, remote.fetch_state());
            let is_over = |call: &Waiting| call.issuer == issuer && call.is_over(version, &state, now);
            let room = MAX_WOKEN.saturating_sub(over.len());
            over.extend(
                self.waiting.extract_if(.., |call| is_over(call)).take(room).map(|call| call.context),
            );
            if self.waiting.iter().any(|call| call.issuer == issuer && !is_over(call)) {
                self.fetch(issuer, now, true);
            }
        }
        if over.len() == MAX_WOKEN {
            self.peers.wake_own_root();
        }
        over
    }
}

/// Whether nothing would come of waiting for a call that came at `since`.
fn is_hopeless(state: &FetchState, has_keys: bool, since: u64, now: u64) -> bool {
    let end = since.saturating_add(LONGEST_WAIT);
    let is_down = if has_keys {
        state.has_failed(since, end)
    } else {
        // A failure a moment ago is as good as one now.
        !state.under_way(now) && state.has_failed(u64::MAX, now)
    };
    is_down || now >= end
}

impl Waiting {
    /// Whether the call goes on, when its worker has keys of that version.
    fn is_over(&self, version: u32, state: &FetchState, now: u64) -> bool {
        let end = self.since.saturating_add(LONGEST_WAIT);
        self.version != version || now >= end || state.has_failed(self.since, end)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::token;
    use super::*;
    use crate::host::{self, Process, process};
    use crate::keys::Peers;

    const SECOND: u64 = 1_000_000_000;

    /// The call came at second 100, and was decided with keys of version 7.
    const CALL: Waiting = Waiting { context: 1, issuer: 0, since: 100 * SECOND, version: 7 };

    fn begun(at: u64) -> FetchState {
        FetchState::default().begin(at * SECOND, true)
    }

    #[test]
    fn a_wait_ends_with_other_keys_with_a_failure_or_after_ten_seconds() {
        let early = begun(99);
        let late = begun(101);
        let cases = [
            ("nothing has happened", FetchState::default(), 7, 101, false),
            ("a fetch is under way", late, 7, 102, false),
            ("it brought other keys", late.succeed(), 8, 102, true),
            ("so did one that began before, which may not have the key", early.succeed(), 8, 101, true),
            ("a fetch that began after it has failed", late.fail(102 * SECOND), 7, 102, true),
            (
                "one that began before it has, and the next comes in time",
                early.fail(101 * SECOND),
                7,
                101,
                false,
            ),
            ("it is late", FetchState::default(), 7, 110, true),
            ("nearly", FetchState::default(), 7, 109, false),
        ];
        for (what, state, version, now, over) in cases {
            assert_eq!(CALL.is_over(version, &state, now * SECOND), over, "{what}");
        }
    }

    #[test]
    fn nobody_waits_for_an_issuer_that_is_down() {
        let mut down = FetchState::default();
        for _ in 0..6 {
            down = down.begin(99 * SECOND, false).fail(99 * SECOND);
        }
        assert!(CALL.is_over(7, &down, 100 * SECOND), "the next fetch would come too late");
        let failed = begun(99).fail(100 * SECOND);
        let cases = [
            ("keys, and no failure", FetchState::default(), true, 100, false),
            ("keys, and a failure from before the call", failed, true, 100, false),
            ("keys, and a failure since", begun(101).fail(102 * SECOND), true, 103, true),
            ("keys, and a long back-off", down, true, 100, true),
            ("no keys, and nobody has asked yet", FetchState::default(), false, 100, false),
            ("no keys, and a back-off", failed, false, 100, true),
            ("no keys, and a back-off that is over", failed, false, 102, false),
            ("no keys, and it is late", FetchState::default(), false, 110, true),
        ];
        for (what, state, has_keys, now, hopeless) in cases {
            assert_eq!(is_hopeless(&state, has_keys, CALL.since, now * SECOND), hopeless, "{what}");
        }
    }

    /// All in the end, on notes to the root and not with its ticks; and nobody fetches for those that are only left.
    #[test]
    fn calls_are_woken_some_at_a_time() {
        process(|process| *process = Process::default());
        let policy = spangate_document::from_json(&token::policy(0, 30)).unwrap();
        let policy = spangate_policy::load(&policy).unwrap();
        let mut keys = KeyStore::new(policy.issuers(), Peers::join("this", SECOND).unwrap());
        for context in 0..1000 {
            assert!(keys.wait(0, context, SECOND, SECOND));
        }
        assert!(keys.attend(SECOND).is_empty());
        let (fetch, _) = process(|process| process.fetches.pop().unwrap());
        process(|process| process.answer = Some(token::jwks(0, [0])));
        keys.answered(fetch, 0, 2 * SECOND, host::EPOCH);
        keys.refresh(host::EPOCH);
        let mut woken = Vec::new();
        let queue = u32::try_from(keys.peers().incarnation()).unwrap();
        while host::dequeue(queue).is_some() {
            keys.peers().drain();
            let now = keys.attend(2 * SECOND);
            assert!(now.len() <= MAX_WOKEN, "{}", now.len());
            woken.extend(now);
        }
        assert_eq!(woken, (0..1000).collect::<Vec<_>>());
        assert_eq!(process(|process| process.fetches.len()), 0);
    }
}
