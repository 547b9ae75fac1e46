//! No order of key fetches lets a bad token through, nor refuses a good one for want of a fetch: whole workers of one
//! process, with their roots and their calls, while issuers rotate keys, fail and answer late, policies change and time
//! passes. What the filter may know is told apart by a model that knows nothing of how it comes to know it.

mod model;
pub(super) mod token;

use proptest::prelude::*;

use model::{Answers, Call, Model, WORKERS};
use token::{ISSUERS, PLACES};

#[derive(Clone, Debug)]
enum Event {
    /// The keys at that place get one more.
    Publish {
        place: usize,
        key: u8,
    },
    Withdraw {
        place: usize,
        key: u8,
    },
    /// How that place answers from now on.
    Answers {
        place: usize,
        how: Answers,
    },
    /// One of the fetches under way is answered, with the keys as they are now or as they were when it was sent.
    Arrive {
        which: usize,
        late: bool,
    },
    /// One is never answered: its worker's VM has gone.
    Lose {
        which: usize,
    },
    /// A worker is given the policy in which the first issuer's keys are at another URL, or the one before.
    Reload {
        worker: usize,
    },
    /// A worker reads its notes.
    Note {
        worker: usize,
    },
    Call {
        worker: usize,
        call: Call,
    },
    Pass {
        milliseconds: u64,
    },
}

fn event() -> impl Strategy<Value = Event> {
    let (place, key, worker) = (0..PLACES, 0..4_u8, 0..WORKERS);
    let which = 0..8_usize;
    let how = prop_oneof![
        4 => Just(Answers::Keys),
        1 => Just(Answers::Nothing),
        1 => prop::sample::select(vec!["", "<html>", "{}", r#"{"keys":[]}"#, r#"{"keys":[{"kty":"oct"}]}"#]).prop_map(Answers::Text),
    ];
    let call = (0..ISSUERS, place.clone(), key.clone(), 0..3_u8, prop::bool::weighted(0.2))
        .prop_map(|(issuer, place, key, number, is_forged)| Call { issuer, place, key, number, is_forged });
    let milliseconds = prop_oneof![4 => 0..50_u64, 2 => 50..4_000_u64, 1 => 4_000..40_000_u64];
    prop_oneof![
        4 => (place.clone(), key.clone()).prop_map(|(place, key)| Event::Publish { place, key }),
        2 => (place.clone(), key).prop_map(|(place, key)| Event::Withdraw { place, key }),
        2 => (place, how).prop_map(|(place, how)| Event::Answers { place, how }),
        10 => (which.clone(), any::<bool>()).prop_map(|(which, late)| Event::Arrive { which, late }),
        1 => which.prop_map(|which| Event::Lose { which }),
        1 => worker.clone().prop_map(|worker| Event::Reload { worker }),
        8 => worker.clone().prop_map(|worker| Event::Note { worker }),
        16 => (worker, call).prop_map(|(worker, call)| Event::Call { worker, call }),
        6 => milliseconds.prop_map(|milliseconds| Event::Pass { milliseconds }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, max_shrink_iters: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_events_lets_a_bad_token_through_or_refuses_a_good_one(
        events in prop::collection::vec(event(), 1..150),
    ) {
        let mut model = Model::start();
        for event in events {
            match event {
                Event::Publish { place, key } => model.publish(place, key),
                Event::Withdraw { place, key } => model.withdraw(place, key),
                Event::Answers { place, how } => model.answers(place, how),
                Event::Arrive { which, late } => model.arrive(which, late),
                Event::Lose { which } => model.lose(which),
                Event::Reload { worker } => model.reload(worker),
                Event::Note { worker } => model.note(worker),
                Event::Call { worker, call } => model.call(worker, call),
                Event::Pass { milliseconds } => model.pass(milliseconds),
            }
        }
        model.assert_it_recovers();
    }
}
