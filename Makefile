.POSIX:

# Settings: make CC=clang, CFLAGS='-g -fsanitize=address,undefined',
# POSIX=1 (plain poll() and nothing beyond POSIX), BEARSSL=DIR (a source tree
# of BearSSL that has been built; else the system's library), LDLIBS (more
# libraries), PREFIX, DESTDIR.
CC = cc
AR = ar
CFLAGS = -O2 -g
LDFLAGS =
LDLIBS =
PREFIX = /usr/local
DESTDIR =
POSIX =
BEARSSL =
PYTHON = /usr/bin/python3

# logs over 2 GB and the years after 2038 on machines of 32 bits too
LARGE = -D_FILE_OFFSET_BITS=64 -D_TIME_BITS=64
# each system has a name of its own for what goes beyond POSIX
BEYOND = -D_DEFAULT_SOURCE -D_BSD_SOURCE -D__BSD_VISIBLE=1 -D_NETBSD_SOURCE \
	-D_DARWIN_C_SOURCE
STD = -std=c99 -D_POSIX_C_SOURCE=200809L $(BEYOND) $(LARGE)
WARN = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wstrict-prototypes
# not -I: the library's headers have warnings of their own
INC = -Iinc -isystem $(BEARSSL)/inc -isystem /usr/include/bearssl
ALL = $(STD) $(WARN) $(INC) $(POSIX:1=-DPOSIX) $(CFLAGS)
# the library itself, so that the program needs no shared one
LIB = $$(lib=$(BEARSSL:=/build/libbearssl.a); \
	[ -z "$$lib" ] || [ -f "$$lib" ] || \
	    echo "BearSSL is not built: make -C $(BEARSSL) lib" >&2; \
	echo "$${lib:-$$($(CC) -print-file-name=libbearssl.a)}")

OBJ = http.o ws.o tls.o config.o lib/allow.o lib/apikey.o lib/arena.o \
	lib/auth.o lib/balance.o lib/base64.o lib/beat.o lib/body.o lib/buf.o \
	lib/chunk.o lib/cidr.o lib/client.o lib/confcheck.o lib/confhealth.o \
	lib/confprint.o lib/confroute.o lib/conftcp.o lib/conn.o \
	lib/connect.o lib/der.o lib/dial.o lib/door.o lib/echo.o \
	lib/echoconn.o lib/echohttp.o lib/echows.o lib/endpoint.o \
	lib/exchange.o lib/expand.o lib/farewell.o lib/field.o lib/fixed.o \
	lib/greet.o lib/health.o lib/heap.o lib/htpasswd.o lib/introduce.o \
	lib/json.o lib/judge.o lib/jwks.o lib/jwt.o lib/key.o lib/keyuse.o \
	lib/listen.o lib/location.o lib/log.o lib/match.o lib/newkey.o \
	lib/offer.o lib/params.o lib/paramslisten.o lib/park.o lib/peer.o \
	lib/plain.o lib/probe.o lib/probeanswer.o lib/probeargs.o \
	lib/probeask.o lib/probehint.o lib/probejudge.o lib/probesay.o \
	lib/probetalk.o lib/probewire.o lib/proxyhead.o lib/reason.o \
	lib/redact.o lib/refuse.o lib/relay.o lib/relaybegin.o lib/resolve.o \
	lib/retry.o lib/rewrite.o lib/room.o lib/route.o lib/secrets.o \
	lib/secure.o lib/session.o lib/sessionlog.o lib/shake.o lib/shown.o \
	lib/slab.o lib/slurp.o lib/sse.o lib/step.o lib/syslogd.o lib/tally.o \
	lib/tell.o lib/tlscache.o lib/tlsentropy.o lib/tlserror.o \
	lib/tlsgcm.o lib/tlshold.o lib/tlskeys.o lib/tlsmodel.o lib/tlspool.o \
	lib/tlssign.o lib/tlssite.o lib/tlssleep.o lib/tlstrust.o lib/track.o \
	lib/tunnel.o lib/upgrade.o lib/upstream.o lib/value.o lib/way.o
HDR = inc/allow.h inc/apikey.h inc/arena.h inc/auth.h inc/balance.h \
	inc/base64.h inc/bear.h inc/beat.h inc/body.h inc/buf.h inc/chunk.h \
	inc/cidr.h inc/client.h inc/confcheck.h inc/confhealth.h inc/config.h \
	inc/confprint.h inc/confroute.h inc/conftcp.h inc/conn.h \
	inc/connect.h inc/der.h inc/dial.h inc/door.h inc/echo.h \
	inc/echoconn.h inc/echohttp.h inc/echows.h inc/endpoint.h \
	inc/exchange.h inc/expand.h inc/farewell.h inc/field.h inc/fixed.h \
	inc/greet.h inc/health.h inc/heap.h inc/hint.h inc/htpasswd.h \
	inc/http.h inc/introduce.h inc/json.h inc/judge.h inc/jwks.h \
	inc/jwt.h inc/key.h inc/keys.h inc/keyuse.h inc/listen.h \
	inc/location.h inc/log.h inc/match.h inc/meter.h inc/newkey.h \
	inc/offer.h inc/params.h inc/park.h inc/peer.h inc/plain.h \
	inc/probe.h inc/probeanswer.h inc/probeargs.h inc/probehint.h \
	inc/probejudge.h inc/probesay.h inc/probewire.h inc/proxyhead.h \
	inc/reason.h inc/reasons.h inc/redact.h inc/refuse.h inc/relay.h \
	inc/resolve.h inc/retry.h inc/rewrite.h inc/ring.h inc/room.h \
	inc/route.h inc/scan.h inc/secrets.h inc/secure.h inc/session.h \
	inc/shake.h inc/shown.h inc/slab.h inc/slurp.h inc/sse.h inc/step.h \
	inc/syslogd.h inc/tally.h inc/tell.h inc/tls.h inc/tlscache.h \
	inc/tlserror.h inc/tlsgcm.h inc/tlshold.h inc/tlskeys.h \
	inc/tlsmodel.h inc/tlspool.h inc/tlssign.h inc/tlssite.h \
	inc/tlssleep.h inc/tlstrust.h inc/track.h inc/tunnel.h inc/upgrade.h \
	inc/upstream.h inc/value.h inc/way.h inc/ws.h
UNIT = test/unit/allow.test test/unit/apikey.test test/unit/balance.test \
	test/unit/base64.test test/unit/beat.test test/unit/body.test \
	test/unit/buf.test test/unit/chunk.test test/unit/cidr.test \
	test/unit/client.test test/unit/config.test test/unit/conftls.test \
	test/unit/confvalue.test test/unit/der.test test/unit/field.test \
	test/unit/heap.test test/unit/htpasswd.test test/unit/http.test \
	test/unit/httprequest.test test/unit/json.test test/unit/jwt.test \
	test/unit/keyuse.test test/unit/location.test test/unit/log.test \
	test/unit/peer.test test/unit/probejudge.test \
	test/unit/proxyhead.test test/unit/redact.test test/unit/resolve.test \
	test/unit/rewrite.test test/unit/rewriteanswer.test \
	test/unit/room.test test/unit/route.test test/unit/session.test \
	test/unit/shown.test test/unit/slab.test test/unit/sse.test \
	test/unit/syslogd.test test/unit/tell.test test/unit/tls.test \
	test/unit/tlscache.test test/unit/tlsdefects.test \
	test/unit/tlsgcm.test test/unit/tlshold.test test/unit/tlspool.test \
	test/unit/tlssign.test test/unit/tlswire.test test/unit/track.test \
	test/unit/upgrade.test test/unit/upstream.test test/unit/ws.test

.SUFFIXES: .c .o .test .fuzz

all: weir

weir: proxy.o weir.a
	$(CC) $(ALL) $(LDFLAGS) -o $@ proxy.o weir.a $(LIB) $(LDLIBS)

# what the tests and the bench take their part of, too
weir.a: $(OBJ)
	rm -f $@
	$(AR) rc $@ $(OBJ)

proxy.o $(OBJ): $(HDR)

.c.o:
	$(CC) $(ALL) -c -o $@ $<

$(UNIT): weir.a $(HDR) test/unit/conftext.h test/unit/guard.h \
	test/unit/httprow.h test/unit/oneroute.h test/unit/rewritten.h \
	test/unit/tlsends.h

.c.test:
	$(CC) $(ALL) $(LDFLAGS) -o $@ $< weir.a $(LIB) $(LDLIBS)

# everything in one file, for any Linux of this kind: needs musl-gcc. Nothing
# in it is relocated at its start, so nothing becomes read-only after that.
static:
	$(MAKE) CC=musl-gcc LIB="$(LIB)" weir-static
weir-static: proxy.c $(OBJ:.o=.c) $(HDR) lib/static.ld
	$(CC) $(STD) $(WARN) $(INC) -Oz -flto -flto-partition=none -fno-pie \
	    -no-pie -static -ffunction-sections -fdata-sections \
	    -fno-asynchronous-unwind-tables -fno-jump-tables \
	    -Wl,--gc-sections,-z,noseparate-code,-z,norelro,-T,lib/static.ld \
	    -s -o $@ proxy.c $(OBJ:.o=.c) $(LIB)

# TEST are the names of those to run: all without it
unit: weir $(UNIT)
test: unit
	test/need
	test/run $(TEST)

demo: weir
	test/demo

# measures weir beside its peers: QUICK=1 takes three minutes, without it
# twenty-five, and the figures of README.md are written. The client needs
# OpenSSL, which test/bench/need gets.
BENCH = test/bench/load test/bench/origin test/bench/relay
bench: weir
	test/bench/need
	$(MAKE) $(BENCH)
	-$(MAKE) static
	test/bench/run

LOAD = test/bench/load.c test/bench/answer.c test/bench/latency.c \
	test/bench/secret.c
test/bench/load: $(LOAD) test/bench/answer.h test/bench/die.h \
	test/bench/latency.h test/bench/secret.h weir.a
	$(CC) $(ALL) $(LDFLAGS) -o $@ $(LOAD) weir.a $(LIB) $(LDLIBS) \
	    -lssl -lcrypto

test/bench/origin test/bench/relay: weir.a
.c:
	$(CC) $(ALL) $(LDFLAGS) -o $@ $< weir.a $(LIB) $(LDLIBS)

# instructions and system calls of a message and of a request, against the
# numbers in test/bench/cost.txt; UPDATE=1 writes them
cost: weir
	test/bench/cost

# what parsers make of anything: needs clang. FUZZ_FOR is seconds for each
FUZZ = test/fuzz/body.fuzz test/fuzz/config.fuzz test/fuzz/der.fuzz \
	test/fuzz/json.fuzz test/fuzz/jwt.fuzz test/fuzz/pem.fuzz \
	test/fuzz/proxyhead.fuzz test/fuzz/request.fuzz \
	test/fuzz/response.fuzz test/fuzz/track.fuzz
FUZZ_FOR = 5
FUZZING = clang $(STD) -D_GNU_SOURCE $(WARN) $(INC) -O1 -g \
	-fno-sanitize-recover=all
fuzz: $(FUZZ)
	test/fuzz/run -s $(FUZZ_FOR)

test/fuzz/weir.a: $(OBJ:.o=.c) $(HDR)
	rm -rf $@ test/fuzz/obj
	mkdir test/fuzz/obj
	@for f in $(OBJ:.o=.c); do \
	    $(FUZZING) -fsanitize=fuzzer-no-link,address,undefined \
		-c -o test/fuzz/obj/$${f##*/}.o $$f || exit 1; done
	ar rc $@ test/fuzz/obj/*.o

$(FUZZ): test/fuzz/weir.a test/fuzz/fuzz.h
.c.fuzz:
	$(FUZZING) -fsanitize=fuzzer,address,undefined -o $@ $< \
	    test/fuzz/weir.a $(LIB)

# what static analysis says; both tools are quiet on a clean tree. Heads are
# structs whose caller sets one member and whose parser sets the rest, which
# cppcheck takes for uninitialized ones.
check:
	cppcheck --std=c99 --quiet --error-exitcode=1 -Iinc \
	    --enable=warning,performance,portability \
	    --suppress=ctuuninitvar --suppress=uninitvar:lib/echows.c \
	    proxy.c $(OBJ:.o=.c)
	clang-tidy --quiet proxy.c $(OBJ:.o=.c) -- $(STD) $(INC)

install: weir
	mkdir -p $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man8 \
	    $(DESTDIR)$(PREFIX)/share/man/man5
	cp weir $(DESTDIR)$(PREFIX)/bin/
	cp man/weir.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	cp man/weir.conf.5 $(DESTDIR)$(PREFIX)/share/man/man5/

clean:
	rm -rf weir weir.a weir-static proxy.o $(OBJ) $(UNIT) $(BENCH) test/log cross \
	    $(FUZZ) test/fuzz/weir.a test/fuzz/obj

.PHONY: all static unit test demo bench cost fuzz check install clean
