"""Server-sent events: each passes when it is sent, and not later."""
import time

from weir import (OK, Origin, Peer, SLOW, WAIT, Weir, case, each, main,
                  plain, same, until, within)

FRAMINGS = [
    ('chunked', b'Transfer-Encoding: chunked\r\n'),
    ('until the end', b'Connection: close\r\n'),
    ('a length', b'Content-Length: 1000000\r\n'),
]


def head(framing):
    return (b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n'
            b'Cache-Control: no-cache\r\n' + framing + b'\r\n')


def event(framing, data):
    data = b'data: ' + data + b'\n\n'
    if b'chunked' in framing:
        return b'%x\r\n%s\r\n' % (len(data), data)
    return data


class Stream:
    """An answer's body as it comes."""

    def __init__(self, peer):
        self.peer = peer
        self.chunked = b'chunked' in peer.head().lower()

    def next(self):
        """One event; what comes must be whole events."""
        if not self.chunked:
            return self.peer.recv_until(b'\n\n')
        n = int(self.peer.recv_until(b'\r\n'), 16)
        return self.peer.recv_n(n + 2)[:-2]


@case
def as_they_are_sent():
    """The next event is sent only when the one before has arrived."""
    state = {'arrived': 0}

    def serve(peer):
        if peer.read_request() is None:
            return
        framing = state['framing']
        peer.send(head(framing))
        for i in range(50):
            peer.send(event(framing, b'%d' % i))
            until(lambda: state['arrived'] > i, 'event %d to arrive' % i)

    def check(name, framing):
        state.update(arrived=0, framing=framing)
        with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
            c.send(plain('/events', 'Accept: text/event-stream\r\n'))
            s = Stream(c)
            for i in range(50):
                same(s.next(), b'data: %d\n\n' % i, 'event')
                state['arrived'] += 1
    each(FRAMINGS, check)


@case
def head_at_once():
    """The head passes before there is any event."""
    def serve(peer):
        if peer.read_request() is not None:
            peer.send(head(FRAMINGS[0][1]))
            peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.send(plain('/events'))
        assert b'text/event-stream' in c.head()
        c.silent()


@case
def old_client():
    """A client of HTTP/1.0 gets them without chunks."""
    state = {'arrived': 0}

    def serve(peer):
        if peer.read_request() is None:
            return
        peer.send(head(FRAMINGS[0][1]))
        for i in range(5):
            peer.send(event(FRAMINGS[0][1], b'%d' % i))
            until(lambda: state['arrived'] > i, 'event %d to arrive' % i)
        peer.send(b'0\r\n\r\n')
        peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.send(b'GET /events HTTP/1.0\r\nHost: a\r\n\r\n')
        s = Stream(c)
        assert not s.chunked
        for i in range(5):
            same(s.next(), b'data: %d\n\n' % i, 'event')
            state['arrived'] += 1
        c.ended('eof')


@case
def pieces():
    """An event in pieces passes in pieces, comments and all."""
    state = {'arrived': 0}
    parts = [b': comm', b'ent\n', b'\n', b'd', b'ata: x\n', b'\n']

    def serve(peer):
        if peer.read_request() is None:
            return
        peer.send(head(b'Transfer-Encoding: chunked\r\n'))
        for i, p in enumerate(parts):
            peer.send(b'%x\r\n%s\r\n' % (len(p), p))
            until(lambda: state['arrived'] > i, 'piece %d to arrive' % i)
        peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.send(plain('/events'))
        s = Stream(c)
        for p in parts:
            same(s.next(), p, 'piece')
            state['arrived'] += 1


def endless(peer):
    """Events until the other side is gone."""
    if peer.read_request() is None:
        return
    peer.send(head(FRAMINGS[0][1]))
    peer.sock.settimeout(0.02)
    while peer.send(event(FRAMINGS[0][1], b'tick')):
        try:
            if not peer.sock.recv(1):
                return
        except TimeoutError:
            pass


def quiet(peer):
    """One event, then nothing more."""
    if peer.read_request() is None:
        return
    peer.send(head(FRAMINGS[0][1]) + event(FRAMINGS[0][1], b'only'))
    peer.recv_all()


@case
def gone_client():
    """A client that leaves takes its upstream with it, whether events come
    or not, and however it leaves."""
    def check(name, serve, leave):
        with Origin(serve) as o, Weir('', o) as w:
            c = w.connect()
            c.send(plain('/events'))
            Stream(c).next()
            began = time.monotonic()
            leave(c)
            o.quiet()
            assert time.monotonic() - began < 5 * SLOW, 'late'
            line = w.next()
            within(line['reason'], 'client_gone|client_reset', 'log')
            same(line['status'], '200', 'log')
    each([('closes', endless, Peer.close), ('resets', endless, Peer.reset),
          ('closes, quiet', quiet, Peer.close),
          ('resets, quiet', quiet, Peer.reset)], check)


@case
def half_closed_client():
    """One that ends its sending side alone still gets its events."""
    with Origin(endless) as o, Weir('', o) as w, w.connect() as c:
        c.send(plain('/events'))
        s = Stream(c)
        c.shut()
        end = time.monotonic() + 3
        while time.monotonic() < end:
            # more than one when this side was late
            same(set(s.next().split(b'\n\n')), {b'data: tick', b''},
                 'events')


@case
def cut_upstream():
    """An upstream that dies is seen to have died."""
    def serve(peer):
        if peer.read_request() is None:
            return
        peer.send(head(FRAMINGS[0][1]) + event(FRAMINGS[0][1], b'x'))
        time.sleep(0.05)
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.send(plain('/events'))
        same(Stream(c).next(), b'data: x\n\n', 'event')
        rest = c.recv_all()
        assert b'0\r\n' not in rest, rest
        same(w.next()['reason'], 'upstream_cut', 'log')


@case
def silent_stream():
    """response_timeout counts between events, and 0 is no limit."""
    def serve(peer):
        if peer.read_request() is None:
            return
        peer.send(head(FRAMINGS[0][1]))
        for _ in range(6):
            time.sleep(0.3 * SLOW)
            peer.send(event(FRAMINGS[0][1], b'x'))
        peer.recv_all()
    with Origin(serve) as o, \
            Weir('response_timeout = %dms' % (900 * SLOW), o) as w, \
            w.connect() as c:
        c.send(plain('/events'))
        s = Stream(c)
        for _ in range(6):
            same(s.next(), b'data: x\n\n', 'event')
        rest = c.recv_all()
        assert b'0\r\n' not in rest, rest
        same(w.next()['reason'], 'response_timeout', 'log')
    with Origin(serve) as o, Weir('response_timeout = 0', o) as w, \
            w.connect() as c:
        c.send(plain('/events'))
        s = Stream(c)
        for _ in range(6):
            s.next()
        c.silent(1)


@case
def many():
    """200 streams at once, each its own."""
    def serve(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            name = q.target.encode()
            peer.send(head(FRAMINGS[0][1]))
            for i in range(20):
                peer.send(event(FRAMINGS[0][1], b'%s %d' % (name, i)))
                time.sleep(0.02)
            peer.send(b'0\r\n\r\n')
    with Origin(serve) as o, Weir('', o) as w:
        clients = [w.connect() for _ in range(200)]
        for i, c in enumerate(clients):
            c.send(plain('/%d' % i))
        for i, c in enumerate(clients):
            r = c.final()
            same(r.body, b''.join(b'data: /%d %d\n\n' % (i, k)
                                  for k in range(20)), 'events')
            c.close()
        same(len(w.get('/x').chunks), 20, 'chunks')


@case
def long_poll():
    """An answer that takes its time."""
    def serve(peer):
        while peer.read_request() is not None:
            time.sleep(1)
            peer.send(OK)
    with Origin(serve) as o, Weir('', o) as w:
        began = time.monotonic()
        same(w.get('/').status, 200, 'status')
        assert 0.9 < time.monotonic() - began < WAIT


main()
