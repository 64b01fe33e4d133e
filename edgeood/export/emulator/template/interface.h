// Anomaly score of @PROJECT@, version @VERSION@: the plain C interface of lib@NAME@.so.
//
// A score is an integer number of steps of 2^-@NAME@_score_fraction_bits(); larger is more anomalous, and a jet is
// selected if its integer is greater than @NAME@_threshold(). All functions may be called from several threads:
// jets are scored one after the other, behind one lock in the library.

#ifndef @NAME@_H_
#define @NAME@_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Numbers that describe a jet.
int @NAME@_inputs(void);

// Inputs are rounded to steps of 2^-bits.
int @NAME@_input_fraction_bits(void);

int @NAME@_score_fraction_bits(void);

int64_t @NAME@_threshold(void);

// integers[i] becomes the score of the jet inputs[i * @NAME@_inputs()], ...; none may be NULL unless n_jets is 0.
void @NAME@_score(const float *inputs, int64_t n_jets, int64_t *integers);

#ifdef __cplusplus
}
#endif

#endif
