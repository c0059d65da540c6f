// Fused CPU kernels of the SNAC decoder's residual unit, on rows of length `steps` (contiguous).
//
//   snake(x, a) = x + sin(a x)^2 / (a + 1e-9)
//   unit(x)     = snake(dilated_depthwise_conv7(snake(x, a1)) + bias, a2)
//
// One pass over memory forward and one backward (the inner values are recomputed), where the
// composed operators need about ten: the decoder at 24 kHz is bound by memory, not arithmetic.
#include <cmath>
#include <cstdint>
#include <vector>

#if defined(__SSE__)
#include <xmmintrin.h>
#endif

namespace {

constexpr float PI = 3.14159265358979f;
constexpr float EPS = 1e-9f;

// sin(u)^2 and sin(2u) have period pi, so u is reduced to [-pi/2, pi/2] and no quadrant is needed.
// Taylor coefficients to u^11 / u^12: error below 1e-6 there.
inline void sine(float u, float &squared, float &doubled) {
    const float r = u - PI * std::rint(u * (1.0f / PI));
    const float q = r * r;
    const float s = r * (1.0f + q * (-1.0f / 6 + q * (1.0f / 120 + q * (-1.0f / 5040 +
                    q * (1.0f / 362880 - q * (1.0f / 39916800))))));
    const float c = 1.0f + q * (-0.5f + q * (1.0f / 24 + q * (-1.0f / 720 + q * (1.0f / 40320 +
                    q * (-1.0f / 3628800 + q * (1.0f / 479001600))))));
    squared = s * s;
    doubled = 2.0f * s * c;
}

// Denormal numbers to zero in this thread for as long as it lives: they slow some of the sums tenfold.
class FlushDenormals {
#if defined(__SSE__)
    const unsigned before = _mm_getcsr();

  public:
    FlushDenormals() { _mm_setcsr(before | 0x8040); }
    ~FlushDenormals() { _mm_setcsr(before); }
#endif
};

inline void snake_row(const float *x, float *y, float a, int64_t n) {
    const float inverse = 1.0f / (a + EPS);
    for (int64_t t = 0; t < n; ++t) {
        float squared, doubled;
        sine(a * x[t], squared, doubled);
        y[t] = x[t] + inverse * squared;
    }
}

// gx = gy * d snake / dx; returns the gradient of a.
inline float snake_row_back(const float *x, const float *gy, float *gx, float a, int64_t n) {
    const float inverse = 1.0f / (a + EPS);
    float ga = 0.0f;
    for (int64_t t = 0; t < n; ++t) {
        float squared, doubled;
        sine(a * x[t], squared, doubled);
        ga += gy[t] * inverse * (x[t] * doubled - inverse * squared);
        gx[t] = gy[t] * (1.0f + a * inverse * doubled);
    }
    return ga;
}

// `padded` holds n values with 3 * d zeros on either side.
inline void conv_row(const float *padded, float *y, const float *w, float bias, int64_t d, int64_t n) {
    for (int64_t t = 0; t < n; ++t) {
        const float *p = padded + t;
        y[t] = bias + w[0] * p[0] + w[1] * p[d] + w[2] * p[2 * d] + w[3] * p[3 * d] +
               w[4] * p[4 * d] + w[5] * p[5 * d] + w[6] * p[6 * d];
    }
}

}  // namespace

extern "C" {

void snake_forward(const float *x, float *y, const float *a, int64_t batch, int64_t channels,
                   int64_t steps) {
#pragma omp parallel for
    for (int64_t row = 0; row < batch * channels; ++row)
        snake_row(x + row * steps, y + row * steps, a[row % channels], steps);
}

void snake_backward(const float *x, const float *gy, float *gx, const float *a, float *ga,
                    int64_t batch, int64_t channels, int64_t steps) {
#pragma omp parallel for
    for (int64_t c = 0; c < channels; ++c) {
        float sum = 0.0f;
        for (int64_t b = 0; b < batch; ++b) {
            const int64_t at = (b * channels + c) * steps;
            sum += snake_row_back(x + at, gy + at, gx + at, a[c], steps);
        }
        ga[c] = sum;
    }
}

void unit_forward(const float *x, float *y, const float *a1, const float *w, const float *bias,
                  const float *a2, int64_t batch, int64_t channels, int64_t steps, int64_t d) {
#pragma omp parallel
    {
        [[maybe_unused]] const FlushDenormals flushed;
        std::vector<float> padded(steps + 6 * d, 0.0f), inner(steps);
#pragma omp for
        for (int64_t row = 0; row < batch * channels; ++row) {
            const int64_t c = row % channels;
            snake_row(x + row * steps, padded.data() + 3 * d, a1[c], steps);
            conv_row(padded.data(), inner.data(), w + 7 * c, bias[c], d, steps);
            snake_row(inner.data(), y + row * steps, a2[c], steps);
        }
    }
}

void unit_backward(const float *x, const float *gy, float *gx, const float *a1, const float *w,
                   const float *bias, const float *a2, float *ga1, float *gw, float *gbias,
                   float *ga2, int64_t batch, int64_t channels, int64_t steps, int64_t d) {
#pragma omp parallel
    {
        [[maybe_unused]] const FlushDenormals flushed;
        std::vector<float> padded(steps + 6 * d, 0.0f), inner(steps);
        std::vector<float> grad(steps + 6 * d, 0.0f), outer(steps);
#pragma omp for
        for (int64_t c = 0; c < channels; ++c) {
            float sum1 = 0.0f, sum2 = 0.0f, sumb = 0.0f, sums[7] = {0};
            const float *k = w + 7 * c;
            const float flipped[7] = {k[6], k[5], k[4], k[3], k[2], k[1], k[0]};
            for (int64_t b = 0; b < batch; ++b) {
                const int64_t at = (b * channels + c) * steps;
                snake_row(x + at, padded.data() + 3 * d, a1[c], steps);
                conv_row(padded.data(), inner.data(), k, bias[c], d, steps);
                float *g = grad.data() + 3 * d;
                sum2 += snake_row_back(inner.data(), gy + at, g, a2[c], steps);
                float part = 0.0f;
                for (int64_t t = 0; t < steps; ++t) part += g[t];
                sumb += part;
                for (int64_t j = 0; j < 7; ++j) {
                    const float *p = padded.data() + j * d;
                    float dot = 0.0f;
                    for (int64_t t = 0; t < steps; ++t) dot += g[t] * p[t];
                    sums[j] += dot;
                }
                conv_row(grad.data(), outer.data(), flipped, 0.0f, d, steps);
                sum1 += snake_row_back(x + at, outer.data(), gx + at, a1[c], steps);
            }
            ga1[c] = sum1;
            ga2[c] = sum2;
            gbias[c] = sumb;
            for (int64_t j = 0; j < 7; ++j) gw[7 * c + j] = sums[j];
        }
    }
}

// Transposed convolution, kernel 2 s and stride s, after its matrix product: columns
// [batch, outputs * 2 s, steps] are added up into line [batch, outputs, steps * s].
void fold_forward(const float *columns, float *line, const float *bias, int64_t batch,
                  int64_t outputs, int64_t steps, int64_t s) {
    const int64_t pad = s / 2, length = steps * s;
#pragma omp parallel for
    for (int64_t row = 0; row < batch * outputs; ++row) {
        const float *c = columns + row * 2 * s * steps;
        float *y = line + row * length;
        const float value = bias[row % outputs];
        for (int64_t i = 0; i < length; ++i) y[i] = value;
        for (int64_t j = 0; j < 2 * s; ++j) {
            const int64_t first = j < pad ? 1 : 0;
            const int64_t last = j >= s + pad ? steps - 1 : steps;
            for (int64_t t = first; t < last; ++t) y[t * s + j - pad] += c[j * steps + t];
        }
    }
}

void fold_backward(const float *gline, float *gcolumns, float *gbias, int64_t batch,
                   int64_t outputs, int64_t steps, int64_t s) {
    const int64_t pad = s / 2, length = steps * s;
#pragma omp parallel for
    for (int64_t o = 0; o < outputs; ++o) {
        float sum = 0.0f;
        for (int64_t b = 0; b < batch; ++b) {
            const int64_t row = b * outputs + o;
            float *c = gcolumns + row * 2 * s * steps;
            const float *g = gline + row * length;
            float part = 0.0f;
            for (int64_t i = 0; i < length; ++i) part += g[i];
            sum += part;
            for (int64_t j = 0; j < 2 * s; ++j) {
                const int64_t first = j < pad ? 1 : 0;
                const int64_t last = j >= s + pad ? steps - 1 : steps;
                c[j * steps] = 0.0f;
                c[j * steps + steps - 1] = 0.0f;
                for (int64_t t = first; t < last; ++t) c[j * steps + t] = g[t * s + j - pad];
            }
        }
        gbias[o] = sum;
    }
}

// Convolution of kernel 7 from `channels` to one channel.
void final_forward(const float *x, float *y, const float *w, const float *bias, int64_t batch,
                   int64_t channels, int64_t steps) {
#pragma omp parallel for
    for (int64_t b = 0; b < batch; ++b) {
        std::vector<float> padded(steps + 6, 0.0f), part(steps);
        float *out = y + b * steps;
        for (int64_t t = 0; t < steps; ++t) out[t] = bias[0];
        for (int64_t c = 0; c < channels; ++c) {
            const float *in = x + (b * channels + c) * steps;
            for (int64_t t = 0; t < steps; ++t) padded[t + 3] = in[t];
            conv_row(padded.data(), part.data(), w + 7 * c, 0.0f, 1, steps);
            for (int64_t t = 0; t < steps; ++t) out[t] += part[t];
        }
    }
}

void final_backward(const float *x, const float *gy, float *gx, const float *w, float *gw,
                    float *gbias, int64_t batch, int64_t channels, int64_t steps) {
    float total = 0.0f;
    for (int64_t i = 0; i < batch * steps; ++i) total += gy[i];
    gbias[0] = total;
#pragma omp parallel for
    for (int64_t c = 0; c < channels; ++c) {
        std::vector<float> padded(steps + 6, 0.0f);
        const float *k = w + 7 * c;
        const float flipped[7] = {k[6], k[5], k[4], k[3], k[2], k[1], k[0]};
        float sums[7] = {0};
        for (int64_t b = 0; b < batch; ++b) {
            const float *g = gy + b * steps;
            const float *in = x + (b * channels + c) * steps;
            for (int64_t t = 0; t < steps; ++t) padded[t + 3] = g[t];
            conv_row(padded.data(), gx + (b * channels + c) * steps, flipped, 0.0f, 1, steps);
            for (int64_t j = 0; j < 7; ++j) {  // y[t] holds w[j] x[t + j - 3]
                const float *p = padded.data() + 6 - j;
                float dot = 0.0f;
                for (int64_t t = 0; t < steps; ++t) dot += in[t] * p[t];
                sums[j] += dot;
            }
        }
        for (int64_t j = 0; j < 7; ++j) gw[7 * c + j] = sums[j];
    }
}
}
