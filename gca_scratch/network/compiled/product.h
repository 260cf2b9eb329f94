/* Matrix products beside the sweeps: y = x w or y += x w, and x^T w, with rows many and columns few. */

struct product { /* products.Product has the same fields */
    int64_t rows, steps, columns, x_row, w_step, w_column, y_row, adds;
    const REAL *x, *w;
    REAL *y, *packed;
};

/* How many vectors side by side: five where that leaves nothing over, as in all that has five gates. */
INLINE ptrdiff_t group_of(const struct product *p) {
    const ptrdiff_t vectors = (p->columns + LANES - 1) / LANES;
    return vectors % 5 ? 4 : 5;
}

/* w (steps, columns), LANES columns after LANES columns, in groups; zeros beyond the last. */
static void pack(const struct product *p, ptrdiff_t first, ptrdiff_t last) {
    const ptrdiff_t group = group_of(p);
    for (ptrdiff_t v = first; v < last; v++) {
        REAL *to = p->packed + (v / group * p->steps * group + v % group) * LANES;
        const ptrdiff_t left = p->columns - v * LANES;
        for (ptrdiff_t q = 0; q < p->steps; q++) {
            const REAL *from = p->w + q * p->w_step + v * LANES * p->w_column;
            if (p->w_column == 1) {
                *(T *)(to + q * group * LANES) = left > 0 ? load(from, left) : (T){};
            } else {
                for (ptrdiff_t k = 0; k < LANES; k++) to[q * group * LANES + k] = k < left ? from[k * p->w_column] : 0;
            }
        }
    }
}

INLINE void product_tile(const struct product *p, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t column, int vectors) {
    const struct factors f = {p->x + row * p->x_row, p->x_row, 1, p->packed + column * p->steps, vectors * LANES, LANES, p->steps};
    REAL *y = p->y + row * p->y_row + column;
    if (column + vectors * LANES <= p->columns) {
        add_product((struct sums){p->adds ? y : NULL, p->y_row, LANES, y, p->y_row, LANES}, rows, vectors, f);
        return;
    }
    T z[ROWS][MOST_VECTORS];
    add_product(at_hand(z), rows, vectors, f);
    for (ptrdiff_t k = 0; k < rows; k++)
        for (int v = 0; column + v * LANES < p->columns; v++) {
            REAL *to = y + k * p->y_row + v * LANES;
            const ptrdiff_t left = p->columns - column - v * LANES;
            if (p->adds) z[k][v] += load(to, left);
            store(to, z[k][v], left);
        }
}

/* y = x w or y += x w: w is packed by all, then each takes some of the rows. */
static void product_part(void *what, int64_t number, int64_t of) {
    const struct product *p = what;
    const ptrdiff_t group = group_of(p), width = group * LANES, groups = (p->columns + width - 1) / width;
    pack(p, groups * number / of * group, groups * (number + 1) / of * group);
    meet(of);
    const ptrdiff_t tiles = (p->rows + ROWS - 1) / ROWS;
    const ptrdiff_t first = tiles * number / of * ROWS, last = tiles * (number + 1) / of * ROWS;
    const ptrdiff_t end = least(last, p->rows);
    for (ptrdiff_t block = first; block < end; block += 20 * ROWS) /* which stay near while all columns pass by */
        for (ptrdiff_t column = 0; column < groups * width; column += width)
            for (ptrdiff_t row = block; row < end && row < block + 20 * ROWS; row += ROWS)
                product_tile(p, row, least(ROWS, end - row), column, group);
}

INLINE void columns_tile(const struct product *p, ptrdiff_t first, ptrdiff_t rows, ptrdiff_t m, ptrdiff_t n, ptrdiff_t column,
                         int vectors) {
    const REAL *x = p->x + first * p->x_row + m, *w = p->w + first * p->w_step + column;
    REAL *y = p->y + m * p->y_row + column;
    const struct sums to = {first ? y : NULL, p->y_row, LANES, y, p->y_row, LANES};
    add_product(to, n, vectors, (struct factors){x, 1, p->x_row, w, p->w_step, LANES, rows});
}

/* y = x^T w, where x (rows, steps) and w (rows, columns) have the rows in common: each takes some columns of x.
   The columns of w are whole groups of vectors. */
static void columns_part(void *what, int64_t number, int64_t of) {
    const struct product *p = what;
    const ptrdiff_t group = group_of(p), tiles = (p->steps + ROWS - 1) / ROWS;
    const ptrdiff_t from = tiles * number / of * ROWS, last = tiles * (number + 1) / of * ROWS;
    const ptrdiff_t to = least(last, p->steps);
    for (ptrdiff_t first = 0; first < p->rows; first += BLOCK)
        for (ptrdiff_t column = 0; column < p->columns; column += group * LANES)
            for (ptrdiff_t m = from; m < to; m += ROWS)
                columns_tile(p, first, least(BLOCK, p->rows - first), m, least(ROWS, to - m), column, group);
}
