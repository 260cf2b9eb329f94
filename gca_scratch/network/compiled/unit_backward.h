/* One ST-LSTM unit backward, in what C and CUDA have in common, as unit_forward.h is.

   Given: dh_all, of h from every use of it; dc, of c from the two successors; gate_i, f_S, f_T, o, u, tanh_c, c_S, c_T; gated,
   and where it is true the gate g. Sets dz_i to dz_u, before the nonlinearities; dc_S and dc_T, for the predecessors; and
   where gated is true dg, this unit's share in the gradient of the gate. */
dc += dh_all * o * (1 - tanh_c * tanh_c); /* Eq. 3 */
T dnew = dc, dpast = dc; /* Eq. 2 */
if (gated) { /* Eq. 7 */
    dg = dc * (gate_i * u - f_S * c_S - f_T * c_T);
    dnew = g * dc;
    dpast = dc - dnew;
}
dz_i = dnew * u * gate_i * (1 - gate_i); /* Eq. 1 */
dz_S = dpast * c_S * f_S * (1 - f_S);
dz_T = dpast * c_T * f_T * (1 - f_T);
dz_o = dh_all * tanh_c * o * (1 - o);
dz_u = dnew * gate_i * (1 - u * u);
dc_S = dpast * f_S;
dc_T = dpast * f_T;
