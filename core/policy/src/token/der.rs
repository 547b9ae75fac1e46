//! The few DER structures (X.690) that keys and signatures are handed to a host in.

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;

/// AlgorithmIdentifier of rsaEncryption, with its NULL (RFC 3279, section 2.3.1).
const RSA: &[u8] =
    &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// AlgorithmIdentifier of id-ecPublicKey on secp256r1 and secp384r1 (RFC 5480, section 2.1.1).
const P256: &[u8] = &[
    0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce,
    0x3d, 0x03, 0x01, 0x07,
];
const P384: &[u8] = &[
    0x30, 0x10, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x05, 0x2b, 0x81, 0x04, 0x00,
    0x22,
];

/// SubjectPublicKeyInfo of an RSA key.
pub(super) fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = element(SEQUENCE, &[integer(modulus), integer(exponent)].concat());
    public_key(RSA, &key)
}

/// SubjectPublicKeyInfo of a point on P-256 (coordinates of 32 bytes) or P-384 (48 bytes).
pub(super) fn ec_key(x: &[u8], y: &[u8]) -> Vec<u8> {
    let algorithm = if x.len() == 48 { P384 } else { P256 };
    public_key(algorithm, &[&[4], x, y].concat())
}

/// ECDSA-Sig-Value of `r ‖ s`, each of `size` bytes; none if the length is another.
pub(super) fn ecdsa_signature(raw: &[u8], size: usize) -> Option<Vec<u8>> {
    let (r, s) = raw.split_at_checked(size)?;
    (s.len() == size).then(|| element(SEQUENCE, &[integer(r), integer(s)].concat()))
}

fn public_key(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
    // A bit string begins with how many bits of its last byte are unused.
    let bits = element(BIT_STRING, &[&[0], key].concat());
    element(SEQUENCE, &[algorithm, &bits].concat())
}

/// A number that is not negative, as few bytes as possible.
fn integer(bytes: &[u8]) -> Vec<u8> {
    let first = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let digits = bytes.get(first..).unwrap_or_default();
    // Without a leading zero a set top bit would mean a negative number.
    let sign: &[u8] = if digits.first().is_none_or(|byte| *byte >= 0x80) { &[0] } else { &[] };
    element(INTEGER, &[sign, digits].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let mut element = vec![tag];
    let length = content.len().to_be_bytes();
    match u8::try_from(content.len()) {
        Ok(short) if short < 0x80 => element.push(short),
        _ => {
            let first = length.iter().position(|byte| *byte != 0).unwrap_or(0);
            let digits = length.get(first..).unwrap_or_default();
            element.push(0x80 | u8::try_from(digits.len()).unwrap_or(0));
            element.extend_from_slice(digits);
        }
    }
    element.extend_from_slice(content);
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_minimal_and_not_negative() {
        assert_eq!(integer(&[0, 0, 1]), [2, 1, 1]);
        assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
        assert_eq!(integer(&[0, 0]), [2, 1, 0]);
    }

    #[test]
    fn lengths_above_127_take_more_bytes() {
        assert_eq!(element(4, &[7; 127])[..2], [4, 0x7f]);
        assert_eq!(element(4, &[7; 128])[..3], [4, 0x81, 0x80]);
        assert_eq!(element(4, &[7; 300])[..4], [4, 0x82, 0x01, 0x2c]);
    }

    #[test]
    fn a_signature_of_another_length_is_none() {
        assert!(ecdsa_signature(&[1; 64], 32).is_some());
        assert!(ecdsa_signature(&[1; 63], 32).is_none());
        assert!(ecdsa_signature(&[1; 65], 32).is_none());
        assert!(ecdsa_signature(&[], 32).is_none());
    }
}
