/* A histogram in microseconds: 64 cells to each power of two. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "latency.h"

#define CELLS 64
static uint64_t histogram[40 * CELLS];

void
latency_reset(void)
{
	memset(histogram, 0, sizeof histogram);
}

void
latency_note(double seconds)
{
	uint64_t us = (uint64_t)(seconds * 1e6);
	size_t shift = 0;

	while ((us >> shift) >= 2 * CELLS)
		shift++;
	histogram[us < CELLS ? us : shift * CELLS + (us >> shift)]++;
}

double
latency_percentile(double share)
{
	uint64_t sum = 0, all = 0;

	for (size_t i = 0; i < sizeof histogram / sizeof histogram[0]; i++)
		all += histogram[i];
	for (size_t i = 0; i < sizeof histogram / sizeof histogram[0]; i++) {
		sum += histogram[i];
		if (sum > 0 && (double)sum >= share * (double)all) {
			size_t shift = i < 2 * CELLS ? 0 : i / CELLS - 1;
			return (double)((uint64_t)(i - shift * CELLS) << shift);
		}
	}
	return 0;
}
