//! Whether a point is on its curve. A host that is given one that is not refuses it anyhow; told here, such a key
//! counts as none, like any other odd key. Public values only, once for each key of a set: so it need be neither
//! fast nor constant in time, and is short.

/// A number of up to 384 bits, the lowest limb first.
type Number = [u32; LIMBS];
const LIMBS: usize = 12;

/// A curve of SEC 2: y² = x³ − 3x + b over the field of the prime p.
pub(super) struct Curve {
    /// Bytes of a coordinate.
    pub size: usize,
    p: Number,
    b: Number,
}

const ONES: u32 = u32::MAX;

pub(super) const P256: Curve = Curve {
    size: 32,
    p: [ONES, ONES, ONES, 0, 0, 0, 1, ONES, 0, 0, 0, 0],
    #[rustfmt::skip]
    b: [
        0x27d2_604b, 0x3bce_3c3e, 0xcc53_b0f6, 0x651d_06b0, 0x7698_86bc, 0xb3eb_bd55, 0xaa3a_93e7, 0x5ac6_35d8,
        0, 0, 0, 0,
    ],
};

pub(super) const P384: Curve = Curve {
    size: 48,
    p: [ONES, 0, 0, ONES, 0xffff_fffe, ONES, ONES, ONES, ONES, ONES, ONES, ONES],
    #[rustfmt::skip]
    b: [
        0xd3ec_2aef, 0x2a85_c8ed, 0x8a2e_d19d, 0xc656_398d, 0x5013_875a, 0x0314_088f, 0xfe81_4112, 0x181d_9c6e,
        0xe3f8_2d19, 0x988e_056b, 0xe23e_e7e4, 0xb331_2fa7,
    ],
};

impl Curve {
    pub fn contains(&self, x: &[u8], y: &[u8]) -> bool {
        let (Some(x), Some(y)) = (self.coordinate(x), self.coordinate(y)) else { return false };
        // As y² + 3x = x³ + b, so that nothing has to be subtracted.
        let left = self.add(&self.multiply(&y, &y), &self.add(&x, &self.add(&x, &x)));
        let cube = self.multiply(&self.multiply(&x, &x), &x);
        left == self.add(&cube, &self.b)
    }

    /// A number below p, of exactly as many bytes as the curve's coordinates have.
    fn coordinate(&self, bytes: &[u8]) -> Option<Number> {
        let mut number = [0; LIMBS];
        for (limb, bytes) in number.iter_mut().zip(bytes.rchunks(4)) {
            *limb = bytes.iter().fold(0, |limb, byte| limb << 8 | u32::from(*byte));
        }
        let (_, below) = subtract(&number, &self.p);
        (bytes.len() == self.size && below).then_some(number)
    }

    fn add(&self, a: &Number, b: &Number) -> Number {
        let mut sum = *a;
        let carry = sum.iter_mut().zip(b).fold(false, |carry, (limb, more)| {
            let carried;
            (*limb, carried) = limb.carrying_add(*more, carry);
            carried
        });
        let (reduced, borrow) = subtract(&sum, &self.p);
        if carry || !borrow { reduced } else { sum }
    }

    /// Bit by bit, the highest first.
    fn multiply(&self, a: &Number, b: &Number) -> Number {
        let mut product = [0; LIMBS];
        for limb in b.iter().rev() {
            for bit in (0..u32::BITS).rev() {
                product = self.add(&product, &product);
                if limb.wrapping_shr(bit) & 1 == 1 {
                    product = self.add(&product, a);
                }
            }
        }
        product
    }
}

/// The difference, and whether it is below zero.
fn subtract(a: &Number, b: &Number) -> (Number, bool) {
    let mut difference = *a;
    let borrow = difference.iter_mut().zip(b).fold(false, |borrow, (limb, less)| {
        let borrowed;
        (*limb, borrowed) = limb.borrowing_sub(*less, borrow);
        borrowed
    });
    (difference, borrow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
    }

    /// The generators of SEC 2 are on their curves; what is a bit beside them, or too long or short, is not.
    fn check(curve: &Curve, x: &str, y: &str) {
        let (x, mut y) = (bytes(x), bytes(y));
        assert!(curve.contains(&x, &y));
        assert!(!curve.contains(&y, &x));
        assert!(!curve.contains(&x[1..], &y));
        assert!(!curve.contains(&[&[0], &x[..]].concat(), &y));
        assert!(!curve.contains(&vec![0xff; curve.size], &y));
        assert!(!curve.contains(&vec![0; curve.size], &vec![0; curve.size]));
        y[curve.size - 1] ^= 1;
        assert!(!curve.contains(&x, &y));
    }

    #[test]
    fn points() {
        check(
            &P256,
            "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
            "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
        );
        check(
            &P384,
            "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
            "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
        );
    }
}
