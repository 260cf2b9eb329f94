/* The fast sweep on the CPU: all diagonals in one call, forward and backward (Eqs. 1-3, 7).

   A diagonal is a matrix product with the unit's arithmetic behind it (forward) or before it (backward). Forward, a tile of ROWS rows
   times five gates of LANES units is summed up in registers, and the unit is computed from there: what goes into the gates is
   never written. The weights are packed once per sweep, in the order in which the tiles read them. Threads share the
   units, and meet once per diagonal; how many they are changes no bit of the result. */

/* --- what a sweep works on ------------------------------------------------------------------------------------------ */

struct diagonal { /* as grid.Diagonal: the first cells of its slices, and numbers of cells */
    int64_t n, cells, own, S, T_, cells_S, next_S, skip_T, next_T, from_S, from_T;
};

struct sweep { /* wavefront_cpu.Sweep has the same fields */
    int64_t B, H, D, width, padded, cells, diagonals, half;
    const struct diagonal *diagonal;
    const REAL *W, *b;        /* (D + 2H, 5H) and (5H,), Eq. 1 */
    const REAL *a, *g;        /* (cells, B, 5H), what other inputs add; (cells, B), the gates of Eq. 7; or NULL */
    const REAL *dh;           /* (cells, B, H) */
    REAL *packed;             /* the weights in the order of the tiles */
    REAL *inputs;             /* (cells, B, width): [x, h_S, h_T, 1], width = D + 2H + 1 */
    REAL *gates, *c;          /* (cells, B, 5, padded) or NULL; (cells + J + T, B, padded) */
    REAL *h, *da, *dW;        /* (cells, B, H), (cells, B, 5H), (width, 5H) */
    REAL *dz;                 /* da itself, and half is 0; or, where da is added to, two halves of the latest rows of dz */
    REAL *dg;                 /* (cells, B, padded / LANES): of each gate, the shares of LANES units, at last their sums */
    REAL *back_h, *back_c, *new_back_c; /* (widest diagonal, B, 2, padded + LANES) at least: for the joint and the frame before */
};

/* Pairs of LANES units are shared out among the threads. */
INLINE ptrdiff_t pairs(const struct sweep *s) { return (s->padded / LANES + 1) / 2; }

/* Those of one thread, from first to last, as units. */
INLINE void share(const struct sweep *s, int64_t number, int64_t of, ptrdiff_t *first, ptrdiff_t *last) {
    *first = pairs(s) * number / of * 2 * LANES;
    *last = pairs(s) * (number + 1) / of * 2 * LANES;
    if (*last > s->padded) *last = s->padded;
}

/* --- forward -------------------------------------------------------------------------------------------------------- */

/* W above b (width, 5H), as its rows are read: for each LANES units, for each row, the five gates. */
INLINE void pack_forward(const struct sweep *s, ptrdiff_t first, ptrdiff_t last) {
    for (ptrdiff_t unit = first; unit < last; unit += LANES)
        for (ptrdiff_t k = 0; k < s->width; k++)
            for (ptrdiff_t gate = 0; gate < 5; gate++)
                *(T *)(s->packed + unit * s->width * 5 + (k * 5 + gate) * LANES) =
                    load((k < s->width - 1 ? s->W + k * 5 * s->H : s->b) + gate * s->H + unit, s->H - unit);
}

/* Ask memory for what the next tile begins with; where there is none, in vain. */
INLINE void ask_for_a(const struct sweep *s, ptrdiff_t row, ptrdiff_t unit) {
    for (ptrdiff_t k = 0; k < ROWS; k++)
        for (ptrdiff_t gate = 0; gate < 5; gate++) __builtin_prefetch(s->a + ((row + k) * 5 + gate) * s->H + unit, 0);
}

/* Rows `row` to row + rows of a diagonal, LANES units from `unit` on. */
INLINE void forward_tile(const struct sweep *s, const struct diagonal *d, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t unit) {
    const ptrdiff_t B = s->B, H = s->H, P = s->padded, width = s->width, left = H - unit, at = d->cells * B + row;
    const REAL *x = s->inputs + at * width;
    T z[ROWS][MOST_VECTORS];
    struct sums to = at_hand(z);
    if (s->a) ask_for_a(s, at + rows, unit);
    if (s->a && left >= LANES) {
        to.from = s->a + at * 5 * H + unit, to.from_row = 5 * H, to.from_vector = H;
    } else if (s->a) {
        for (ptrdiff_t k = 0; k < rows; k++)
            for (ptrdiff_t gate = 0; gate < 5; gate++) z[k][gate] = load(s->a + ((at + k) * 5 + gate) * H + unit, left);
        to.from = to.to, to.from_row = to.to_row, to.from_vector = to.to_vector;
    }
    add_product(to, rows, 5, (struct factors){x, width, 1, s->packed + unit * width * 5, 5 * LANES, LANES, width});

    for (ptrdiff_t k = 0; k < rows; k++) { /* first all that waits for nothing, of all rows */
        const T z_i = z[k][0], z_S = z[k][1], z_T = z[k][2], z_o = z[k][3], z_u = z[k][4];
#include "unit_gates.h"
        const T all[] = {gate_i, f_S, f_T, o, u};
        for (int gate = 0; gate < 5; gate++) {
            z[k][gate] = all[gate];
            if (s->gates) *(T *)(s->gates + ((at + k) * 5 + gate) * P + unit) = all[gate];
        }
    }
    for (ptrdiff_t k = 0; k < rows; k++) {
        const T gate_i = z[k][0], f_S = z[k][1], f_T = z[k][2], o = z[k][3], u = z[k][4];
        const T c_S = *(T *)(s->c + (d->S * B + row + k) * P + unit), c_T = *(T *)(s->c + (d->T_ * B + row + k) * P + unit);
        const int gated = s->g != NULL;
        const T g = all_equal(gated ? s->g[at + k] : 0);
        T c, tanh_c, h;
#include "unit_forward.h"
        *(T *)(s->c + (d->own * B + row + k) * P + unit) = c;
        store(s->h + (at + k) * H + unit, h, left);
        /* on to the inputs [h_S, h_T] of the next joint and of the next frame */
        const ptrdiff_t cell = (row + k) / B;
        if (cell < d->cells_S) store(s->inputs + (d->next_S * B + row + k) * width + s->D + unit, h, left);
        if (cell >= d->skip_T) store(s->inputs + ((d->next_T - d->skip_T) * B + row + k) * width + s->D + H + unit, h, left);
    }
}

static void forward_part(void *what, int64_t number, int64_t of) {
    const struct sweep own = *(const struct sweep *)what, *s = &own; /* which no store can change */
    ptrdiff_t first, last;
    share(s, number, of, &first, &last);
    pack_forward(s, first, last);
    for (const struct diagonal *at = s->diagonal; at < s->diagonal + s->diagonals; at++) {
        const struct diagonal here = *at, *d = &here;
        const ptrdiff_t rows = d->n * s->B;
        for (ptrdiff_t unit = first; unit < last; unit += LANES)
            for (ptrdiff_t row = 0; row < rows; row += ROWS) forward_tile(s, d, row, least(ROWS, rows - row), unit);
        meet(of);
    }
}

/* --- backward ------------------------------------------------------------------------------------------------------- */

/* U (2H, 5H), the part of W below its first D rows, turned over: for each pair of LANES units, for each of the 5H, what
   goes to h_S of both, then to h_T of both. */
INLINE void pack_backward(const struct sweep *s, ptrdiff_t first, ptrdiff_t last) {
    const ptrdiff_t H = s->H, columns = 5 * H;
    for (ptrdiff_t unit = first; unit < last; unit += 2 * LANES)
        for (ptrdiff_t block = 0; block < columns; block += LANES)
            for (int part = 0; part < 4; part++)
                for (ptrdiff_t lane = 0; lane < LANES; lane++) {
                    const ptrdiff_t of = unit + (part % 2) * LANES + lane, end = least(block + LANES, columns);
                    const REAL *from = s->W + (s->D + of + part / 2 * H) * columns;
                    REAL *to = s->packed + unit * columns * 2 + part * LANES + lane;
                    for (ptrdiff_t q = block; q < end; q++) to[q * 4 * LANES] = of < H ? from[q] : 0;
                }
}

/* A row of back_h: of each pair of LANES units what goes to h_S of both, then to h_T of both. */
INLINE ptrdiff_t row_of_back_h(const struct sweep *s) { return pairs(s) * 4 * LANES; }

/* back_h of `rows` rows of a diagonal, whose dz begin at `dz`, for a pair of LANES units from `unit` on. */
INLINE void backward_tile(const struct sweep *s, const REAL *dz, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t unit) {
    const ptrdiff_t columns = 5 * s->H;
    const struct factors f = {dz, columns, 1, s->packed + unit * columns * 2, 4 * LANES, LANES, columns};
    add_product((struct sums){NULL, 0, 0, s->back_h + row * row_of_back_h(s) + 2 * unit, row_of_back_h(s), LANES}, rows, 4, f);
}

#define AHEAD 4 /* rows */

/* Ask memory for what backward_units reads and writes in a row to come, and for the inputs that the weights' gradient will
   want of it; a row that does not exist is asked for in vain. */
INLINE void ask_ahead(const struct sweep *s, ptrdiff_t at, ptrdiff_t unit) {
    for (ptrdiff_t gate = 0; gate < 5; gate++) {
        __builtin_prefetch(s->gates + (at * 5 + gate) * s->padded + unit, 0);
        __builtin_prefetch(s->da + (at * 5 + gate) * s->H + unit, 1);
    }
    const REAL *inputs = s->inputs + at * s->width + 2 * unit;
    __builtin_prefetch(inputs, 0, 2);
    __builtin_prefetch(inputs + LANES, 0, 2);
}

/* dz of LANES units from `unit` on, in one row of a diagonal, and what their c send back. */
INLINE void backward_units(const struct sweep *s, const struct diagonal *d, REAL *dz, const REAL *back_c, REAL *new_back_c,
                           ptrdiff_t row, ptrdiff_t unit) {
    const ptrdiff_t B = s->B, H = s->H, P = s->padded, step = P / LANES, left = H - unit;
    const ptrdiff_t cell = row / B, at = d->cells * B + row;
    const T *gates = (T *)(s->gates + at * 5 * P + unit);
    ask_ahead(s, at + AHEAD, unit);
    const T gate_i = gates[0], f_S = gates[step], f_T = gates[2 * step], o = gates[3 * step], u = gates[4 * step];
    const T tanh_c = tanh(*(T *)(s->c + (d->own * B + row) * P + unit)); /* sooner computed than fetched */
    const T c_S = *(T *)(s->c + (d->S * B + row) * P + unit), c_T = *(T *)(s->c + (d->T_ * B + row) * P + unit);
    const int gated = s->g != NULL;
    const T g = all_equal(gated ? s->g[at] : 0);
    const REAL *back_h = s->back_h + unit / (2 * LANES) * 4 * LANES + unit % (2 * LANES);
    T dh_all = load(s->dh + at * H + unit, left), dc = {}, dg = {};
    if (cell < d->cells_S) { /* what the next joint sent */
        const ptrdiff_t from = (d->from_S * B + row) * 2 * P + unit;
        dh_all += *(T *)(back_h + (d->from_S * B + row) * row_of_back_h(s));
        dc += *(T *)(back_c + from);
    }
    if (cell >= d->skip_T) { /* and the next frame */
        const ptrdiff_t from = (d->from_T * B + row) * 2 * P + P + unit;
        dh_all += *(T *)(back_h + (d->from_T * B + row) * row_of_back_h(s) + 2 * LANES);
        dc += *(T *)(back_c + from);
    }
    T dz_i, dz_S, dz_T, dz_o, dz_u, dc_S, dc_T;
#include "unit_backward.h"
    const T all[] = {dz_i, dz_S, dz_T, dz_o, dz_u};
    REAL *da = s->da + at * 5 * H + unit;
    for (int gate = 0; gate < 5; gate++) {
        store(dz + gate * H + unit, all[gate], left);
        if (s->half) store(da + gate * H, load(da + gate * H, left) + all[gate], left);
    }
    T *to = (T *)(new_back_c + row * 2 * P + unit);
    to[0] = dc_S, to[step] = dc_T;
    if (gated) s->dg[at * step + unit / LANES] = sum(dg);
}

/* Rows m to m + n of the weights' gradient, five gates of LANES units: what `rows` rows of inputs and dz add to it. */
INLINE void weights_tile(const struct sweep *s, const REAL *inputs, const REAL *dz, ptrdiff_t rows, ptrdiff_t m, ptrdiff_t n,
                         ptrdiff_t unit) {
    const ptrdiff_t H = s->H, left = H - unit;
    const REAL *x = inputs + m;
    dz += unit;
    REAL *dW = s->dW + m * 5 * H + unit;
    if (left >= LANES) {
        const struct sums to = {dW, 5 * H, H, dW, 5 * H, H};
        add_product(to, n, 5, (struct factors){x, 1, s->width, dz, 5 * H, H, rows});
        return;
    }
    for (ptrdiff_t k = 0; k < n; k++)
        for (int gate = 0; gate < 5; gate++) {
            T sum = {};
            for (ptrdiff_t row = 0; row < rows; row++) sum += x[row * s->width + k] * load(dz + (row * 5 + gate) * H, left);
            REAL *to = dW + (k * 5 + gate) * H;
            store(to, load(to, left) + sum, left);
        }
}

/* The same for all rows of the gradient, a block at a time, and the units from first to last; dz: of the row `at`. */
INLINE void add_weights(const struct sweep *s, const REAL *dz, ptrdiff_t at, ptrdiff_t end, ptrdiff_t first, ptrdiff_t last) {
    for (ptrdiff_t rows; at < end; at += rows, dz += rows * 5 * s->H) {
        rows = end - at < 2 * BLOCK ? end - at : BLOCK; /* a short rest is not left alone */
        for (ptrdiff_t unit = first; unit < last; unit += LANES)
            for (ptrdiff_t m = 0; m < s->width; m += ROWS)
                weights_tile(s, s->inputs + at * s->width, dz, rows, m, least(ROWS, s->width - m), unit);
    }
}

static void backward_part(void *what, int64_t number, int64_t of) {
    const struct sweep own = *(const struct sweep *)what, *s = &own; /* which no store can change */
    ptrdiff_t first, last;
    share(s, number, of, &first, &last);
    pack_backward(s, first, last);
    for (ptrdiff_t k = 0; k < 5 * s->width; k++)
        for (ptrdiff_t unit = first; unit < last; unit += LANES) store(s->dW + k * s->H + unit, (T){}, s->H - unit);
    REAL *back_c = s->back_c, *new_back_c = s->new_back_c;
    int other = 0;
    const ptrdiff_t columns = 5 * s->H, half = s->half;
    ptrdiff_t pending = s->cells * s->B; /* from here on, rows have been added to the weights' gradient */
    ptrdiff_t before = half ? pending - half : 0; /* dz of so many rows would lie before those that there are */
    for (const struct diagonal *at = s->diagonal + s->diagonals; at-- > s->diagonal;) {
        const struct diagonal here = *at, *d = &here;
        const ptrdiff_t rows = d->n * s->B;
        REAL *dz = s->dz + (d->cells * s->B - before) * columns;
        for (ptrdiff_t row = 0; row < rows; row++)
            for (ptrdiff_t unit = first; unit < last; unit += LANES)
                backward_units(s, d, dz + row * columns, back_c, new_back_c, row, unit);
        meet(of);
        for (ptrdiff_t unit = first; unit < last; unit += 2 * LANES)
            for (ptrdiff_t row = 0; row < rows; row += ROWS)
                backward_tile(s, dz + row * columns, row, least(ROWS, rows - row), unit);
        if (pending - d->cells * s->B >= BLOCK || at == s->diagonal) {
            add_weights(s, dz, d->cells * s->B, pending, first, last);
            pending = d->cells * s->B;
            if (half) { /* on to the other one, for others may still read this one */
                other = !other;
                before = pending - half * (1 + other);
            }
        }
        REAL *swap = back_c;
        back_c = new_back_c, new_back_c = swap;
    }
}

/* Of each gate the sum of its units' shares, in the place of the first. */
static void sum_gates(struct sweep *s) {
    const ptrdiff_t step = s->padded / LANES;
    for (ptrdiff_t row = 0; s->g && row < s->cells * s->B; row++) {
        REAL all = 0;
        for (ptrdiff_t k = 0; k < step; k++) all += s->dg[row * step + k];
        s->dg[row] = all;
    }
}
