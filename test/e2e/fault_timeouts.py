"""Every timeout has its status and its word, and runs from the start.

The times in the configuration are short; what is checked is the outcome.
"""
import threading
import time

from weir import (OK, SLOW, Cut, Deaf, Origin, Weir, case, each, main, plain,
                  refusal, same, until, within, ws_close, ws_request, ws_serve)

POST = b'POST / HTTP/1.1\r\nHost: a\r\n'
CHUNKED = b'Transfer-Encoding: chunked\r\n'


def trickle(c, data, pause=0.05):
    """Sends a byte now and then, until the other side has had enough."""
    def run():
        for i in range(len(data)):
            if not c.send(data[i:i + 1]):
                return
            time.sleep(pause * SLOW)
    t = threading.Thread(target=run, daemon=True)
    t.start()
    return t


def silent(peer):
    """An upstream that takes everything and says nothing."""
    peer.recv_all()


@case
def header():
    """Part of a head, and then nothing."""
    with Origin() as o, Weir('header_timeout = 300ms', o) as w:
        def check(name, data):
            with w.connect() as c:
                c.send(data)
                refusal(c.final(), 408, 'header_timeout')
                c.ended()
            line = w.next()
            same((line['status'], line['reason']),
                 ('408', 'header_timeout'), 'log')
        each([('byte', b'G'), ('line', b'GET / HTTP/1.1\r\n'),
              ('field', b'GET / HTTP/1.1\r\nHost: a'),
              ('all but one', plain()[:-1])], check, w.skip)
        same(o.got(), 0, 'bytes upstream')


@case
def header_silent():
    """A connection that never says anything ends without a word, or with
    a 408 for what it did not send."""
    with Origin() as o, Weir('header_timeout = 300ms', o) as w:
        with w.connect() as c:
            got = c.recv_all()
            assert got == b'' or got.startswith(b'HTTP/1.1 408 '), got


@case
def header_slow():
    """A head that never stops coming ends all the same."""
    head = b'GET / HTTP/1.1\r\nHost: a\r\nA: ' + b'b' * 5000
    with Origin() as o, Weir('header_timeout = 500ms', o) as w:
        with w.connect() as c:
            trickle(c, head)
            refusal(c.final(), 408, 'header_timeout')


@case
def header_slow_second():
    """The same for a later request on the connection."""
    head = b'GET / HTTP/1.1\r\nHost: a\r\nA: ' + b'b' * 5000
    with Origin() as o, Weir('header_timeout = 500ms', o) as w:
        with w.connect() as c:
            same(c.ask(plain()).status, 200, 'first')
            trickle(c, head)
            refusal(c.final(), 408, 'header_timeout')


@case
def header_slow_but_good():
    with Origin() as o, Weir('header_timeout = 30s', o) as w:
        with w.connect() as c:
            c.drip(plain(), 0.01)
            same(c.final().status, 200, 'status')


@case
def keepalive_is_not_header():
    """A connection between requests has keepalive_timeout."""
    conf = 'header_timeout = 200ms\nkeepalive_timeout = 30s'
    with Origin() as o, Weir(conf, o) as w, w.connect() as c:
        same(c.ask(plain()).status, 200, 'first')
        time.sleep(0.6 * SLOW)
        same(c.ask(plain()).status, 200, 'second')


@case
def body():
    rows = [
        ('nothing', b'Content-Length: 5\r\n\r\n'),
        ('part', b'Content-Length: 5\r\n\r\nabc'),
        ('chunk line', CHUNKED + b'\r\n5'),
        ('chunk', CHUNKED + b'\r\n5\r\nabc'),
        ('between chunks', CHUNKED + b'\r\n3\r\nabc\r\n'),
        ('trailers', CHUNKED + b'\r\n3\r\nabc\r\n0\r\nA: b\r\n'),
    ]
    with Origin() as o, Weir('body_timeout = 300ms', o) as w:
        def check(name, data):
            with w.connect() as c:
                c.send(POST + data)
                refusal(c.final(), 408, 'body_timeout')
                c.ended()
            same(w.next()['reason'], 'body_timeout', 'log')
            o.quiet()
        each(rows, check, w.skip)


@case
def body_slow():
    """Between reads: a slow body goes on as long as it moves."""
    with Origin() as o, Weir('body_timeout = 600ms', o) as w:
        with w.connect() as c:
            trickle(c, POST + b'Content-Length: 20\r\n\r\n' + b'x' * 20,
                    0.02)
            same(c.final().status, 200, 'status')


@case
def body_framing_slow():
    """Chunk lines and trailers that only drip do not hold it for ever."""
    rows = [('extension', CHUNKED + b'\r\n1;' + b'a' * 250),
            ('zeros', CHUNKED + b'\r\n' + b'0' * 250)]
    with Origin() as o, Weir('body_timeout = 400ms', o) as w:
        def check(name, data):
            with w.connect() as c:
                trickle(c, POST + data, 0.1)
                r = c.final()
                within(str(r.status), '400|408', 'status')
        each(rows, check, w.skip)


@case
def connect():
    """An address that takes no connection."""
    with Deaf() as d:
        with Weir('connect_timeout = 400ms', d) as w:
            refusal(w.get(), 504, 'connect_timeout')
            line = w.next()
            same((line['status'], line['reason']),
                 ('504', 'connect_timeout'), 'log')
            r = w.get(method='POST', body=b'hello')
            refusal(r, 504, 'connect_timeout')


@case
def connect_then_next():
    """The next upstream is tried when the first does not accept."""
    with Deaf() as d, Origin() as o:
        with Weir('connect_timeout = 400ms', d, o) as w:
            for _ in range(4):
                r = w.get()
                within(str(r.status), '200|504', 'status')
            assert o.requests, 'the good one was never asked'


@case
def response():
    """Nothing, or the beginning of a head."""
    rows = [('nothing', b''), ('byte', b'H'),
            ('line', b'HTTP/1.1 200 OK\r\n'),
            ('interim', b'HTTP/1.1 100 Continue\r\n\r\n')]
    state = {}

    def serve(peer):
        if peer.read_request() is not None:
            peer.send(state['data'])
            peer.recv_all()
    with Origin(serve) as o, Weir('response_timeout = 300ms', o) as w:
        def check(name, data):
            state['data'] = data
            refusal(w.get(), 504, 'response_timeout')
            line = w.next()
            same((line['status'], line['reason']),
                 ('504', 'response_timeout'), 'log')
            o.quiet()
        each(rows, check, w.skip)


@case
def response_body():
    """A body that stops is cut where the client can see it."""
    rows = [('length', b'Content-Length: 10\r\n\r\nabc'),
            ('chunk', CHUNKED + b'\r\n5\r\nabc'),
            ('no end', CHUNKED + b'\r\n5\r\nabcde\r\n'),
            ('eof', b'\r\nabc')]
    state = {}

    def serve(peer):
        if peer.read_request() is not None:
            peer.send(b'HTTP/1.1 200 OK\r\n' + state['data'])
            peer.recv_all()
    with Origin(serve) as o, Weir('response_timeout = 300ms', o) as w:
        def check(name, data):
            state['data'] = data
            for ask in (plain(), b'GET / HTTP/1.0\r\n\r\n'):
                try:
                    r = w.ask(ask)
                    raise AssertionError('whole: %r' % r)
                except Cut:
                    pass
                line = w.next()
                same((line['status'], line['reason']),
                     ('200', 'response_timeout'), 'log')
            o.quiet()
        each(rows, check, w.skip)


@case
def response_slow():
    """Between reads: a slow body goes on as long as it moves."""
    def serve(peer):
        if peer.read_request() is not None:
            peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n')
            peer.drip(b'x' * 20, 0.02)
    with Origin(serve) as o, Weir('response_timeout = 600ms', o) as w:
        same(w.get().body, b'x' * 20, 'body')


@case
def response_waits_for_the_body():
    """While the request is still coming the answer is not overdue."""
    conf = 'response_timeout = 300ms\nbody_timeout = 30s'
    with Origin() as o, Weir(conf, o) as w, w.connect() as c:
        c.send(POST + b'Content-Length: 10\r\n\r\n')
        for _ in range(10):
            time.sleep(0.1 * SLOW)
            c.send(b'x')
        same(c.final().status, 200, 'status')


@case
def no_limit():
    """0 is no limit."""
    def serve(peer):
        if peer.read_request() is not None:
            time.sleep(0.5 * SLOW)
            peer.send(OK)
    conf = 'response_timeout = 0\nbody_timeout = 0'
    with Origin(serve) as o, Weir(conf, o) as w:
        same(w.get().status, 200, 'status')


@case
def handshake():
    """A WebSocket handshake has a time of its own."""
    conf = 'handshake_timeout = 300ms\nresponse_timeout = 30s'
    for part in (b'', b'HTTP/1.1 101 Sw', b'HTTP/1.1 101 x\r\nUpgrade: web'):
        def serve(peer):
            if peer.read_request() is not None:
                peer.send(part)
                peer.recv_all()
        with Origin(serve) as o, Weir(conf, o) as w:
            refusal(w.ask(ws_request()), 504, 'handshake_timeout')
            same(w.next()['reason'], 'handshake_timeout', 'log')
            o.quiet()


@case
def write():
    """A client that does not read loses its connection."""
    data = b'HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n'

    def serve(peer):
        if peer.read_request() is not None:
            peer.send(data + b'x' * 50000000)
    with Origin(serve) as o, Weir('body_timeout = 400ms', o) as w:
        with w.connect(rcvbuf=4096) as c:
            c.send(plain())
            line = w.next()
            same((line['status'], line['reason']), ('200', 'write_timeout'),
                 'log')
            try:
                c.final()
                raise AssertionError('a whole response')
            except Cut:
                pass
        o.quiet()


@case
def tunnel_idle():
    with Origin(ws_serve) as o, Weir('tunnel_idle = 300ms', o) as w:
        with w.tunnel() as c:
            f = c.frame()
            same((f.op, f.code()), (8, 1001), 'frame')
            c.send(ws_close(1001))
            assert c.frame() is None, 'a frame behind Close'
            c.close()
            line = w.next('tunnel_close')
            same((line['by'], line['reason']), ('weir', 'idle'), 'log')


@case
def linger():
    """What a refused client still sends is taken in, but not for ever."""
    with Origin() as o, Weir('linger = 400ms', o) as w:
        w.get()
        before = w.fds()
        c = w.connect()
        c.send(b'GET / HTTP/1.1\r\nHost : a\r\n\r\n')
        refusal(c.final(), 400)
        trickle(c, b'x' * 1000, 0.02)
        until(lambda: w.fds() <= before, 'the descriptor')
        c.close()


@case
def client_half_closed():
    """A client that has closed its sending side waits abandon_timeout for
    bytes; an answer within it arrives."""
    go = threading.Event()

    def serve(peer):
        if peer.read_request() is not None:
            go.wait(10)
            peer.send(OK)
    with Origin(serve) as o, Weir('abandon_timeout = 30s', o) as w:
        with w.connect() as c:
            c.send(plain())
            o.wait_requests(1)
            c.shut()
            c.silent()
            w.idle(0.5)
            go.set()
            r = c.final()
            same((r.status, r.body), (200, b'ok'), 'answer')
            c.ended('eof')


@case
def client_gone():
    """And when nothing comes it counts as gone, with its upstream."""
    with Origin(silent) as o, Weir('abandon_timeout = 300ms', o) as w:
        for data in (plain(), POST + b'Content-Length: 3\r\n\r\nabc'):
            with w.connect() as c:
                c.send(data)
                c.shut()
                line = w.next()
                same(line['reason'], 'client_gone', 'log')
                c.ended()
            o.quiet()


@case
def thousand_silent():
    """A thousand silent connections block nobody, and end."""
    with Origin() as o, Weir('header_timeout = 3s', o) as w:
        cs = [w.connect() for _ in range(1000)]
        for _ in range(20):
            same(w.get().status, 200, 'status')
        w.idle(0.5)
        for c in cs:
            c.recv_all()
        same(w.get().status, 200, 'status')


if __name__ == '__main__':
    main()
