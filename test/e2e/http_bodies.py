"""Bodies arrive as they were, whatever their framing and however cut."""
import random
import threading

from weir import (OK, Cut, Origin, Weir, answer, case, each, main, plain, same,
                  until)

CHUNKED = b'Transfer-Encoding: chunked\r\n'
SIZES = [0, 1, 2, 9, 10, 15, 16, 17, 255, 256, 257, 4095, 4096, 4097, 16383,
         16384, 16385, 65535, 65536, 65537, 131072, 200001, 1000000, 5000000]


def data_of(n, seed=0):
    return random.Random(n * 31 + seed).randbytes(n)


def chunked(data, size=None, seed=1):
    """data in chunks of that size, or of all sizes."""
    dice, out, at = random.Random(seed), [], 0
    while at < len(data):
        n = size or dice.choice([1, 2, 5, 16, 100, 1000, 5000, 70000])
        piece = data[at:at + n]
        out.append(b'%x\r\n%s\r\n' % (len(piece), piece))
        at += n
    return b''.join(out) + b'0\r\n\r\n'


def send_aside(c, data):
    """Sends while the caller reads."""
    t = threading.Thread(target=c.send, args=(data,), daemon=True)
    t.start()
    return t


def mirror(peer):
    """Answers with the body it got, framed as the target says."""
    while True:
        q = peer.read_request()
        if q is None:
            return
        if 'chunked' in q.target:
            head, body = CHUNKED, chunked(q.body)
        elif 'eof' in q.target:
            peer.send(b'HTTP/1.1 200 OK\r\n\r\n' + q.body)
            return
        else:
            head, body = b'Content-Length: %d\r\n' % len(q.body), q.body
        peer.send(b'HTTP/1.1 200 OK\r\n' + head + b'\r\n' + body)


def request(target, up, data, version=b'1.1'):
    head = b'POST /%s HTTP/%s\r\nHost: a\r\n' % (target.encode(), version)
    if up == 'chunked':
        return head + CHUNKED + b'\r\n' + chunked(data)
    return head + b'Content-Length: %d\r\n\r\n' % len(data) + data


@case
def all_sizes():
    """Every size in every framing up and down."""
    def check(n):
        data = data_of(n)
        with w.connect() as c:
            for up in ('length', 'chunked'):
                for down in ('length', 'chunked', 'eof'):
                    send_aside(c, request(down, up, data))
                    r = c.final('POST')
                    same((r.status, len(r.body)), (200, n), up + ' ' + down)
                    assert r.body == data, 'other bytes'
                    assert o.requests[-1].body == data, 'upstream'
                    same(o.requests[-1].framing, up if n or up == 'chunked'
                         else o.requests[-1].framing, 'framing')
    with Origin(mirror) as o, Weir('', o) as w:
        each([(n,) for n in SIZES], check)


@case
def logged_sizes():
    """bytes_in and bytes_out count the bodies, not their framing."""
    def check(n, up, down):
        with w.connect() as c:
            send_aside(c, request(down, up, data_of(n)))
            c.final('POST')
        line = w.next()
        same((line['bytes_in'], line['bytes_out']), (str(n), str(n)), 'log')
    with Origin(mirror) as o, Weir('', o) as w:
        each([(n, up, down) for n in (0, 1, 1000, 300000)
              for up in ('length', 'chunked')
              for down in ('length', 'chunked', 'eof')], check)


@case
def to_http10():
    """An HTTP/1.0 client gets no chunks: a length or the end instead."""
    def check(n, down):
        data = data_of(n)
        with w.connect() as c:
            send_aside(c, request(down, 'length', data, b'1.0'))
            r = c.final('POST')
            assert not r.has('transfer-encoding'), 'chunked'
            same(r.framing, 'length' if down == 'length' else 'eof',
                 'framing')
            assert r.body == data, 'other bytes'
            c.ended('eof')
    with Origin(mirror) as o, Weir('', o) as w:
        each([(n, d) for n in (0, 1, 4096, 300000)
              for d in ('length', 'chunked', 'eof')], check)


@case
def cut_small():
    """Requests and responses in pieces of every size."""
    data = data_of(40)
    up = request('chunked', 'chunked', data)

    def serve(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            peer.drip(b'HTTP/1.1 200 OK\r\n' + CHUNKED +
                      b'\r\n' + chunked(q.body, 3))
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        for n in range(1, 30):
            c.send_cuts(up, range(n, len(up), n), 0.0005)
            same(c.final().body, data, 'body')


@case
def chunk_shapes():
    """Chunks of one byte, of one size, and one of everything."""
    data = data_of(3000)

    def check(size):
        with w.connect() as c:
            send_aside(c, b'POST /chunked HTTP/1.1\r\nHost: a\r\n' + CHUNKED
                       + b'\r\n' + chunked(data, size))
            assert c.final('POST').body == data, 'other bytes'
    with Origin(mirror) as o, Weir('', o) as w:
        each([(s,) for s in (1, 2, 3, 7, 15, 16, 17, 1023, 3000)], check)


@case
def streamed_down():
    """What an upstream sends is passed on at once."""
    go = threading.Semaphore(0)

    def serve(peer):
        if peer.read_request() is None:
            return
        peer.send(b'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n' +
                  CHUNKED + b'\r\n')
        for i in range(20):
            go.acquire()
            peer.send(b'9\r\ndata: %02d\n\r\n' % i)
        go.acquire()
        peer.send(b'0\r\n\r\n')
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.send(plain())
        same(c.head().split()[1], b'200', 'status')
        for i in range(20):
            go.release()
            c.recv_until(b'data: %02d\n' % i)
        go.release()
        c.recv_until(b'0\r\n\r\n')


@case
def streamed_down_without_length():
    """The same where the upstream's connection ends the body."""
    go = threading.Semaphore(0)

    def serve(peer):
        if peer.read_request() is not None:
            peer.send(b'HTTP/1.1 200 OK\r\n\r\n')
            for i in range(5):
                go.acquire()
                peer.send(b'data: %02d\n' % i)
    for ask in (plain(), b'GET / HTTP/1.0\r\n\r\n'):
        with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
            c.send(ask)
            for i in range(5):
                go.release()
                c.recv_until(b'data: %02d\n' % i)


@case
def streamed_up():
    """What a client sends is passed on at once."""
    got = []

    def serve(peer):
        q = peer.request_head()
        if q is None:
            return
        for i in range(20):
            got.append(peer.recv_until(b'piece %02d' % i))
        peer.recv_until(b'0\r\n\r\n')
        peer.send(OK)
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.send(b'POST / HTTP/1.1\r\nHost: a\r\n' + CHUNKED + b'\r\n')
        for i in range(20):
            c.send(b'8\r\npiece %02d\r\n' % i)
            until(lambda: len(got) > i, 'the piece upstream')
        c.send(b'0\r\n\r\n')
        same(c.final('POST').body, b'ok', 'answer')


@case
def both_ways_at_once():
    """A response that goes with the request's body, byte for byte."""
    def serve(peer):
        if peer.request_head() is None:
            return
        peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n')
        for _ in range(50):
            peer.send(peer.recv_n(1))
        peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.send(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\n')
        c.head()
        for i in range(50):
            c.send(b'%c' % i)
            same(c.recv_n(1), b'%c' % i, 'byte')


@case
def trailers():
    """Trailers pass both ways behind the re-made chunks."""
    tail = b'2\r\nok\r\n0\r\nX-Sum: abc\r\nX-Other: d\r\n\r\n'
    data = b'HTTP/1.1 200 OK\r\n' + CHUNKED + b'\r\n' + tail

    def serve(peer):
        while peer.read_request() is not None:
            peer.drip(data)
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        for send in (c.send, c.drip):
            send(b'POST / HTTP/1.1\r\nHost: a\r\n' + CHUNKED + b'\r\n' +
                 tail)
            r = c.final('POST')
            want = [('X-Sum', 'abc'), ('X-Other', 'd')]
            same((r.body, r.trailers), (b'ok', want), 'response')
            q = o.requests[-1]
            same((q.body, q.trailers), (b'ok', want), 'request')
        r = w.ask(b'GET / HTTP/1.0\r\n\r\n')
        same((r.body, r.trailers), (b'ok', []), 'to HTTP/1.0')


@case
def slow_reader():
    """A client that reads late gets everything; memory stays bounded."""
    data = data_of(40000000)
    head = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(data)
    with Origin(answer(head + data)) as o, Weir('', o) as w:
        with w.connect(rcvbuf=8192) as c:
            before = w.memory_kb()
            c.send(plain())
            until(lambda: c.buf or c.fill(), 'the first bytes')
            w.idle()
            grown = w.memory_kb() - before
            assert grown < 20000, 'grew by %d KB' % grown
            r = c.final()
            assert r.body == data, 'other bytes'


@case
def slow_upstream():
    """An upstream that reads late gets everything."""
    go = threading.Event()
    data = data_of(40000000)

    def serve(peer):
        q = peer.request_head()
        if q is not None:
            go.wait(30)
            q.body = peer.recv_n(q.length())
            peer.send(OK)
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        before = w.memory_kb()
        sender = send_aside(c, request('', 'length', data))
        o.wait_requests(1)
        w.idle()
        grown = w.memory_kb() - before
        assert grown < 20000, 'grew by %d KB' % grown
        go.set()
        same(c.final('POST').body, b'ok', 'answer')
        sender.join()
        assert o.requests[0].body == data, 'other bytes'


@case
def large_lengths():
    """Lengths over 4 GB are told as they are; nothing overflows."""
    def check(n):
        head = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\nxyz' % n
        with Origin(answer(head, close=True)) as o, Weir('', o) as w:
            with w.connect() as c:
                c.send(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3'
                       b'\r\n\r\nabc')
                try:
                    r = c.final()
                    same(r.status, 502, 'cut response')
                except Cut:
                    pass
            with w.connect() as c:
                c.send(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d'
                       b'\r\n\r\nabc' % n)
                q = until(lambda: len(o.requests) > 1 and o.requests[1])
                same(q.get('content-length'), str(n), 'length upstream')
    each([(n,) for n in (2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**32 + 1,
                         2**53, 2**63 - 1)], check)


if __name__ == '__main__':
    main()
