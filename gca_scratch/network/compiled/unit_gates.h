/* The gates of one ST-LSTM unit, in what C and CUDA have in common, as unit_forward.h is.

   Given: z_i, z_S, z_T, z_o, z_u, what goes into them. Sets gate_i, f_S, f_T, o, u. */
const T gate_i = sigmoid(z_i), f_S = sigmoid(z_S), f_T = sigmoid(z_T), o = sigmoid(z_o), u = tanh(z_u); /* Eq. 1 */
