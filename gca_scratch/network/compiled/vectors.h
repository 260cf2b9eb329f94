/* Vectors of this processor, and exp, sigmoid and tanh of them: polynomials, for the C library has none that is exact and fast.

   REAL is float or double, and INTEGER has its size; both come by -D. Vectors are the compiler's own (GCC's and Clang's
   vector_size), so that whatever is compiled here is vectorised, or not compiled at all. */
#include <stddef.h>
#include <stdint.h>
#if defined(__AVX__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)
#define BYTES 64
#elif defined(__AVX__)
#define BYTES 32
#elif defined(__SSE2__) || defined(__ARM_NEON) || defined(__VSX__)
#define BYTES 16
#else
#error this processor has no vectors that are known here
#endif
#ifndef __OPTIMIZE__
#error without optimisation NumPy is faster
#endif
#define LANES ((ptrdiff_t)(BYTES / sizeof(REAL)))
#define SINGLE (sizeof(REAL) == 4)
#define INLINE static inline __attribute__((always_inline))

typedef REAL T __attribute__((vector_size(BYTES), aligned(sizeof(REAL)), may_alias));
typedef INTEGER integers __attribute__((vector_size(BYTES)));

INLINE T all_equal(REAL x) { return x - (T){}; } /* x + 0 would be an addition, for -0 + 0 is 0 */

/* The first n numbers and zeros behind them: at the end of a row, where H is no multiple of LANES. */
static __attribute__((noinline)) T load_part(const REAL *from, ptrdiff_t n) {
    T x = {};
    for (ptrdiff_t k = 0; k < n; k++) x[k] = from[k];
    return x;
}

static __attribute__((noinline)) void store_part(REAL *to, T x, ptrdiff_t n) {
    for (ptrdiff_t k = 0; k < n; k++) to[k] = x[k];
}

/* A vector of which n numbers are left. */
INLINE T load(const REAL *from, ptrdiff_t n) { return n >= LANES ? *(const T *)from : load_part(from, n); }

INLINE void store(REAL *to, T x, ptrdiff_t n) {
    if (n >= LANES) {
        *(T *)to = x;
    } else {
        store_part(to, x, n);
    }
}

INLINE REAL sum(T x) {
    REAL even = 0, odd = 0; /* two chains of additions, neither of which waits for the other */
    for (ptrdiff_t k = 0; k < LANES; k += 2) even += x[k], odd += x[k + 1];
    return even + odd;
}

INLINE T either(integers mask, T yes, T no) { return (T)(((integers)yes & mask) | ((integers)no & ~mask)); }

/* Between low and high; NaN stays NaN, for x86 gives the second number where one is none. */
INLINE T clamped(T x, REAL low, REAL high) {
#if defined(__AVX512F__)
    if (SINGLE) return (T)_mm512_min_ps((__m512)all_equal(high), _mm512_max_ps((__m512)all_equal(low), (__m512)x));
    return (T)_mm512_min_pd((__m512d)all_equal(high), _mm512_max_pd((__m512d)all_equal(low), (__m512d)x));
#elif defined(__AVX__)
    if (SINGLE) return (T)_mm256_min_ps((__m256)all_equal(high), _mm256_max_ps((__m256)all_equal(low), (__m256)x));
    return (T)_mm256_min_pd((__m256d)all_equal(high), _mm256_max_pd((__m256d)all_equal(low), (__m256d)x));
#else
    return either(x < low, all_equal(low), either(x > high, all_equal(high), x));
#endif
}

#define TERMS (SINGLE ? 7 : 13) /* of the series: one more would not be seen */
static const REAL OVER_FACTORIAL[] = {
    1, 1, 1. / 2, 1. / 6, 1. / 24, 1. / 120, 1. / 720, 1. / 5040, 1. / 40320, 1. / 362880, 1. / 3628800, 1. / 39916800,
    1. / 479001600, 1. / 6227020800.,
};

/* exp(x) = 2^n exp(r) with |r| <= log(2) / 2 (Cody and Waite), for x that leaves 2^n finite: 2^n, and exp(r) - 1 as a Taylor series. */
INLINE void exp_parts(T x, T *two_to_n, T *exp_r_minus_1) {
    const REAL shift = SINGLE ? 12582912. : 6755399441055744.; /* 1.5 2^23, 1.5 2^52: added, it leaves whole numbers */
    const T shifted = x * (REAL)1.44269504088896340736 + shift, n = shifted - shift;
    const T r = x - n * (REAL)(SINGLE ? 0.693359375 : 6.93147180369123816490e-01) -
                n * (REAL)(SINGLE ? -2.12194440e-4 : 1.90821492927058770002e-10);
    T p = all_equal(OVER_FACTORIAL[TERMS]);
#pragma GCC unroll 16
    for (int k = TERMS - 1; k > 0; k--) p = p * r + OVER_FACTORIAL[k];
    *exp_r_minus_1 = p * r;
    *two_to_n = (T)(((integers)shifted + (SINGLE ? 127 : 1023)) << (SINGLE ? 23 : 52));
}

INLINE T sigmoid(T z) {
    T scale, p;
    exp_parts(clamped(-z, SINGLE ? -87 : -708, SINGLE ? 88 : 709), &scale, &p);
    return 1 / (1 + (scale + scale * p));
}

/* With e = exp(2 |x|) - 1: e / (e + 2), which keeps its digits near 0, and beyond 1/2 the same as 1 - 2 / (e + 2), which keeps them
   near 1: what the slope 1 - tanh^2 is made of. */
INLINE T tanh_of(T x) {
    const integers sign = (integers)x & (integers)all_equal(-(REAL)0);
    const T size = (T)((integers)x ^ sign);
    T scale, p;
    exp_parts(2 * clamped(size, 0, 20), &scale, &p);
    const T e = scale * p + (scale - 1), part = 1 / (e + 2);
    return (T)((integers)either(size > (REAL)0.5, 1 - 2 * part, e * part) | sign);
}
#define tanh tanh_of
