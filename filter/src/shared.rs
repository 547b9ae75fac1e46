//! Values in the process's shared data that many workers change.

use crate::host;

/// Most times a swap is tried again because another worker was quicker.
const MAX_ATTEMPTS: usize = 64;

/// Changes the value of that name, again whenever another worker was quicker. `change` gives what to store, if
/// anything, and what comes of it. None when nothing could be stored, or the value is none that `change` knows.
pub fn swap<T, E>(
    name: &str,
    change: impl Fn(Option<&[u8]>) -> Result<(Option<Vec<u8>>, T), E>,
) -> Option<T> {
    for _ in 0..MAX_ATTEMPTS {
        let (bytes, version) = host::shared(name);
        let (changed, outcome) = change(bytes.as_deref()).ok()?;
        match changed.map_or(Ok(true), |bytes| host::swap_shared(name, &bytes, version)) {
            Ok(true) => return Some(outcome),
            Ok(false) => {}
            Err(_) => return None,
        }
    }
    None
}
