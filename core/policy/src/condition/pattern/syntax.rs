//! The part of the patterns' syntax that an [`Automaton`](super::automaton::Automaton) runs: characters, classes,
//! groups, alternatives, repetitions, and anchors around the whole. Whatever else a pattern has is left to the
//! library, which has already found it well formed.

use std::iter::Peekable;
use std::str::Chars;

/// Characters of ASCII, a bit each.
pub type Class = u128;

const ALL: Class = u128::MAX;
const DIGITS: Class = range(b'0', b'9');
const WORD: Class = DIGITS | range(b'a', b'z') | range(b'A', b'Z') | range(b'_', b'_');
const SPACE: Class = range(b'\t', b'\r') | range(b' ', b' ');

/// Greatest count of a repetition.
const MAX_COUNT: u32 = 64;

const fn range(first: u8, last: u8) -> Class {
    (ALL >> (127 - (last - first))) << first
}

#[derive(Clone, Debug)]
pub enum Node {
    Class(Class),
    Sequence(Vec<Node>),
    Alternatives(Vec<Node>),
    /// So often at least, and at most.
    Repeated(Box<Node>, u32, Option<u32>),
}

#[derive(Clone, Debug)]
pub struct Tree {
    pub root: Node,
    /// `^` at its begin.
    pub from_start: bool,
    /// `$` at its end.
    pub to_end: bool,
}

/// `None`: it is left to the library.
pub fn parse(source: &str) -> Option<Tree> {
    let inner = source.strip_prefix('^');
    let from_start = inner.is_some();
    let inner = inner.unwrap_or(source);
    let end = inner.strip_suffix('$').filter(|head| !head.ends_with('\\'));
    let to_end = end.is_some();
    let mut parser = Parser { rest: end.unwrap_or(inner).chars().peekable() };
    let root = parser.alternatives()?;
    // `^a|b$` anchors each alternative by itself.
    let anchored = from_start || to_end;
    let plain = parser.rest.next().is_none() && !(anchored && matches!(root, Node::Alternatives(_)));
    plain.then_some(Tree { root, from_start, to_end })
}

struct Parser<'s> {
    rest: Peekable<Chars<'s>>,
}

impl Parser<'_> {
    fn takes(&mut self, expected: char) -> bool {
        self.rest.next_if_eq(&expected).is_some()
    }

    fn alternatives(&mut self) -> Option<Node> {
        let first = self.sequence()?;
        if self.rest.peek() != Some(&'|') {
            return Some(first);
        }
        let mut all = vec![first];
        while self.takes('|') {
            all.push(self.sequence()?);
        }
        Some(Node::Alternatives(all))
    }

    fn sequence(&mut self) -> Option<Node> {
        let mut parts = Vec::new();
        while self.rest.peek().is_some_and(|next| !['|', ')'].contains(next)) {
            let atom = self.atom()?;
            parts.push(self.repeated(atom)?);
        }
        Some(Node::Sequence(parts))
    }

    fn atom(&mut self) -> Option<Node> {
        Some(match self.rest.next()? {
            '(' => {
                // A group with a name or flags is the library's.
                if self.takes('?') && !self.takes(':') {
                    return None;
                }
                let inner = self.alternatives()?;
                self.takes(')').then_some(inner)?
            }
            '[' => Node::Class(self.class()?),
            '.' => Node::Class(ALL & !range(b'\n', b'\n')),
            '\\' => Node::Class(escaped(self.rest.next()?)?),
            '^' | '$' | '*' | '+' | '?' | '{' | '}' | ']' => return None,
            character => Node::Class(single(character)?),
        })
    }

    fn repeated(&mut self, atom: Node) -> Option<Node> {
        let (least, most) = match self.rest.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => return self.counted(atom),
            _ => return Some(atom),
        };
        self.rest.next();
        self.finished(Node::Repeated(Box::new(atom), least, most))
    }

    /// `{2}`, `{2,}`, `{2,3}`.
    fn counted(&mut self, atom: Node) -> Option<Node> {
        self.rest.next();
        let least = self.count()?;
        let most = if !self.takes(',') {
            Some(least)
        } else if self.rest.peek() == Some(&'}') {
            None
        } else {
            Some(self.count()?)
        };
        if !self.takes('}') || most.is_some_and(|most| most < least) {
            return None;
        }
        self.finished(Node::Repeated(Box::new(atom), least, most))
    }

    fn count(&mut self) -> Option<u32> {
        let mut count: Option<u32> = None;
        while let Some(digit) = self.rest.peek().and_then(|next| next.to_digit(10)) {
            self.rest.next();
            count = Some(count.unwrap_or(0) * 10 + digit).filter(|count| *count <= MAX_COUNT);
            count?;
        }
        count
    }

    /// Greedy or not is the same to whether a text matches; repeating a repetition is the library's.
    fn finished(&mut self, repeated: Node) -> Option<Node> {
        self.takes('?');
        let again = self.rest.peek().is_some_and(|next| ['*', '+', '?', '{'].contains(next));
        (!again).then_some(repeated)
    }

    /// After `[`.
    fn class(&mut self) -> Option<Class> {
        let negated = self.takes('^');
        let mut class = 0;
        let mut previous: Option<char> = None;
        loop {
            let first = match self.rest.next()? {
                ']' if previous.is_some() => break,
                // Classes within, and what two classes have in common, are the library's.
                '[' | ']' | '&' | '~' => return None,
                '\\' => {
                    let escape = self.rest.next()?;
                    class |= escaped(escape)?;
                    previous = Some('\\');
                    if self.rest.peek() == Some(&'-') {
                        return None;
                    }
                    continue;
                }
                '-' if self.rest.peek() == Some(&'-') => return None,
                character => character,
            };
            previous = Some(first);
            if first == '-' || self.rest.peek() != Some(&'-') {
                class |= single(first)?;
                continue;
            }
            self.rest.next();
            match self.rest.next()? {
                ']' => {
                    class |= single(first)? | single('-')?;
                    break;
                }
                '\\' | '[' | '-' => return None,
                last => class |= range_of(first, last)?,
            }
        }
        Some(if negated { !class } else { class })
    }
}

fn single(character: char) -> Option<Class> {
    range_of(character, character)
}

fn range_of(first: char, last: char) -> Option<Class> {
    let ascii = |character: char| u8::try_from(character).ok().filter(u8::is_ascii);
    let (first, last) = (ascii(first)?, ascii(last)?);
    (first <= last).then(|| range(first, last))
}

fn escaped(character: char) -> Option<Class> {
    Some(match character {
        'd' => DIGITS,
        'D' => !DIGITS,
        'w' => WORD,
        'W' => !WORD,
        's' => SPACE,
        'S' => !SPACE,
        'n' => single('\n')?,
        'r' => single('\r')?,
        't' => single('\t')?,
        // Letters, digits and these have meanings of their own, some of them places and not characters.
        '<' | '>' => return None,
        other if other.is_ascii_punctuation() => single(other)?,
        _ => return None,
    })
}
