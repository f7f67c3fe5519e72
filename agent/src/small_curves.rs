//! The curves P-256 and X25519 without their tables and without the assembler made for them: 190 KB.
//! `scripts/release` compiles ring's C with `OPENSSL_SMALL`, as small systems do; the general code takes over, as on a
//! processor for which ring has no assembler. ring's Rust half does not know of it and still asks for two functions.
#![expect(unsafe_code, reason = "symbols of ring's own, with C's calling convention")]

/// A scalar of P-256, or a coordinate of a point: four limbs, the least first.
type Limbs = [u64; 4];

/// A number of X25519.
type Bytes = [u8; 32];

// SAFETY: as in ring's `crypto/fipsmodule/ec/p256.c` and `crypto/curve25519/curve25519.c`. The names carry ring's
// version: after an update the linker asks for the new ones.
unsafe extern "C" {
    fn ring_core_0_17_14__p256_point_mul_base(product: *mut [Limbs; 3], scalar: *const Limbs);
    fn ring_core_0_17_14__x25519_scalar_mult_generic_masked(
        product: *mut Bytes,
        scalar: *const Bytes,
        point: *const Bytes,
    );
}

/// A multiple of P-256's base point where time may tell the scalar: to check a signature. The function that does
/// not let it tell serves as well.
///
/// # Safety
/// Called by ring, with its own arguments.
#[unsafe(no_mangle)]
unsafe extern "C" fn ring_core_0_17_14__p256_point_mul_base_vartime(
    product: *mut [Limbs; 3],
    scalar: *const Limbs,
) {
    // SAFETY: the same contract.
    unsafe { ring_core_0_17_14__p256_point_mul_base(product, scalar) }
}

/// A multiple of a point of X25519, asked for where the processor has ADX.
///
/// # Safety
/// Called by ring, with its own arguments; the scalar is masked.
#[unsafe(no_mangle)]
unsafe extern "C" fn ring_core_0_17_14__x25519_scalar_mult_adx(
    product: *mut Bytes,
    scalar: *const Bytes,
    point: *const Bytes,
) {
    // SAFETY: the same contract.
    unsafe { ring_core_0_17_14__x25519_scalar_mult_generic_masked(product, scalar, point) }
}
