// The scalars of one micro-chunk of C <= 4 tokens of one value head.
//
// The state is kept scaled, S = c S~, so that a decay costs no pass over it. With a_i the decay of
// token i, A_i = a_0 .. a_i, D_ij = a_(j+1) .. a_i (products taken directly: differences of prefix
// sums lose digits after a strong token), r_i = S~^T k_i and p_i = S~^T q_i:
//
//   d_i = beta_i (v_i - read_i r_i - sum_{j<i} correction_ij d_j)
//   o_i = read_i p_i + sum_{j<=i} readout_ij d_j
//   S~ <- rescale S~ + sum_j k_j (write_j d_j)^T
//
//   read_i = c A_i, correction_ij = D_ij (k_i.k_j), readout_ij = D_ij (q_i.k_j)
//
// While all read_i stay in [2^-8, 1]: rescale = 1, write_j = 1 / read_j, c <- c A_last. Otherwise,
// strong decay, reset or growth, the state is brought up to date: rescale = c A_last,
// write_j = D_last,j, c <- 1. Nothing is ever divided by a small number, and there is no exp(-G).
#ifndef DELTAGAUGE_KERNELS_COEFFICIENTS_H_
#define DELTAGAUGE_KERNELS_COEFFICIENTS_H_

#include "kernels/task.h"

namespace deltagauge {

struct ChunkCoefficients {
  float read[kChunkTokens];
  float beta[kChunkTokens];
  float correction[kPairs];       // (1,0) (2,0) (2,1) (3,0) (3,1) (3,2)
  float readout[kDots - kPairs];  // (0,0) (1,0) (1,1) (2,0) .. (3,3)
  float write[kChunkTokens];
  float rescale;
  float state_scale;  // c after the chunk
};

// decay, beta: of the chunk's tokens. dots: see kDots. state_scale: c, in and out.
ChunkCoefficients FillCoefficients(const double* decay, const double* beta, const float* dots,
                                   int num_tokens, double* state_scale);

// exp(g), or the decay itself.
double DecayFactor(float decay, DecayForm form);
// sigmoid(beta), or beta itself.
double WriteStrength(float beta, BetaForm form);

}  // namespace deltagauge

#endif  // DELTAGAUGE_KERNELS_COEFFICIENTS_H_
