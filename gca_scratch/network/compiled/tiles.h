/* Matrix products in tiles: a few rows times a few vectors of numbers, summed up in registers. */

#if defined(__AVX512F__) || defined(__aarch64__) /* 32 registers, else 16 */
#define ROWS 5
#else
#define ROWS 2
#endif
#define MOST_VECTORS 5
#define BLOCK 128 /* rows: so many of both factors stay in the nearest cache */
#define ALONE static __attribute__((noinline)) /* so that the registers are for nothing else */

struct factors { /* of z[k][v] += sum over q < steps of x[k x_row + q x_step] w[q w_step + v w_vector] */
    const REAL *x;
    ptrdiff_t x_row, x_step;
    const REAL *w;
    ptrdiff_t w_step, w_vector, steps;
};

INLINE void sum_up(T z[][MOST_VECTORS], struct factors f, const int rows, const int vectors) {
    T sums[ROWS][MOST_VECTORS];
#pragma GCC unroll 8
    for (int k = 0; k < rows; k++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++) sums[k][v] = z[k][v];
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
        for (int v = 0; v < vectors; v++) z[k][v] = sums[k][v];
}

/* A function for each number of rows and vectors, which is known when it is compiled. */
#define TILE(rows, vectors) \
    ALONE void tile_##rows##_##vectors(T z[][MOST_VECTORS], const struct factors *f) { sum_up(z, *f, rows, vectors); }
TILE(1, 4) TILE(2, 4) TILE(1, 5) TILE(2, 5)
#if ROWS == 5
TILE(3, 4) TILE(4, 4) TILE(5, 4) TILE(3, 5) TILE(4, 5) TILE(5, 5)
#endif

/* Add a product to z; at most ROWS rows, four or five vectors. */
INLINE void add_product(T z[][MOST_VECTORS], ptrdiff_t rows, int vectors, struct factors f) {
    static void (*const tiles[ROWS][2])(T[][MOST_VECTORS], const struct factors *) = {
        {tile_1_4, tile_1_5}, {tile_2_4, tile_2_5},
#if ROWS == 5
        {tile_3_4, tile_3_5}, {tile_4_4, tile_4_5}, {tile_5_4, tile_5_5},
#endif
    };
    tiles[rows - 1][vectors - 4](z, &f);
}

INLINE ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
