#ifndef SCAN_H
#define SCAN_H

#include <stdint.h>
#include <string.h>

#include "field.h"

/*
 * The bytes of heads, many at a time: sixteen with SSE2, which x86-64 has
 * always had; elsewhere, or where the program is to be small, values go by
 * eight and names byte by byte. Both find what field_skip() finds.
 */
#if defined __SSE2__ && !defined POSIX && !defined __OPTIMIZE_SIZE__
#include <emmintrin.h>
#define SCAN_BLOCK 16
#endif

/* which byte in memory the first bit set is in: what a carry has set by mistake
 * is behind it. Where it cannot be told so, bytes are looked at one by one */
#if defined __GNUC__ && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define SCAN_FIRST(bits) (__builtin_ctzll(bits) / 8)
#endif

#ifdef SCAN_BLOCK
static inline __m128i
scan_block(const char *p)
{
	return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* each byte of v that is in first..last becomes 0xff, the others 0 */
static inline __m128i
scan_within(__m128i v, char first, char last)
{
	__m128i off = _mm_sub_epi8(v, _mm_set1_epi8(first));

	return _mm_cmpeq_epi8(off,
	    _mm_min_epu8(off, _mm_set1_epi8((char)(last - first))));
}

/* which of a block's bytes are no FIELD_TEXT, or are tabs: a bit for each */
static inline unsigned
scan_no_text(const char *p)
{
	__m128i v = scan_block(p);

	return (unsigned)_mm_movemask_epi8(_mm_or_si128(
	    scan_within(v, 0, 0x1f), _mm_cmpeq_epi8(v, _mm_set1_epi8(0x7f))));
}

/* which are no letters, digits or "-", as nearly all in names of fields are */
static inline unsigned
scan_no_name(const char *p)
{
	__m128i v = scan_block(p), folded = _mm_or_si128(v, _mm_set1_epi8(' ')),
	    dash = _mm_cmpeq_epi8(v, _mm_set1_epi8('-'));

	return 0xffff & ~(unsigned)_mm_movemask_epi8(_mm_or_si128(dash,
	    _mm_or_si128(scan_within(folded, 'a', 'z'),
	    scan_within(v, '0', '9'))));
}
#endif

/* field_skip(p, end, FIELD_TCHAR), for names of fields */
static inline const char *
scan_name(const char *p, const char *end)
{
#ifdef SCAN_BLOCK
	unsigned bad;

	for (; end - p >= SCAN_BLOCK; p += SCAN_BLOCK) {
		bad = scan_no_name(p);
		if (RARE(bad == 0))
			continue;
		p += __builtin_ctz(bad);
		if (RARE(*p != ':'))
			break;
		return p;
	}
#endif
	return field_skip(p, end, FIELD_TCHAR);
}

/* field_skip(p, end, FIELD_TEXT), for values */
static inline const char *
scan_text(const char *p, const char *end)
{
	const uint64_t ones = 0x0101010101010101, tops = ones * 0x80;
	uint64_t v, del, bad;

#ifdef SCAN_BLOCK
	while (end - p >= SCAN_BLOCK) {
		bad = scan_no_text(p);
		if (bad == 0) {
			p += SCAN_BLOCK;
			continue;
		}
		p += __builtin_ctzll(bad);
		if (RARE(*p == '\t')) {
			p++;
			continue;
		}
		return p;
	}
#endif
	while (end - p >= 8) {
		memcpy(&v, p, 8);
		del = v ^ ones * 0x7f;
		/* is any byte below 0x20, or DEL? the order does not matter */
		bad = (((v - ones * 0x20) & ~v) | ((del - ones) & ~del)) & tops;
		if (bad == 0) {
			p += 8;
			continue;
		}
#ifdef SCAN_FIRST
		p += SCAN_FIRST(bad);
		if (*p != '\t')
			return p;
		p++;
#else
		break;
#endif
	}
	return field_skip(p, end, FIELD_TEXT);
}

#endif
