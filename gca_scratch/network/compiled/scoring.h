/* Eq. 5 behind its product, and the way back: rows of A units, one for each cell of each sequence. */

struct scoring { /* scoring.Scoring has the same fields */
    int64_t cells, B, A;
    const REAL *share, *We1, *de; /* (B, A), what the memory adds; (A,); (cells, B) */
    REAL *s, *e;                  /* (cells, B, A), before and after the tanh; (cells, B) */
    REAL *da, *da_IF, *dWe1;      /* (cells, B, A), before the tanh; (B, A); (A,) */
};

/* s = tanh(s + share), e = s We1: each takes some of the rows. */
static void score_part(void *what, int64_t number, int64_t of) {
    struct scoring *f = what;
    const ptrdiff_t rows = f->cells * f->B, A = f->A;
    for (ptrdiff_t row = rows * number / of; row < rows * (number + 1) / of; row++) {
        T e = {};
        for (ptrdiff_t unit = 0; unit < A; unit += LANES) {
            const ptrdiff_t left = A - unit;
            REAL *at = f->s + row * A + unit;
            const T s = tanh(load(at, left) + load(f->share + row % f->B * A + unit, left));
            store(at, s, left);
            e += s * load(f->We1 + unit, left);
        }
        f->e[row] = sum(e);
    }
}

/* da = de We1 (1 - s^2), its sum over the cells, and dWe1, the sum of de s: each takes some of the units. */
static void score_back_part(void *what, int64_t number, int64_t of) {
    struct scoring *f = what;
    const ptrdiff_t A = f->A, B = f->B, vectors = (A + LANES - 1) / LANES;
    for (ptrdiff_t v = vectors * number / of; v < vectors * (number + 1) / of; v++) {
        const ptrdiff_t unit = v * LANES, left = A - unit;
        const T We1 = load(f->We1 + unit, left);
        T dWe1 = {};
        for (ptrdiff_t row = 0; row < B; row++) store(f->da_IF + row * A + unit, (T){}, left);
        for (ptrdiff_t cell = 0; cell < f->cells; cell++) {
            T of_cell = {};
            for (ptrdiff_t row = 0; row < B; row++) {
                const ptrdiff_t at = (cell * B + row) * A + unit;
                const T s = load(f->s + at, left), de = all_equal(f->de[cell * B + row]), da = de * We1 * (1 - s * s);
                REAL *da_IF = f->da_IF + row * A + unit;
                store(f->da + at, da, left);
                store(da_IF, load(da_IF, left) + da, left);
                of_cell += de * s;
            }
            dWe1 += of_cell;
        }
        store(f->dWe1 + unit, dWe1, left);
    }
}
