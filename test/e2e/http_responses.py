"""Responses are judged as strictly as requests.

What is malformed is a 502 if nothing of it was sent on yet, and a visible cut
if something was. A client can always tell a whole response from a broken one,
and nothing that follows a response reaches anybody.
"""
import threading
import time

from weir import (OK, Cut, Origin, Weir, case, each, main, plain, refusal,
                  same, until, within)

S = b'HTTP/1.1 200 OK\r\n'
CL = b'Content-Length: 2\r\n'
CHUNKED = b'Transfer-Encoding: chunked\r\n'
END = b'\r\n'
GET10 = b'GET / HTTP/1.0\r\nHost: a\r\n\r\n'
BAD = 'bad_response'


def status(text):
    return text + b'\r\n' + CL + END + b'ok'


def field(text):
    return S + text + b'\r\n' + CL + END + b'ok'


def length(text):
    return S + b'Content-Length:' + text + b'\r\n\r\nok'


def coding(text):
    return S + text + END + b'2\r\nok\r\n0\r\n\r\n'


HEADS = [(repr(s), status(s)) for s in (
    b'HTTP/1.1 20 OK', b'HTTP/1.1 2 OK', b'HTTP/1.1 000 x',
    b'HTTP/1.1 099 x', b'HTTP/1.1 001 x', b'HTTP/1.1 2000 OK',
    b'HTTP/1.1 0200 OK', b'HTTP/1.1 2x0 OK', b'HTTP/1.1 abc OK',
    b'HTTP/1.1  200 OK', b'HTTP/1.1\t200 OK', b'HTTP/1.1 200\tOK',
    b'HTTP/1.1200 OK', b'HTTP/1.1 200OK', b'HTTP/1.1 200',
    b'HTTP/1.1 ', b'HTTP/1.1', b'HTTP/1.1 OK', b'HTTP/1.1 -20 OK',
    b'HTTP/1.1 +20 OK', b'HTTP/1.1 2 0 OK', b'HTTP/1.1 200,OK',
    b'HTTP/1.1 0x1 OK', b'HTTP/1.1 20\xb2 OK', b'ICY 200 OK',
    b'SIP/2.0 200 OK', b'RTSP/1.0 200 OK', b'HTTP/2.0 200 OK', b'HTTP/2 200',
    b'HTTP/0.9 200 OK', b'HTTP/3 200 OK', b'http/1.1 200 OK',
    b'HTTPS/1.1 200 OK', b'HTTP/1 200 OK', b'HTTP/1. 200 OK',
    b'HTTP/11 200 OK', b'HTTP/1.10 200 OK', b'HTTP/01.1 200 OK',
    b'HTTP/1.x 200 OK', b'HTTP 200 OK', b'HTTP /1.1 200 OK', b'200 OK',
    b' HTTP/1.1 200 OK', b'\tHTTP/1.1 200 OK', b'\r\nHTTP/1.1 200 OK',
    b'\nHTTP/1.1 200 OK', b'\0HTTP/1.1 200 OK', b'xHTTP/1.1 200 OK',
    b'HTTP/1.1 200 O\0K', b'HTTP/1.1 200 O\x01K', b'HTTP/1.1 200 O\x1bK',
    b'HTTP/1.1 200 O\x7fK', b'HTTP/1.1 200 O\rK', b'HTTP/1.1 200 O\nK',
    b'HTTP/1.1 200 OK\r', b'HTTP/1.1 200 O\x0bK', b'<html>', b'ok',
    b'GET / HTTP/1.1', b'\x16\x03\x01\x00\x05', b'HTTP/1.1\0200 OK')]

HEADS += [
    ('LF everywhere', b'HTTP/1.1 200 OK\nContent-Length: 2\n\nok'),
    ('LF behind the status line', b'HTTP/1.1 200 OK\n' + CL + END + b'ok'),
    ('CR behind the status line', b'HTTP/1.1 200 OK\r' + CL + END + b'ok'),
    ('LF behind a field', S + b'Content-Length: 2\n\r\nok'),
    ('LF ends the head', S + CL + b'\nok'),
    ('CR in a value', field(b'A: b\rc')),
    ('CR hides a length', field(b'A: b\rContent-Length: 9')),
    ('CR behind a value', field(b'A: b\r')),
    ('LF hides a field', field(b'A: b\nSet-Cookie: c=d')),
    ('fold with space', field(b'A: b\r\n c')),
    ('fold with tab', field(b'A: b\r\n\tc')),
    ('fold first', S + b' A: b\r\n' + CL + END + b'ok'),
    ('fold that looks like a field', field(b'A: b\r\n C: d')),
    ('VT in a coding', coding(b'Transfer-Encoding: \x0bchunked\r\n')),
    ('two lengths', S + CL + b'Content-Length: 3\r\n\r\nok'),
    ('the same length twice', S + CL + CL + END + b'ok'),
    ('length and coding', S + CL + CHUNKED + b'\r\n2\r\nok\r\n0\r\n\r\n'),
    ('coding and length', S + CHUNKED + CL + b'\r\n2\r\nok\r\n0\r\n\r\n'),
    ('chunked twice', coding(CHUNKED + CHUNKED)),
    ('gzip and chunked, two lines', coding(
        b'Transfer-Encoding: gzip\r\n' + CHUNKED)),
]

HEADS += [('field line %r' % f, field(f)) for f in (
    b'A : b', b'A\t: b', b'A B: c', b': b', b':', b'A', b'A(: b', b'A@: b',
    b'A[: b', b'A{: b', b'"A": b', b'A,B: c', b'A/B: c', b'A\0: b',
    b'A\x01: c', b'A\x7f: c', b'A\x80: c', b'\0: c', b'\x0bA: c', b'A: \0',
    b'A: b\0c', b'A: \x01', b'A: \x0b', b'A: \x1b[2J', b'A: \x7f',
    b'Transfer-Encoding : chunked', b'Content-Length : 2')]

HEADS += [('length %r' % v, length(v)) for v in (
    b'', b' ', b' +2', b' -2', b' -1', b' 0x2', b' 2x', b' 2,2', b' 2, 2',
    b' 2 2', b' 2,3', b' 2.0', b' 2e0', b' "2"', b' a', b' 2;',
    b' 9223372036854775808', b' 18446744073709551616',
    b' 18446744073709551618', b' 99999999999999999999999999', b' 2\0')]

HEADS += [('coding %r' % t, coding(b'Transfer-Encoding:' + t + b'\r\n'))
          for t in (
    b'', b' gzip', b' gzip, chunked', b' chunked, gzip', b' chunked,chunked',
    b' identity', b' identity, chunked', b' xchunked', b' chunkedx',
    b' chunked;q=1', b' "chunked"', b' chunked,', b' ,chunked', b' chunk',
    b' chun ked', b' chunked\x00')]


@case
def heads():
    """None of these reaches a client."""
    state = {}

    def serve(peer):
        if peer.read_request() is None:
            return
        (peer.send if state['whole'] else peer.drip)(state['data'])
        if state['close']:
            return
        assert peer.read_request() is None, 'another request came'

    def check(name, data):
        for whole, close in ((1, 0), (0, 0), (1, 1)):
            state.update(data=data, whole=whole, close=close)
            with w.connect() as c:
                r = c.ask(plain())
                refusal(r, 502, BAD)
                assert not r.has('set-cookie')
                refused = w.next('request')
                same((refused['status'], refused['reason']), ('502', BAD),
                     'log')
                # the client's own connection is not to blame; this one is
                # not kept, as the next row is not to find it ended
                state.update(data=S + b'Connection: close\r\n' + CL +
                             b'\r\nok', whole=1, close=1)
                same(c.ask(plain()).body, b'ok', 'the next answer')
                w.next('request')
            o.quiet()
    with Origin(serve) as o, Weir('retries = 0', o) as w:
        each(HEADS, check, w.skip)


@case
def incomplete():
    """The connection ends before the head is whole."""
    rows = [
        ('nothing', b'', 'upstream_no_answer'),
        ('one byte', b'H', 'upstream_cut|upstream_no_answer'),
        ('half a line', b'HTTP/1.1 2', 'upstream_cut|upstream_no_answer'),
        ('a line', S, 'upstream_cut'),
        ('all but an LF', S + CL + b'\r', 'upstream_cut'),
        ('in a field', S + b'A: b', 'upstream_cut'),
        ('an interim alone', b'HTTP/1.1 100 Continue\r\n\r\n',
         'upstream_cut|upstream_no_answer'),
    ]
    state = {}

    def serve(peer):
        if peer.read_request() is not None:
            peer.send(state['data'])
            if state['reset']:
                peer.reset()

    def check(name, data, words):
        for reset in (False, True):
            state.update(data=data, reset=reset)
            with w.connect() as c:
                r = c.ask(plain(method='POST', body=b'x'))
                want = words + '|upstream_reset' if reset else words
                refusal(r, 502, want)
            log = w.next('request')
            same(log['status'], '502', 'log')
            within(log['reason'], want, 'log')
    with Origin(serve) as o, Weir('', o) as w:
        each(rows, check, w.skip)


BODIES = [(repr(b[:50]), CHUNKED, b) for b in (
    b'2\r\nok\r\nx\r\n', b'2\r\nok\r\n\r\n', b'2\r\nok0\r\n\r\n',
    b'2\r\nokk\r\n0\r\n\r\n', b'2\r\nok\r\n-1\r\n', b'2\r\nok\r\n+1\r\na',
    b'2\r\nok\r\n 1\r\na', b'2\r\nok\r\n0x1\r\na', b'2\r\nok\r\n1 2\r\na',
    b'2\r\nok\r\n1\na\r\n', b'2\r\nok\n0\r\n\r\n', b'2\r\nok\r0\r\n\r\n',
    b'2\r\nok\r\n1\ra\r\n', b'2\r\nok\r\n1;\0\r\na\r\n',
    b'2\r\nok\r\nffffffffffffffff\r\n', b'2\r\nok\r\n8000000000000000\r\n',
    b'2\r\nok\r\n10000000000000002\r\nok\r\n0\r\n\r\n',
    b'2\r\nok\r\n0\n\r\n', b'2\r\nok\r\n0\r\nA\r\n\r\n',
    b'2\r\nok\r\n0\r\nA : b\r\n\r\n', b'2\r\nok\r\n0\r\n A: b\r\n\r\n',
    b'2\r\nok\r\n0\r\nA: b\nC: d\r\n\r\n', b'2\r\nok\r\n0\r\nA: \0\r\n\r\n',
    b'2\r\nok\r\n0\r\n: b\r\n\r\n', b'2\r\nok\r\n0\r\n\nx',
    b'2\r\nok\r\n1;' + b'a' * 400 + b'\r\na\r\n0\r\n\r\n')]

CUTS = [(repr((h + b)[:60]), h, b) for h, b in (
    (CL, b''), (CL, b'o'), (b'Content-Length: 100000\r\n', b'x' * 99999),
    (CHUNKED, b''), (CHUNKED, b'2'), (CHUNKED, b'2\r\n'),
    (CHUNKED, b'2\r\no'), (CHUNKED, b'2\r\nok'), (CHUNKED, b'2\r\nok\r'),
    (CHUNKED, b'2\r\nok\r\n'), (CHUNKED, b'2\r\nok\r\n0'),
    (CHUNKED, b'2\r\nok\r\n0\r'), (CHUNKED, b'2\r\nok\r\n0\r\n'),
    (CHUNKED, b'2\r\nok\r\n0\r\n\r'), (CHUNKED, b'2\r\nok\r\n0\r\nA: b\r\n'),
    (CHUNKED, b'fff\r\n' + b'x' * 4094))]


class Broken:
    """Clients of both versions see that a response is broken."""

    def __init__(self, words):
        self.words = words
        self.origin = Origin(self.serve)
        self.weir = Weir('retries = 0', self.origin)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.weir.__exit__(*why)
        self.origin.__exit__(*why)

    def serve(self, peer):
        if peer.read_request() is None:
            return
        peer.send(S + self.head + END)
        # the client has the head before the body comes, or has it not
        if self.apart:
            self.go.wait(10)
        (peer.drip if self.drip and len(self.body) < 999 else peer.send)(
            self.body)
        if self.end == 'reset':
            peer.reset()
        elif self.end == 'open':
            assert peer.read_request() is None, 'reused'

    def check(self, name, head, body, ends):
        for self.end in ends:
            for self.apart in (True, False):
                for self.drip in (False, True):
                    self.once(head, body, plain())
                    self.once(head, body, GET10)

    def once(self, head, body, ask):
        self.head, self.body = head, body
        self.go = threading.Event()
        with self.weir.connect() as c:
            c.send(ask)
            while self.apart and b'\r\n\r\n' not in c.buf and c.fill():
                pass
            self.go.set()
            try:
                r = c.final()
                assert r.status == 502, 'whole: %r, end %s apart %s drip %s' \
                    % (r, self.end, self.apart, self.drip)
            except Cut:
                pass
        log = self.weir.next('request')
        words = self.words
        if self.end == 'reset':
            words += '|upstream_reset'
        within(log['reason'], words, 'reason in the log')


@case
def bodies():
    """Malformed chunks, with the upstream still there or gone."""
    with Broken('bad_response|bad_chunk|bad_trailer') as t:
        each(BODIES, lambda *row: t.check(*row, ends=('open', 'eof')),
             t.weir.skip)


@case
def truncated():
    with Broken('upstream_cut') as t:
        each(CUTS, lambda *row: t.check(*row, ends=('eof', 'reset')),
             t.weir.skip)


@case
def until_the_end():
    """Without a length an EOF is an end and a reset is an error."""
    state = {}

    def serve(peer):
        if peer.read_request() is None:
            return
        peer.send(state['head'])
        peer.send(b'some body')
        state['go'].wait(10)
        if state['reset']:
            peer.reset()

    def check(head, ask, framing):
        for reset in (False, True):
            with w.connect() as c:
                state.update(head=head, reset=reset, go=threading.Event())
                c.send(ask)
                while b'some body' not in c.buf and c.fill():
                    pass
                state['go'].set()
                try:
                    r = c.final()
                    assert not reset, 'a reset looks like an end'
                    same(r.body, b'some body', 'body')
                    same(r.framing, framing, 'framing')
                    same(w.next('request')['reason'], 'ok', 'reason')
                except Cut:
                    assert reset, 'an end looks like a cut'
                    same(w.next('request')['reason'], 'upstream_reset',
                         'reason')
    with Origin(serve) as o, Weir('', o) as w:
        each([(h, a, f) for h in (S + END, b'HTTP/1.0 200 OK\r\n\r\n',
                                  S + b'Connection: close\r\n\r\n')
              for a, f in ((plain(), 'chunked'), (GET10, 'eof'))], check)


INTERIMS = [
    (b'HTTP/1.1 100 Continue\r\n\r\n', [(100, [])]),
    (b'HTTP/1.1 100 \r\n\r\n', [(100, [])]),
    (b'HTTP/1.1 102 Processing\r\n\r\n', [(102, [])]),
    (b'HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n',
     [(103, [('Link', '</a>; rel=preload')])]),
    (b'HTTP/1.1 103 Early Hints\r\nLink: a\r\nConnection: X\r\nX: y\r\n\r\n',
     [(103, [('Link', 'a')])]),
    (b'HTTP/1.1 199 Whatever\r\nA: b\r\n\r\n', [(199, [('A', 'b')])]),
    (b'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n'
     b'HTTP/1.1 103 Early Hints\r\nLink: b\r\n\r\n',
     [(100, []), (103, []), (103, [('Link', 'b')])]),
]


@case
def interims():
    """Forwarded with their fields to HTTP/1.1, dropped for HTTP/1.0."""
    state = {}

    def serve(peer):
        while peer.read_request() is not None:
            data = state['data'] + OK
            (peer.drip if state['drip'] else peer.send)(data)

    def check(data, want):
        for drip in (False, True):
            state.update(data=data, drip=drip)
            with w.connect() as c:
                r = c.ask(plain())
                same([(i.status, i.fields) for i in r.interims], want,
                     'interims')
                same(r.body, b'ok', 'body')
                same(c.ask(plain()).body, b'ok', 'second body')
            with w.connect() as c:
                c.send(GET10)
                r = c.response()
                same((r.status, r.body), (200, b'ok'), 'HTTP/1.0')
    with Origin(serve) as o, Weir('', o) as w:
        each(INTERIMS, check)


@case
def interims_cut():
    """Each is forwarded once, though what is kept ends within the next."""
    hint = b'HTTP/1.1 103 Early Hints\r\nLink: %d\r\n\r\n'
    turn = threading.Semaphore(0)

    def serve(peer):
        if peer.read_request() is None:
            return
        data = b''.join(hint % i for i in range(4)) + OK
        cut = len(hint % 0) + 20
        while data:
            peer.send(data[:cut])
            data = data[cut:]
            turn.acquire(timeout=5)

    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.send(plain())
        for i in range(4):
            same(c.response().fields, [('Link', str(i))], 'interim')
            turn.release()
        same(c.response().body, b'ok', 'body')
        turn.release()


@case
def bad_interims():
    rows = [
        ('unasked 101', b'HTTP/1.1 101 Switching Protocols\r\n'
         b'Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n',
         'unasked_upgrade'),
        ('bare 101', b'HTTP/1.1 101 x\r\n\r\n', 'unasked_upgrade'),
        ('101 to h2c', b'HTTP/1.1 101 x\r\nUpgrade: h2c\r\n'
         b'Connection: Upgrade\r\n\r\n', 'unasked_upgrade'),
        ('101 behind 100', b'HTTP/1.1 100 Continue\r\n\r\n'
         b'HTTP/1.1 101 x\r\n\r\n', 'unasked_upgrade'),
        ('too many', b'HTTP/1.1 100 Continue\r\n\r\n' * 1000,
         'too_many_interim'),
        ('malformed', b'HTTP/1.1 100 Continue\r\nA : b\r\n\r\n', BAD),
        ('malformed second', b'HTTP/1.1 103 x\r\n\r\nHTTP/1.1 10 x\r\n\r\n',
         BAD),
        ('too large', b'HTTP/1.1 103 x\r\n' +
         b'A: %s\r\n' % (b'b' * 1000) * 20 + b'\r\n', 'response_too_large'),
    ]
    state = {}

    def serve(peer):
        if peer.read_request() is not None:
            peer.send(state['data'] + OK)
            peer.read_request()

    def check(name, data, word):
        state['data'] = data
        with w.connect() as c:
            r = c.ask(plain())
            refusal(r, 502, word)
            assert 101 not in [i.status for i in r.interims], '101'
        with w.connect() as c:
            c.send(GET10)
            refusal(c.response(), 502, word)
        for _ in range(2):
            same(w.next('request')['reason'], word, 'log')
    with Origin(serve) as o, Weir('header_max = 16k', o) as w:
        each(rows, check)


@case
def endless_interims():
    """An upstream that sends them forever is stopped."""
    def serve(peer):
        if peer.read_request() is None:
            return
        while peer.send(b'HTTP/1.1 103 x\r\nA: b\r\n\r\n' * 50):
            pass
    with Origin(serve) as o, Weir('', o) as w:
        refusal(w.get(), 502, 'too_many_interim')
        o.quiet()


NOBODY = [
    # name, method, the answer's head and bytes, the status
    ('HEAD with a length', 'HEAD', S + b'Content-Length: 10\r\n\r\n', 200),
    ('HEAD chunked', 'HEAD', S + CHUNKED + END, 200),
    ('HEAD without framing', 'HEAD', S + END, 200),
    ('HEAD with a body', 'HEAD', S + CL + END + b'ok', 200),
    ('HEAD with chunks', 'HEAD', S + CHUNKED + b'\r\n2\r\nok\r\n0\r\n\r\n',
     200),
    ('HEAD 404', 'HEAD', b'HTTP/1.1 404 x\r\nContent-Length: 5\r\n\r\n',
     404),
    ('204', 'GET', b'HTTP/1.1 204 No Content\r\n\r\n', 204),
    ('204 with a length', 'GET', b'HTTP/1.1 204 x\r\nContent-Length: 5\r\n'
     b'\r\nhello', 204),
    ('204 with length 0', 'GET', b'HTTP/1.1 204 x\r\nContent-Length: 0\r\n'
     b'\r\n', 204),
    ('204 chunked', 'GET', b'HTTP/1.1 204 x\r\n' + CHUNKED +
     b'\r\n5\r\nhello\r\n0\r\n\r\n', 204),
    ('204 to POST', 'POST', b'HTTP/1.1 204 x\r\n\r\n', 204),
    ('304', 'GET', b'HTTP/1.1 304 Not Modified\r\nETag: "a"\r\n\r\n', 304),
    ('304 with a length', 'GET', b'HTTP/1.1 304 x\r\nContent-Length: 5\r\n'
     b'\r\n', 304),
    ('304 with a body', 'GET', b'HTTP/1.1 304 x\r\nContent-Length: 5\r\n'
     b'\r\nhello', 304),
    ('304 chunked', 'GET', b'HTTP/1.1 304 x\r\n' + CHUNKED +
     b'\r\n0\r\n\r\n', 304),
    ('205', 'GET', b'HTTP/1.1 205 x\r\nContent-Length: 0\r\n\r\n', 205),
    ('205 with a body', 'GET', b'HTTP/1.1 205 x\r\nContent-Length: 5\r\n'
     b'\r\nhello', 205),
    ('205 without framing', 'GET', b'HTTP/1.1 205 x\r\n\r\n', 205),
]


@case
def without_body():
    """No byte of a body that cannot be; the next request is served well."""
    state = {}

    def serve(peer):
        while peer.read_request() is not None:
            peer.send(state['data'])

    def check(name, method, data, status):
        state['data'] = data
        with w.connect() as c:
            r = c.ask(plain(method=method, body=b'' if method == 'POST'
                            else None))
            same((r.status, r.body), (status, b''), 'response')
            if status == 204:
                assert not r.has('content-length'), 'length'
            if status in (204, 304, 205):
                assert not r.has('transfer-encoding'), 'coding'
            if name == 'HEAD with a length':
                same(r.get('content-length'), '10', 'length')
            state['data'] = OK
            same(c.ask(plain()).body, b'ok', 'the next body')
    with Origin(serve) as o, Weir('', o) as w:
        each(NOBODY, check)


@case
def poison():
    """What follows a response is never taken for the next one."""
    evil = b'HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil'
    rows = [
        ('a response behind', OK + evil, ''),
        ('a response behind chunks', S + CHUNKED +
         b'\r\n2\r\nok\r\n0\r\n\r\n' + evil, ''),
        ('one byte behind', OK + b'x', ''),
        ('a CRLF behind', OK + b'\r\n', ''),
        ('a response behind 304', b'HTTP/1.1 304 x\r\n\r\n' + evil, ''),
        ('a response behind 204', b'HTTP/1.1 204 x\r\n\r\n' + evil, ''),
        ('behind HEAD', OK + evil, 'HEAD'),
        ('late', OK, 'late'),
        ('late garbage', OK, 'garbage'),
    ]
    state = {}

    def serve(peer):
        n = len(o.peers)
        if peer.read_request() is None:
            return
        if n != state['bad']:
            peer.send(OK)
            while peer.read_request() is not None:
                peer.send(OK)
            return
        peer.send(state['data'])
        if state['how'] in ('late', 'garbage'):
            state['go'].wait(5)
            peer.send(evil if state['how'] == 'late' else b'\0\r\n')
            state['sent'].set()
        assert peer.read_request() is None, 'reused after extra bytes'

    def check(name, data, how):
        state.update(data=data, how=how, bad=len(o.peers) + 1,
                     go=threading.Event(), sent=threading.Event())
        with w.connect() as a, w.connect() as b:
            method = 'HEAD' if how == 'HEAD' else 'GET'
            r = a.ask(plain(method=method))
            assert b'evil' not in r.body
            if how in ('late', 'garbage'):
                state['go'].set()
                state['sent'].wait(5)
                until(lambda: o.peers[state['bad'] - 1] not in o.live,
                      'the connection to be dropped')
            for c in (a, b, a):
                same(c.ask(plain()).body, b'ok', 'answer')
            a.silent(0.05)
        o_quiet()

    def o_quiet():
        # the next row begins with no connection in the pool
        for p in list(o.live):
            p.shut()
        o.quiet()
    with Origin(serve) as o, Weir('', o) as w:
        each(rows, check, w.skip)


@case
def early():
    """A final answer before the request is whole, which then never is."""
    state = {}

    def serve(peer):
        if peer.request_head() is None:
            return
        peer.send(state['data'])
        if not state['close']:
            peer.recv_all()

    def check(name, head, body, close):
        state.update(data=b'HTTP/1.1 413 No\r\nContent-Length: 2\r\n\r\nno',
                     close=close)
        before = len(o.peers)
        with w.connect() as c:
            c.send(b'POST / HTTP/1.1\r\nHost: a\r\n' + head + END + body)
            r = c.final()
            same((r.status, r.body), (413, b'no'), 'answer')
        same(w.next('request')['status'], '413', 'log')
        o.quiet()
        same(len(o.peers), before + 1, 'connections')
    rows = [(h + ' ' + str(close), f, b, close)
            for h, f, b in (
                ('length', b'Content-Length: 100000\r\n', b'x'),
                ('chunked', CHUNKED, b'5\r\nhello\r\n'),
                ('nothing yet', b'Content-Length: 5\r\n', b''))
            for close in (False, True)]
    with Origin(serve) as o, Weir('', o) as w:
        each(rows, check, w.skip)


@case
def early_then_body():
    """The rest of a body that was answered early is no request."""
    def serve(peer):
        while peer.request_head() is not None:
            peer.send(OK)
    inner = plain('/smuggled')
    with Origin(serve) as o, Weir('', o) as w:
        for head, rest in ((b'Content-Length: %d\r\n' % len(inner), inner),
                           (CHUNKED, b'%x\r\n%s\r\n0\r\n\r\n' % (
                               len(inner), inner))):
            with w.connect() as c:
                c.send(b'POST / HTTP/1.1\r\nHost: a\r\n' + head + END)
                same(c.final().status, 200, 'early answer')
                c.send(rest)
                got = c.recv_all()
                assert b'HTTP/' not in got, got
        assert '/smuggled' not in [q.target for q in o.requests], 'smuggled'


@case
def early_whole_upload():
    """An answer that comes early reaches a client that is still sending."""
    def serve(peer):
        if peer.request_head() is not None:
            # not kept: the kernel may have taken the whole body, and the
            # next POST would meet the end of this connection
            peer.send(b'HTTP/1.1 401 No\r\nContent-Length: 2\r\n'
                      b'Connection: close\r\n\r\nno')
            # the reset of the close must not overtake it between two cores
            time.sleep(0.05)
    body = b'x' * 3000000
    with Origin(serve) as o, Weir('', o) as w:
        for _ in range(5):
            with w.connect() as c:
                c.sock.settimeout(5)
                c.send(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d'
                       b'\r\n\r\n' % len(body) + body)
                r = c.final()
                same((r.status, r.body), (401, b'no'), 'answer')


@case
def versions():
    """HTTP/1.0 upstreams, kept and not."""
    rows = [
        ('1.0', b'HTTP/1.0 200 OK\r\n' + CL + END + b'ok', 2),
        ('1.0 keep-alive', b'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n' +
         CL + END + b'ok', 1),
        ('1.1', OK, 1),
        ('1.1 close', S + b'Connection: close\r\n' + CL + END + b'ok', 2),
        ('1.1 Close, x', S + b'Connection: x, CLOSE\r\n' + CL + END + b'ok',
         2),
        ('close on two lines', S + b'Connection: x\r\nConnection: close\r\n'
         + CL + END + b'ok', 2),
    ]
    state = {}

    def serve(peer):
        while peer.read_request() is not None:
            peer.send(state['data'])

    def check(name, data, connections):
        state['data'] = data
        with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
            for _ in range(2):
                r = c.ask(plain())
                same((r.first, r.body), (b'HTTP/1.1 200 OK', b'ok'), 'answer')
                assert not r.lists('connection', 'close'), 'closed'
            same(len(o.peers), connections, 'connections')
    each(rows, check)


@case
def statuses():
    """Whatever status and phrase an upstream has are passed on."""
    rows = [(s, p) for s, p in (
        (200, ''), (200, 'All is well'), (201, 'Created'), (206, 'x'),
        (299, 'x'), (300, 'x'), (302, 'x'), (400, 'Bad'), (401, 'x'),
        (404, 'x\ty'), (418, 'teapot \xff'), (500, 'x'), (599, 'x'),
        (600, 'x'), (999, 'x'))]
    state = {}

    def serve(peer):
        while peer.read_request() is not None:
            peer.send(b'HTTP/1.1 %d %s\r\n' % (
                state['s'], state['p'].encode('latin-1')) + CL + b'\r\nok')

    def check(s, p):
        state.update(s=s, p=p)
        r = w.get()
        same((r.status, r.phrase, r.body), (s, p, b'ok'), 'answer')
    with Origin(serve) as o, Weir('', o) as w:
        each(rows, check, w.skip)


@case
def too_large():
    """A head over header_max, or with too many fields, is a 502."""
    def head(n):
        used = len(S + CL + b'A: \r\n\r\n')
        return S + CL + b'A: ' + b'b' * (n - used) + b'\r\n\r\nok'

    def fields(n):
        return S + CL + b'A: b\r\n' * (n - 1) + b'\r\nok'
    rows = [('head', head(1000), 200), ('head + 1', head(1001), 502),
            ('head + 5000', head(6000), 502), ('fields', fields(20), 200),
            ('fields + 1', fields(21), 502)]
    state = {}

    def serve(peer):
        while peer.read_request() is not None:
            (peer.drip if state['drip'] else peer.send)(state['data'])

    def check(name, data, status):
        for drip in (False, True):
            state.update(data=data, drip=drip)
            r = w.get()
            if status == 502:
                refusal(r, 502, 'response_too_large')
            same(r.status, status, 'status')
    with Origin(serve) as o, Weir(
            'header_max = 1000\nline_max = 500\nfields_max = 20', o) as w:
        each(rows, check)


if __name__ == '__main__':
    main()
