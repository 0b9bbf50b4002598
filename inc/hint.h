#ifndef HINT_H
#define HINT_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * What the processor may be told beyond C. Between two calls of the kernel, a
 * request runs once through code and memory which that has driven out of the
 * caches: there the misses and the jumps count, more than the instructions.
 */

/*
 * A condition that is seldom true, of what most requests and routes do not
 * have, or nearly always: what it seldom leads to stands out of the way, so
 * that the rest is read without a jump, of which each costs as much as ten
 * other instructions. A compiler by itself takes it that a pointer is not NULL.
 */
#ifdef __GNUC__
#define RARE(condition) __builtin_expect(!!(condition), 0)
#define USUAL(condition) __builtin_expect(!!(condition), 1)
#else
#define RARE(condition) (condition)
#define USUAL(condition) (condition)
#endif

/*
 * Asks for n bytes at p, which need not be memory, so that they are there when
 * they are needed. Just before a call of the kernel, nobody waits for them.
 */
static inline void
warm(const void *p, size_t n)
{
#ifdef __GNUC__
	size_t i;

	for (i = 0; i < n; i += 64)
		__builtin_prefetch((const void *)((uintptr_t)p + i));
#else
	(void)p, (void)n;
#endif
}

/*
 * memset(p, 0, n) for an n of some hundred bytes. Compilers that know n use an
 * instruction of the processor (rep stos) that takes longer to begin than the
 * library's stores take in all; so n is hidden from them.
 */
static inline void
clear(void *p, size_t n)
{
#ifdef __GNUC__
	__asm__("" : "+r"(n));
#endif
	memset(p, 0, n);
}

#endif
