/* One ST-LSTM unit forward, in what C and CUDA have in common: the body of the fused kernel on a GPU and of the compiled
   sweep on the CPU, where T is a number or a vector of numbers.

   Given: the gates that unit_gates.h sets; c_S, c_T, the predecessors' cell states; gated, and where it is true the gate g. Sets c,
   tanh_c and h. */
const T past = f_S * c_S + f_T * c_T;
if (gated) {
    c = past + g * (gate_i * u - past); /* Eq. 7 */
} else {
    c = past + gate_i * u; /* Eq. 2 */
}
tanh_c = tanh(c);
h = o * tanh_c; /* Eq. 3 */
