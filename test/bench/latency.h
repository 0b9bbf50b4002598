#ifndef LATENCY_H
#define LATENCY_H

/* Latencies, of which percentiles are off by less than two in a hundred. */

/* forgets all */
void latency_reset(void);
void latency_note(double seconds);
/* microseconds that this share of them, 0 to 1, did not exceed; 0: no one */
double latency_percentile(double share);

#endif
