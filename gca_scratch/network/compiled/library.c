/* What Python calls: compiled once for float and once for double (build.py). */
#include "vectors.h"
#include "team.h"
#include "tiles.h"
#include "sweep.h"
#include "product.h"
#include "scoring.h"

int64_t lanes(void) { return LANES; }

/* --- sweeps: sweep/wavefront_cpu.py says what the arrays are -------------------------------------------------------- */

void forward(struct sweep *s, int64_t threads) { on_threads(forward_part, s, least(threads, pairs(s))); }
void backward(struct sweep *s, int64_t threads) {
    on_threads(backward_part, s, least(threads, pairs(s)));
    sum_gates(s);
}

/* --- products: products.py ------------------------------------------------------------------------------------------ */

void product(struct product *p, int64_t threads) { on_threads(product_part, p, threads); }
void product_of_columns(struct product *p, int64_t threads) { on_threads(columns_part, p, threads); }

/* --- scores: scoring.py --------------------------------------------------------------------------------------------- */

void score(struct scoring *f, int64_t threads) { on_threads(score_part, f, threads); }
void score_back(struct scoring *f, int64_t threads) { on_threads(score_back_part, f, threads); }
