"""The echo server, "weir echo LISTEN", by itself: over HTTP it answers with
the request, over WebSocket with each frame."""
import random
import signal
import struct
import threading

from weir import (BINARY_OP, CLOSE, KEY, PING, PONG, TEXT, Cut, Weir, case,
                  each, free_port, listening, main, plain, run_weir, same,
                  until, within, ws_accept, ws_close, ws_frame, ws_request)

CONT = 0
SIZES = [1, 2, 100, 1023, 1024, 1025, 65279, 65280, 65281, 65535, 65536,
         65537, 200001, 3000000]


class Echo(Weir):
    """weir as the echo server."""

    def __init__(self):
        port = free_port()
        super().__init__(args=['echo', '127.0.0.1:%d' % port], ready=False)
        self.port = port
        self.address = ('127.0.0.1', port)
        until(lambda: listening(port), 'the echo server')


def data_of(n, seed=0):
    return random.Random(n * 31 + seed).randbytes(n)


def chunked(data, size):
    pieces = [data[i:i + size] for i in range(0, len(data), size)]
    return b''.join(b'%x\r\n%s\r\n' % (len(p), p) for p in pieces
                    ) + b'0\r\n\r\n'


def send_aside(c, data):
    """Sends while the caller reads."""
    t = threading.Thread(target=c.send, args=(data,), daemon=True)
    t.start()
    return t


def alive(w):
    """It still serves others."""
    same(w.get('/alive').status, 200, 'status of another')


# HTTP

@case
def get():
    q = plain('/a?b=c', 'X-Mine: yes\r\n')
    with Echo() as w:
        r = w.ask(q)
        same((r.status, r.phrase, r.body), (200, 'OK', q), 'answer')
        same((r.get('content-type'), r.get('connection')),
             ('text/plain', None), 'fields')
        with w.connect() as c:
            for _ in range(3):
                same(c.ask(q).body, q, 'one after the other')
            same(c.ask(b'\r\n' + q, 'GET').body, q, 'CRLF in front')
            q = plain('/', 'Connection: close\r\n')
            r = c.ask(q)
            same((r.body, r.get('connection')), (q, 'close'), 'close')
            c.ended('eof')


@case
def methods():
    def check(method):
        q = plain('*' if method == 'OPTIONS' else '/', method=method)
        with w.connect() as c:
            for _ in range(2):
                r = c.ask(q, method)
                same((r.status, r.body), (200, q), 'answer')
    with Echo() as w:
        each([(m,) for m in ('PUT', 'DELETE', 'OPTIONS', 'PATCH', 'PURGE')],
             check)


@case
def head():
    """No body comes back, and the connection goes on."""
    body = b'5\r\nhello\r\n0\r\n\r\n'
    with Echo() as w, w.connect() as c:
        for q in (plain(method='HEAD'), plain(method='HEAD', body=b'hello'),
                  plain(method='HEAD', more='Transfer-Encoding: chunked\r\n')
                  + body):
            r = c.ask(q)
            same((r.status, r.length()), (200, 'chunked'), 'answer')
            q = plain('/next')
            same(c.ask(q).body, q, 'what follows')
        c.send(plain(method='HEAD') + b'GET\r\n')
        same(c.response('HEAD').status, 200, 'status')
        refused(c.final(), 400, 'bad_request_line')
    with Echo() as w, w.connect() as c:
        c.send(plain(method='HEAD', more='Connection: close\r\n'))
        same(c.response('HEAD').status, 200, 'status')
        c.ended('eof')


@case
def bodies():
    """Every size, with a length and in chunks."""
    def check(n, size):
        data = data_of(n)
        if size:
            top = plain(method='POST', more='Transfer-Encoding: chunked\r\n')
            rest = chunked(data, size)
        else:
            top = plain(method='POST', more='Content-Length: %d\r\n' % n)
            rest = data
        with w.connect() as c:
            for _ in range(2):
                send_aside(c, top + rest)
                r = c.final('POST')
                same((r.status, len(r.body)), (200, len(top) + n), 'length')
                assert r.body == top + data, 'other bytes'
    with Echo() as w:
        each([(n, size) for n in [0] + SIZES for size in (0, 1000, 70000)] +
             [(2000, 1), (70000, 7)], check)


@case
def trailers():
    top = plain(method='POST', more='Transfer-Encoding: chunked\r\n')
    with Echo() as w, w.connect() as c:
        for _ in range(2):
            r = c.ask(top + b'2;a="b"\r\nhi\r\n0\r\nA: b\r\nC: d\r\n\r\n')
            same((r.body, r.trailers), (top + b'hi', []), 'answer')


@case
def http_1_0():
    """Without chunks: the end of the connection ends the answer."""
    def check(q):
        with w.connect() as c:
            r = c.ask(q)
            same((r.status, r.framing, r.body), (200, 'eof', q), 'answer')
            same(r.get('connection'), 'close', 'Connection')
    top = b'POST / HTTP/1.0\r\nContent-Length: 100000\r\n\r\n'
    with Echo() as w:
        each([(q,) for q in (
            b'GET / HTTP/1.0\r\n\r\n',
            b'GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n',
            b'POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi',
            top + data_of(100000))], check)


@case
def expect():
    """100 comes at once where the body waits for it."""
    more = 'Expect: 100-continue\r\n'
    with Echo() as w, w.connect() as c:
        for _ in range(2):
            top = plain(method='POST', more=more + 'Content-Length: 5\r\n')
            c.send(top)
            same(c.response('POST').status, 100, 'interim')
            c.send(b'hello')
            same(c.final('POST').body, top + b'hello', 'body')
        top = plain(method='POST', more=more +
                    'Transfer-Encoding: chunked\r\n')
        c.send(top)
        same(c.response('POST').status, 100, 'interim')
        c.send(b'2\r\nhi\r\n0\r\n\r\n')
        same(c.final('POST').body, top + b'hi', 'chunked body')
        q = plain(method='POST', more=more, body=b'hello')
        r = c.ask(q)
        same((r.interims, r.body), ([], q), 'the body came along')


@case
def pipelining():
    """Many requests at once: answers in their order."""
    with Echo() as w, w.connect() as c:
        wants, sent = [], []
        for i in range(300):
            body = data_of(i * 7 % 1500, i)
            if i % 3 == 0:
                wants.append(plain('/%d' % i))
                sent.append(wants[-1])
            elif i % 3 == 1:
                wants.append(plain('/%d' % i, method='POST', body=body))
                sent.append(wants[-1])
            else:
                top = plain('/%d' % i, method='POST',
                            more='Transfer-Encoding: chunked\r\n')
                wants.append(top + body)
                sent.append(top + chunked(body, 100))
        send_aside(c, b''.join(sent))
        for i, want in enumerate(wants):
            same(c.final().body, want, 'answer %d' % i)
        c.silent()


@case
def dripped():
    """One byte at a time."""
    top = plain('/drip', method='POST', more='Transfer-Encoding: chunked\r\n')
    q = plain(method='POST', body=b'hello')
    with Echo() as w, w.connect() as c:
        threading.Thread(target=c.drip, daemon=True, args=(
            top + b'3\r\nabc\r\n1\r\nd\r\n0\r\nA: b\r\n\r\n' + q,)).start()
        same(c.final('POST').body, top + b'abcd', 'chunked')
        same(c.final('POST').body, q, 'length')


BAD = [
    ('no target', b'GET\r\n', 400, 'bad_request_line'),
    ('no version', b'GET /\r\n', 400, 'bad_request_line'),
    ('method', b'G(T / HTTP/1.1\r\n', 400, 'bad_method'),
    ('target', b'GET a HTTP/1.1\r\n', 400, 'bad_target'),
    ('dots', b'GET /../a HTTP/1.1\r\n', 400, 'bad_target'),
    ('version', b'GET / HTTP/2.0\r\n', 505, 'bad_version'),
    ('no host', b'GET / HTTP/1.1\r\n\r\n', 400, 'bad_host'),
    ('two hosts', b'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n', 400,
     'bad_host'),
    ('lf', b'GET / HTTP/1.1\nHost: a\n\n', 400, 'bare_lf'),
    ('fold', b'GET / HTTP/1.1\r\nHost: a\r\n b\r\n', 400, 'obs_fold'),
    ('length', plain(more='Content-Length: x\r\n'), 400, 'bad_length'),
    ('coding', plain(more='Transfer-Encoding: gzip\r\n'), 400, 'bad_coding'),
    ('both', plain(more='Content-Length: 1\r\n'
                   'Transfer-Encoding: chunked\r\n'), 400,
     'length_and_coding'),
    ('expect', plain(more='Expect: x\r\n'), 417, 'bad_expect'),
    ('long line', b'GET /' + b'a' * 8192, 414, 'line_too_long'),
    ('large head', plain(more='A: %s\r\n' % ('b' * 17000)), 431,
     'head_too_large'),
    ('fields', plain(more='A: b\r\n' * 101), 431, 'too_many_fields'),
    ('connect', b'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n', 405,
     'method_refused'),
    ('trace', plain(method='TRACE'), 405, 'method_refused'),
    ('tls', b'\x16\x03\x01\x02\x00\x01', 400, 'bad_method'),
]


def refused(r, status, word):
    same((r.status, r.get('connection').split(', ')[-1]), (status, 'close'),
         'answer %r' % r.body)
    assert r.body.startswith(word.encode() + b': '), r.body
    same(r.has('allow'), status == 405, 'Allow')


@case
def bad_requests():
    def check(_, data, status, word):
        for before in (b'', plain('/before')):
            with w.connect() as c:
                c.send(before + data + b'GET / HTTP/1.1\r\nHost: x\r\n\r\n')
                if before:
                    same(c.final().body, before, 'before')
                refused(c.final(), status, word)
                c.ended('eof')
    with Echo() as w:
        each(BAD, check)
        with w.connect() as c:
            c.send(b'GET / HTTP/1.1\r\nHos')
            c.shut()
            refused(c.final(), 400, 'client_cut')
        alive(w)


@case
def bad_bodies():
    """A fault in a body is seen as an answer without its end."""
    top = plain(method='POST', more='Transfer-Encoding: chunked\r\n')

    def check(_, data):
        with w.connect() as c:
            c.send(data)
            c.shut()
            try:
                r = c.final('POST')
            except Cut:
                return
            raise AssertionError('a whole answer %r' % r)
    with Echo() as w:
        each([('chunk size', top + b'x'),
              ('chunk end', top + b'1\r\nab'),
              ('a chunk that is cut', top + b'5\r\nab'),
              ('no last chunk', top + b'1\r\na\r\n'),
              ('cut trailers', top + b'0\r\nA: b'),
              ('bad trailers', top + b'0\r\nA b\r\n\r\n'),
              ('short', plain(method='POST', more='Content-Length: 5\r\n')
               + b'ab'),
              ('short, 1.0', b'POST / HTTP/1.0\r\nContent-Length: 5\r\n\r\na'),
              ], check)
        alive(w)


@case
def slow_reader():
    """What the client does not read stops what is read from it."""
    data = data_of(20000000)
    top = plain(method='POST', more='Content-Length: %d\r\n' % len(data))
    with Echo() as w, w.connect(rcvbuf=4096) as c:
        t = send_aside(c, top + data)
        t.join(0.3)
        assert t.is_alive(), 'all was taken'
        w.idle()
        alive(w)
        r = c.final('POST')
        assert r.body == top + data, 'other bytes'


# WebSocket

def echoed(c, op, data=b'', fin=1):
    f = c.frame()
    assert f is not None, 'the end'
    same((f.fin, f.rsv, f.op, f.mask, len(f.data)),
         (fin, 0, op, None, len(data)), 'frame')
    assert f.data == data, 'other bytes'


@case
def messages():
    def check(n):
        for op in TEXT, BINARY_OP:
            data = data_of(n, op)
            send_aside(c, ws_frame(op, data))
            echoed(c, op, data)
    with Echo() as w, w.tunnel() as c:
        each([(n,) for n in [0, 125, 126, 127] + SIZES], check)
        c.silent()


@case
def large_message():
    data = data_of(1 << 24)
    with Echo() as w, w.tunnel() as c:
        send_aside(c, ws_frame(BINARY_OP, data) + ws_frame(TEXT, b'next'))
        echoed(c, BINARY_OP, data)
        echoed(c, TEXT, b'next')


@case
def masks():
    with Echo() as w, w.tunnel() as c:
        for i in range(200):
            mask = data_of(4, i)
            data = data_of(i, i)
            c.send(ws_frame(TEXT, data, mask))
            echoed(c, TEXT, data)


@case
def fragments():
    """They come back as they came, with pings between them."""
    with Echo() as w, w.tunnel() as c:
        for _ in range(2):
            c.send(ws_frame(TEXT, b'one', fin=0))
            echoed(c, TEXT, b'one', 0)
            c.send(ws_frame(PING, b'between') + ws_frame(CONT, b'', fin=0))
            echoed(c, PONG, b'between')
            echoed(c, CONT, b'', 0)
            c.send(ws_frame(PONG) + ws_frame(CONT, b'x' * 70000))
            echoed(c, CONT, b'x' * 70000)
        c.send(ws_frame(BINARY_OP, b'whole'))
        echoed(c, BINARY_OP, b'whole')


@case
def pings():
    with Echo() as w, w.tunnel() as c:
        for data in b'', b'x', b'y' * 125:
            c.send(ws_frame(PING, data))
            echoed(c, PONG, data)
        c.send(ws_frame(PONG, b'unasked'))
        c.silent()
        c.send(b''.join(ws_frame(PING, b'%d' % i) for i in range(5000)))
        for i in range(5000):
            echoed(c, PONG, b'%d' % i)


@case
def ws_dripped():
    data = (ws_frame(TEXT, b'hello') + ws_frame(PING, b'ping') +
            ws_frame(PONG, b'pong') + ws_frame(BINARY_OP, b'z' * 300, fin=0) +
            ws_frame(CONT) + ws_close(1000, b'bye'))
    with Echo() as w, w.connect() as c:
        threading.Thread(target=c.drip, daemon=True,
                         args=(ws_request() + data,)).start()
        r = c.final()
        same((r.status, r.get('sec-websocket-accept')),
             (101, ws_accept(KEY)), 'handshake')
        echoed(c, TEXT, b'hello')
        echoed(c, PONG, b'ping')
        echoed(c, BINARY_OP, b'z' * 300, 0)
        echoed(c, CONT)
        echoed(c, CLOSE, struct.pack('>H', 1000) + b'bye')
        c.ended('eof')


@case
def early_frames():
    """Frames right behind the handshake."""
    with Echo() as w, w.connect() as c:
        c.send(ws_request() + ws_frame(TEXT, b'early') + ws_close())
        same(c.final().status, 101, 'status')
        echoed(c, TEXT, b'early')
        echoed(c, CLOSE, b'\x03\xe8')
        c.ended('eof')


@case
def closes():
    """A Close comes back as it came, and then the end."""
    def check(code):
        for text in b'', b'why', b'w' * 123:
            with w.tunnel() as c:
                c.send(ws_close(code, text) + ws_frame(TEXT, b'too late'))
                echoed(c, CLOSE, struct.pack('>H', code) + text)
                c.ended('eof')
    with Echo() as w:
        each([(code,) for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009,
                                   1010, 1011, 1012, 1013, 1014, 3000, 3999,
                                   4000, 4999)], check)
        with w.tunnel() as c:
            c.send(ws_frame(CLOSE))
            echoed(c, CLOSE)
            c.ended('eof')
        with w.tunnel() as c:
            c.send(ws_frame(TEXT, b'a', fin=0) + ws_close())
            echoed(c, TEXT, b'a', 0)
            echoed(c, CLOSE, b'\x03\xe8')
            c.ended('eof')
        with w.tunnel() as c:
            c.shut()
            c.ended('eof')
        alive(w)


PROTOCOL = [
    ('not masked', ws_frame(TEXT, b'a', None)),
    ('rsv1', ws_frame(TEXT, b'a', rsv=4)),
    ('rsv2', ws_frame(TEXT, b'a', rsv=2)),
    ('rsv3', ws_frame(PING, b'a', rsv=1)),
    ('opcode 3', ws_frame(3)),
    ('opcode 7', ws_frame(7)),
    ('opcode 11', ws_frame(11)),
    ('opcode 15', ws_frame(15)),
    ('fragmented ping', ws_frame(PING, fin=0)),
    ('fragmented close', ws_frame(CLOSE, fin=0)),
    ('long ping', ws_frame(PING, b'a' * 126)),
    ('long close', ws_close(1000, b'a' * 124)),
    ('nothing to continue', ws_frame(CONT, b'a')),
    ('nothing to continue, not last', ws_frame(CONT, b'a', fin=0)),
    ('16 bits for 125', b'\x81\xfe\x00\x7d' + b'm' * 4),
    ('64 bits for 65535', b'\x81\xff' + struct.pack('>Q', 65535) + b'm' * 4),
    ('top bit', b'\x82\xff' + struct.pack('>Q', 1 << 63) + b'm' * 4),
    ('close of one byte', ws_frame(CLOSE, b'\x03')),
] + [('close %d' % code, ws_close(code)) for code in (
    0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2999, 5000, 65535)]


@case
def protocol_errors():
    def check(_, data, before=b'', after=None):
        with w.tunnel() as c:
            c.send(before + data + ws_frame(TEXT, b'behind'))
            if before:
                f = c.frame()
                same((f.op, f.data), (TEXT, b'before'), 'before')
            f = c.frame()
            same((f.fin, f.op, f.mask, f.code()), (1, CLOSE, None, 1002),
                 'frame')
            assert f.data[2:].decode(), 'no words'
            c.ended('eof')
    with Echo() as w:
        each(PROTOCOL, check)
        before = ws_frame(TEXT, b'before')
        each([(why + ', later', data, before) for why, data in PROTOCOL],
             check)
        before = ws_frame(TEXT, b'before', fin=0)
        each([('text in a message', ws_frame(TEXT, b'a'), before),
              ('binary in a message', ws_frame(BINARY_OP, b'a', fin=0),
               before)], check)
        alive(w)


@case
def subprotocols():
    def check(more, want):
        with w.connect() as c:
            r = c.ask(ws_request(more=more))
            same((r.status, r.get('sec-websocket-protocol')), (101, want),
                 'answer')
            same(r.get('sec-websocket-extensions'), None, 'extensions')
            c.send(ws_frame(TEXT, b'a'))
            echoed(c, TEXT, b'a')
    field = 'Sec-WebSocket-Protocol: '
    with Echo() as w:
        each([('', None),
              (field + 'chat\r\n', 'chat'),
              (field + 'chat, superchat\r\n', 'chat'),
              (field + ' ,, B\r\n' + field + 'a\r\n', 'B'),
              (field + '%s\r\n' % ('p' * 8000), 'p' * 8000),
              ('Sec-WebSocket-Extensions: permessage-deflate\r\n', None),
              ], check)
        refused(w.ask(ws_request(more=field + 'a b\r\n')), 400, 'ws_field')


@case
def handshakes():
    good = ws_request()

    def check(_, old, new, status, word):
        assert old in good, 'nothing is replaced'
        with w.connect() as c:
            r = c.ask(good.replace(old, new), 'GET')
            if word is None:
                same((r.status, r.body), (status, good.replace(old, new)),
                     'answer')
                return
            refused(r, status, word)
            same(r.get('sec-websocket-version'),
                 '13' if status == 426 else None, 'version')
            c.ended('eof')
    with Echo() as w:
        each([
            ('version', b'Version: 13', b'Version: 12', 426, 'ws_version'),
            ('no key', b'Sec-WebSocket-Key', b'X-Key', 400, 'ws_key'),
            ('short key', b'==\r\n', b'=\r\n', 400, 'ws_key'),
            ('post', b'GET', b'POST', 400, 'ws_method'),
            ('1.0', b'HTTP/1.1', b'HTTP/1.0', 400, 'ws_method'),
            ('no connection', b'Connection: Upgrade', b'A: b', 400,
             'ws_connection'),
            ('no upgrade', b'Upgrade: websocket', b'A: b', 400, 'ws_upgrade'),
            ('no websocket', good, plain(more='Connection: Upgrade\r\n'
                                         'Upgrade: h2c\r\n'), 200, None),
        ], check)
        alive(w)


@case
def many():
    """Tunnels do not mix."""
    with Echo() as w:
        tunnels = [w.tunnel() for _ in range(100)]
        for i, c in enumerate(tunnels):
            c.send(ws_frame(TEXT, b'%d' % i * 1000))
        for i, c in enumerate(tunnels):
            echoed(c, TEXT, b'%d' % i * 1000)
        fds = w.fds()
        for c in tunnels[::2]:
            c.reset()
        w.wait_fds(fds - 50)
        for i, c in enumerate(tunnels[1::2]):
            c.send(ws_frame(TEXT, b'%d' % i))
            echoed(c, TEXT, b'%d' % i)
        for c in tunnels[1::2]:
            c.close()
        w.wait_fds(fds - 100)


# Ending

@case
def ends():
    """SIGTERM and SIGINT end it; open tunnels are told."""
    def check(_, number):
        with Echo() as w:
            with w.tunnel() as idle, w.tunnel() as used, \
                    w.tunnel() as between, w.connect() as silent, \
                    w.connect() as plain_one:
                used.send(ws_frame(TEXT, b'a'))
                echoed(used, TEXT, b'a')
                between.send(ws_frame(TEXT, b'a', fin=0))
                echoed(between, TEXT, b'a', 0)
                same(plain_one.ask(plain()).status, 200, 'status')
                w.signal(number)
                for c in idle, used, between:
                    f = c.frame()
                    same((f.fin, f.op, f.mask, f.code()),
                         (1, CLOSE, None, 1001), 'frame')
                    c.ended()
                silent.ended()
                plain_one.ended()
                same(w.wait_end(), 0, 'exit status')
    each([('SIGTERM', signal.SIGTERM), ('SIGINT', signal.SIGINT)], check)


@case
def ends_within_a_frame():
    """A Close cannot be put into a frame: the tunnel only ends."""
    with Echo() as w, w.tunnel() as c:
        c.send(ws_frame(TEXT, b'x' * 100)[:50])
        head = c.recv_n(2)
        same(head, b'\x81\x64', 'head')
        w.signal(signal.SIGTERM)
        rest = c.recv_all()
        same(rest, b'x' * len(rest), 'payload')
        within(c.end, 'eof|reset', 'end')
        same(w.wait_end(), 0, 'exit status')


@case
def bad_addresses():
    def check(address, want):
        status, out, err = run_weir('echo', address)
        same((status, out), (want, b''), 'status and output')
        assert err.count(b'\n') == 1, err
    with Echo() as w:
        each([('', 2), ('127.0.0.1:x', 2), ('127.0.0.1:65536', 2),
              ('127.0.0.1:%d' % w.port, 1)], check)


main()
