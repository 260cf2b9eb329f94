/* Matrix products in tiles: a few rows times a few vectors of numbers, summed up in registers. */

#if defined(__AVX512F__) || defined(__aarch64__) /* 32 registers: five rows of five vectors; else 16, four of three or two */
#define ROWS 5
#else
#define ROWS 4
#endif
#define MOST_VECTORS 5
#define BLOCK 128 /* rows: so many of both factors stay in the nearest cache */
#define ALONE static __attribute__((noinline)) /* so that the registers are for nothing else */

struct factors { /* of the sums over q < steps of x[k x_row + q x_step] w[q w_step + v w_vector] */
    const REAL *x;
    ptrdiff_t x_row, x_step;
    const REAL *w;
    ptrdiff_t w_step, w_vector, steps;
};

struct sums { /* what they are added to, or NULL for zeros, and where they go: row k and vector v */
    const REAL *from;
    ptrdiff_t from_row, from_vector;
    REAL *to;
    ptrdiff_t to_row, to_vector;
};

INLINE void sum_up(struct sums z, struct factors f, const int rows, const int vectors) {
    T sums[ROWS][MOST_VECTORS];
    if (z.from) {
#pragma GCC unroll 8
        for (int k = 0; k < rows; k++)
#pragma GCC unroll 8
            for (int v = 0; v < vectors; v++) sums[k][v] = *(const T *)(z.from + k * z.from_row + v * z.from_vector);
    } else {
#pragma GCC unroll 8
        for (int k = 0; k < rows; k++)
#pragma GCC unroll 8
            for (int v = 0; v < vectors; v++) sums[k][v] = (T){};
    }
    for (; f.steps > 0; f.steps--, f.x += f.x_step, f.w += f.w_step) {
        T w[MOST_VECTORS];
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) w[v] = *(const T *)(f.w + v * f.w_vector);
#pragma GCC unroll 8
        for (int k = 0; k < rows; k++) {
            const T x = all_equal(f.x[k * f.x_row]);
#pragma GCC unroll 8
            for (int v = 0; v < vectors; v++) sums[k][v] += x * w[v];
        }
    }
#pragma GCC unroll 8
    for (int k = 0; k < rows; k++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) *(T *)(z.to + k * z.to_row + v * z.to_vector) = sums[k][v];
}

/* A function for each number of rows and vectors, which is known when it is compiled. */
typedef void tile(const struct sums *z, const struct factors *f);
#define TILE(rows, vectors) \
    ALONE void tile_##rows##_##vectors(const struct sums *z, const struct factors *f) { sum_up(*z, *f, rows, vectors); }
#if ROWS == 5
#define TILES(vectors) TILE(1, vectors) TILE(2, vectors) TILE(3, vectors) TILE(4, vectors) TILE(5, vectors)
#define ALL(v) {tile_1_##v, tile_2_##v, tile_3_##v, tile_4_##v, tile_5_##v}
TILES(4) TILES(5)
#else
#define TILES(vectors) TILE(1, vectors) TILE(2, vectors) TILE(3, vectors) TILE(4, vectors)
#define ALL(v) {tile_1_##v, tile_2_##v, tile_3_##v, tile_4_##v}
TILES(2) TILES(3)
#endif

/* A product, of at most ROWS rows, four or five vectors. */
INLINE void add_product(struct sums z, ptrdiff_t rows, int vectors, struct factors f) {
#if ROWS == 5
    static tile *const four[] = ALL(4), *const five[] = ALL(5);
    (vectors == 4 ? four : five)[rows - 1](&z, &f);
#else
    static tile *const two[] = ALL(2), *const three[] = ALL(3);
    (vectors == 4 ? two : three)[rows - 1](&z, &f);
    f.w += (vectors - 2) * f.w_vector;
    if (z.from) z.from += (vectors - 2) * z.from_vector;
    z.to += (vectors - 2) * z.to_vector;
    two[rows - 1](&z, &f);
#endif
}

/* Sums that stay at hand. */
INLINE struct sums at_hand(T z[][MOST_VECTORS]) {
    return (struct sums){NULL, 0, 0, (REAL *)z, MOST_VECTORS * LANES, LANES};
}

INLINE ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
