//! Glushkov's automaton, its states the bits of a word: one for each character of the pattern, so that a step over a
//! byte is a few operations on words and needs no memory but the tables.

use super::syntax::{Class, Node, Tree};

/// States that a word holds.
const MAX_STATES: usize = 64;

#[derive(Clone, Debug)]
pub struct Automaton {
    /// For each character of ASCII the states that it leads to, if they can be reached.
    entered_by: Box<[u64; 128]>,
    /// For each state those that may come next.
    next: Vec<u64>,
    first: u64,
    last: u64,
    nullable: bool,
    from_start: bool,
    to_end: bool,
}

impl Automaton {
    /// `None`: it has too many states.
    pub fn new(Tree { root, from_start, to_end }: Tree) -> Option<Self> {
        let mut builder = Builder::default();
        let Part { nullable, first, last } = builder.part(&root)?;
        let mut entered_by = Box::new([0; 128]);
        for (state, class) in builder.classes.iter().enumerate() {
            for (character, states) in entered_by.iter_mut().enumerate() {
                *states |= u64::from(class >> character & 1 == 1) << state;
            }
        }
        Some(Self { entered_by, next: builder.next, first, last, nullable, from_start, to_end })
    }

    /// Whether a text of ASCII matches, as a whole or in a part as the anchors say.
    pub fn is_match(&self, text: &[u8]) -> bool {
        if self.nullable && (!self.from_start || !self.to_end || text.is_empty()) {
            return true;
        }
        let mut states = 0;
        let mut reachable = self.first;
        for byte in text {
            if reachable == 0 {
                return false;
            }
            let entered = self.entered_by.get(usize::from(*byte)).copied().unwrap_or(0);
            states = reachable & entered;
            if !self.to_end && states & self.last != 0 {
                return true;
            }
            reachable = if self.from_start { 0 } else { self.first };
            let mut left = states;
            while left != 0 {
                reachable |= self.next.get(left.trailing_zeros() as usize).copied().unwrap_or(0);
                left &= left - 1;
            }
        }
        self.to_end && states & self.last != 0
    }
}

/// What a part of a pattern is to the parts around it.
#[derive(Clone, Copy)]
struct Part {
    /// Whether it matches nothing at all, too.
    nullable: bool,
    first: u64,
    last: u64,
}

const NOTHING: Part = Part { nullable: true, first: 0, last: 0 };

#[derive(Default)]
struct Builder {
    classes: Vec<Class>,
    next: Vec<u64>,
}

impl Builder {
    fn part(&mut self, node: &Node) -> Option<Part> {
        match node {
            Node::Class(class) => {
                let state = self.classes.len();
                if state == MAX_STATES {
                    return None;
                }
                self.classes.push(*class);
                self.next.push(0);
                Some(Part { nullable: false, first: 1 << state, last: 1 << state })
            }
            Node::Sequence(nodes) => nodes.iter().try_fold(NOTHING, |before, node| {
                let part = self.part(node)?;
                Some(self.after(before, part))
            }),
            Node::Alternatives(nodes) => {
                let nothing = Part { nullable: false, ..NOTHING };
                nodes.iter().try_fold(nothing, |others, node| {
                    let part = self.part(node)?;
                    Some(Part {
                        nullable: others.nullable || part.nullable,
                        first: others.first | part.first,
                        last: others.last | part.last,
                    })
                })
            }
            Node::Repeated(node, least, most) => self.repeated(node, *least, *most),
        }
    }

    fn after(&mut self, before: Part, part: Part) -> Part {
        self.link(before.last, part.first);
        Part {
            nullable: before.nullable && part.nullable,
            first: before.first | if before.nullable { part.first } else { 0 },
            last: part.last | if part.nullable { before.last } else { 0 },
        }
    }

    /// As many copies as it takes: `a{2,4}` is `aaa?a?`, `a{2,}` is `aa+`, `a*` is `(a+)?`.
    fn repeated(&mut self, node: &Node, least: u32, most: Option<u32>) -> Option<Part> {
        let mut whole = NOTHING;
        for copy in 0..most.unwrap_or(least.max(1)) {
            let mut part = self.part(node)?;
            part.nullable |= copy >= least;
            if most.is_none() && copy + 1 >= least {
                self.link(part.last, part.first);
            }
            whole = self.after(whole, part);
        }
        Some(whole)
    }

    fn link(&mut self, from: u64, to: u64) {
        for (state, next) in self.next.iter_mut().enumerate() {
            if from >> state & 1 == 1 {
                *next |= to;
            }
        }
    }
}
