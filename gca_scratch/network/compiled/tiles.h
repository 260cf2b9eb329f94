/* Matrix products in tiles: a few rows times a few vectors of numbers, summed up in registers. */

#if defined(__AVX512F__) || defined(__aarch64__) /* 32 registers: five rows of five vectors; else 16, four of three or two */
#define ROWS 5
#else
#define ROWS 4
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
typedef void tile(T z[][MOST_VECTORS], const struct factors *f);
#define TILE(rows, vectors) \
    ALONE void tile_##rows##_##vectors(T z[][MOST_VECTORS], const struct factors *f) { sum_up(z, *f, rows, vectors); }
#if ROWS == 5
#define TILES(vectors) TILE(1, vectors) TILE(2, vectors) TILE(3, vectors) TILE(4, vectors) TILE(5, vectors)
#define ALL(v) {tile_1_##v, tile_2_##v, tile_3_##v, tile_4_##v, tile_5_##v}
TILES(4) TILES(5)
#else
#define TILES(vectors) TILE(1, vectors) TILE(2, vectors) TILE(3, vectors) TILE(4, vectors)
#define ALL(v) {tile_1_##v, tile_2_##v, tile_3_##v, tile_4_##v}
TILES(2) TILES(3)
#endif

/* Add a product to z: at most ROWS rows, four or five vectors. */
INLINE void add_product(T z[][MOST_VECTORS], ptrdiff_t rows, int vectors, struct factors f) {
#if ROWS == 5
    static tile *const four[] = ALL(4), *const five[] = ALL(5);
    (vectors == 4 ? four : five)[rows - 1](z, &f);
#else
    static tile *const two[] = ALL(2), *const three[] = ALL(3);
    (vectors == 4 ? two : three)[rows - 1](z, &f);
    f.w += (vectors - 2) * f.w_vector;
    two[rows - 1]((T(*)[MOST_VECTORS])&z[0][vectors - 2], &f);
#endif
}

INLINE ptrdiff_t least(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
