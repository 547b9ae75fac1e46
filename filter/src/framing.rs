//! Bodies in gRPC's frames (the gRPC-over-HTTP/2 protocol, "Length-Prefixed-Message") around
//! `google.api.HttpBody`. Nothing is buffered: a chunk of a request becomes one message, the chunks of a
//! response are stripped of their frames wherever they are cut.

/// Field 2 of HttpBody, `data`, length-delimited.
const DATA_TAG: u8 = 0x12;

/// What stands before a chunk of `length` bytes that becomes one message of its own; `None` for a chunk of 4 GiB
/// or more, which no proxy hands over.
pub fn prefix(length: usize) -> Option<Vec<u8>> {
    let mut envelope = vec![DATA_TAG];
    push_varint(&mut envelope, length);
    let message = u32::try_from(length.checked_add(envelope.len())?).ok()?;
    let mut prefix = Vec::with_capacity(16);
    // Not compressed.
    prefix.push(0);
    prefix.extend_from_slice(&message.to_be_bytes());
    prefix.extend_from_slice(&envelope);
    Some(prefix)
}

fn push_varint(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or(0));
}

/// The stream is none that the sidecar sends. What has passed so far cannot be taken back, so the answer must
/// be broken off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Malformed;

/// Where in a stream of messages the next byte stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In the five bytes before a message, of which so many have been read.
    Frame { read: u8, length: u32 },
    /// Before a field's tag, with so many bytes of the message left.
    Tag { left: u32 },
    /// In the length of `data`.
    Length { left: u32, value: u32, shift: u8 },
    /// In `data`.
    Data { left: u32, data: u32 },
}

/// Takes frames and envelopes off a response.
#[derive(Debug)]
pub struct Unframer {
    state: State,
}

impl Default for Unframer {
    fn default() -> Self {
        Self { state: State::Frame { read: 0, length: 0 } }
    }
}

impl Unframer {
    /// Strips a chunk in place: what is left of it is body.
    pub fn strip(&mut self, chunk: &mut Vec<u8>) -> Result<(), Malformed> {
        let (mut read, mut written) = (0, 0);
        while read < chunk.len() {
            if let State::Data { left, data } = self.state {
                let available = chunk.len().saturating_sub(read);
                let take = available.min(usize::try_from(data).unwrap_or(usize::MAX));
                let end = read.saturating_add(take);
                chunk.copy_within(read..end, written);
                (read, written) = (end, written.saturating_add(take));
                let taken = u32::try_from(take).map_err(|_| Malformed)?;
                self.state = after_data(left.saturating_sub(taken), data.saturating_sub(taken));
            } else {
                let byte = *chunk.get(read).ok_or(Malformed)?;
                self.state = step(self.state, byte)?;
                read = read.saturating_add(1);
            }
        }
        chunk.truncate(written);
        Ok(())
    }

    /// Whether the stream may end here.
    pub fn is_between_messages(&self) -> bool {
        self.state == State::Frame { read: 0, length: 0 }
    }
}

fn step(state: State, byte: u8) -> Result<State, Malformed> {
    match state {
        // A compressed message, or a flag that does not exist.
        State::Frame { read: 0, .. } if byte != 0 => Err(Malformed),
        State::Frame { read: 0, .. } => Ok(State::Frame { read: 1, length: 0 }),
        State::Frame { read, length } => {
            let length = length << 8 | u32::from(byte);
            Ok(if read < 4 { State::Frame { read: read.saturating_add(1), length } } else { message(length) })
        }
        State::Tag { left } if byte == DATA_TAG => {
            Ok(State::Length { left: left.checked_sub(1).ok_or(Malformed)?, value: 0, shift: 0 })
        }
        State::Tag { .. } => Err(Malformed),
        State::Length { left, value, shift } => {
            let left = left.checked_sub(1).ok_or(Malformed)?;
            // 28 bits of length are more than any message has.
            if shift > 21 {
                return Err(Malformed);
            }
            let value = value | u32::from(byte & 0x7f) << shift;
            if byte & 0x80 != 0 {
                return Ok(State::Length { left, value, shift: shift.saturating_add(7) });
            }
            if value > left {
                return Err(Malformed);
            }
            Ok(after_data(left, value))
        }
        // Taken in one piece by the caller.
        State::Data { .. } => Err(Malformed),
    }
}

fn message(length: u32) -> State {
    if length == 0 { State::Frame { read: 0, length: 0 } } else { State::Tag { left: length } }
}

fn after_data(left: u32, data: u32) -> State {
    if data > 0 { State::Data { left, data } } else { message(left) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn framed(chunks: &[Vec<u8>]) -> Vec<u8> {
        chunks.iter().flat_map(|chunk| [prefix(chunk.len()).unwrap(), chunk.clone()].concat()).collect()
    }

    proptest! {
        #[test]
        fn frames_come_off_wherever_they_are_cut(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..8),
            cuts in prop::collection::vec(1_usize..70, 1..40),
        ) {
            let stream = framed(&chunks);
            let (mut unframer, mut body, mut rest) = (Unframer::default(), Vec::new(), &stream[..]);
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (piece, tail) = rest.split_at((*cut).min(rest.len()));
                let mut piece = piece.to_vec();
                unframer.strip(&mut piece).unwrap();
                body.extend(piece);
                rest = tail;
            }
            prop_assert_eq!(body, chunks.concat());
            prop_assert!(unframer.is_between_messages());
        }

        #[test]
        fn any_bytes_are_stripped_without_a_panic(bytes: Vec<u8>) {
            let length = bytes.len();
            let mut chunk = bytes;
            let _ = Unframer::default().strip(&mut chunk);
            prop_assert!(chunk.len() <= length);
        }
    }

    fn check(stream: &[u8], expected: Result<(&[u8], bool), Malformed>) {
        let (mut unframer, mut chunk) = (Unframer::default(), stream.to_vec());
        let actual = unframer.strip(&mut chunk).map(|()| (&chunk[..], unframer.is_between_messages()));
        assert_eq!(actual, expected, "{stream:?}");
    }

    #[test]
    fn what_the_sidecar_never_sends_is_malformed() {
        check(&[], Ok((b"", true)));
        check(&[0, 0, 0, 0, 0], Ok((b"", true)));
        check(&[0, 0, 0, 0, 2, 0x12, 0], Ok((b"", true)));
        check(&[0, 0, 0, 0, 3, 0x12, 1, b'x'], Ok((b"x", true)));
        check(&[0, 0, 0, 0, 3, 0x12, 1], Ok((b"", false)));
        check(&[1, 0, 0, 0, 0], Err(Malformed));
        check(&[0, 0, 0, 0, 3, 0x0a, 1, b'x'], Err(Malformed));
        check(&[0, 0, 0, 0, 3, 0x12, 2, b'x'], Err(Malformed));
        check(&[0, 0, 0, 0, 9, 0x12, 0xff, 0xff, 0xff, 0xff, 0x7f], Err(Malformed));
        check(&[0, 0, 0, 0, 1, 0x12, 0], Err(Malformed));
    }
}
