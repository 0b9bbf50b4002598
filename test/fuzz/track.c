/* Frames: whole and cut anywhere they have the same fate. */
#include "fuzz.h"
#include "track.h"

struct fates {
	struct track t;
	size_t passed, held;
	enum reason fault;
};

static void
sift(struct fates *f, const struct track_rules *rules, const uint8_t *p,
    size_t n, bool cut)
{
	struct track_piece piece;
	size_t had = 0, end = cut ? 0 : n;
	uint8_t *part;

	memset(f, 0, sizeof *f);
	while (f->fault == R_DONE && had + f->held < n) {
		/* more comes when all that has come is seen to */
		if (cut && had + f->held == end)
			end += 1 + pick(NULL, 0, n - end < 9 ? n - end : 9);
		part = copy(p + had, end - had);
		track_sift(&f->t, rules, part, end - had, &piece);
		free(part);
		MUST(piece.n <= end - had);
		MUST((piece.n == 0) == (piece.fate == TRACK_FAULT));
		f->fault = piece.fate == TRACK_FAULT ? piece.why : R_DONE;
		f->held = piece.fate == TRACK_HOLD ? piece.n : 0;
		f->passed += piece.fate == TRACK_PASS ? piece.n : 0;
		had += f->held == 0 ? piece.n : 0;
		MUST(f->held <= TRACK_HOLD_MAX);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
	struct track_rules rules = {0};
	struct track fed = {0};
	struct fates whole, cut;

	rules.strict = pick(p, n, 2) == 0;
	rules.masked = pick(NULL, 0, 2) == 0;
	rules.rsv = (uint8_t)pick(NULL, 0, 8);
	rules.message_max = pick(NULL, 0, 3) * 50;
	sift(&whole, &rules, p, n, false);
	sift(&cut, &rules, p, n, true);
	MUST(whole.fault == cut.fault);
	MUST(whole.passed == cut.passed && whole.held == cut.held);
	MUST(whole.t.messages == cut.t.messages);
	MUST(whole.t.closed == cut.t.closed && whole.t.left == cut.t.left);
	track_feed(&fed, p, whole.passed);
	MUST(fed.messages == whole.t.messages && fed.left == whole.t.left);
	return 0;
}
