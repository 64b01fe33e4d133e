// Anomaly score of @PROJECT@, version @VERSION@: the plain C interface of lib@NAME@.so.
//
// A score is an integer number of steps of 2^-@NAME@_score_fraction_bits(); larger is more anomalous. A jet is anomalous
// if its integer is greater than @NAME@_threshold() or, in a design that reads the jet's mass, than its threshold for
// that mass. All functions may be called from several threads: jets are scored one after the other, behind one lock in
// the library.

#ifndef @NAME@_H_
#define @NAME@_H_

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Numbers that describe a jet.
int @NAME@_inputs(void);

// Whether the design reads the jet's mass besides: 1 or 0.
int @NAME@_masses(void);

// Inputs are rounded to steps of 2^-bits.
int @NAME@_input_fraction_bits(void);

int @NAME@_score_fraction_bits(void);

int64_t @NAME@_threshold(void);

// integers[i] becomes the score of the jet inputs[i * @NAME@_inputs()], ...; none may be NULL unless n_jets is 0.
void @NAME@_score(const float *inputs, int64_t n_jets, int64_t *integers);

// The same, and anomalous[i] becomes 1 for an anomalous jet and 0 for any other. masses[i] [GeV] may be NULL if the
// design reads none, anomalous if nobody wants to know.
void @NAME@_decide(const float *inputs, const float *masses, int64_t n_jets, int64_t *integers, uint8_t *anomalous);

#ifdef __cplusplus
}
#endif

#endif
