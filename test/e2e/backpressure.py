"""One side stops reading: the other waits, nothing grows, nothing is lost."""
# timeout: 300
import hashlib
import queue
import random
import threading
import time

from weir import (BINARY_OP, OK, PING, SLOW, TEXT, WAIT, Origin, Weir,
                  case, main, plain, same, sanitized, until, ws_101,
                  ws_close, ws_frame)

N = 64 << 20
DATA = random.Random(8).randbytes(1 << 20) * (N >> 20)
SUM = hashlib.sha256(DATA).digest()


class Door(Origin):
    """An upstream that hands some connections to the test: the tunnels, and
    the requests for /mine. Others get an answer."""

    def __init__(self):
        self.opened = queue.Queue()
        super().__init__(self.serve)

    def serve(self, peer):
        while True:
            q = peer.request_head()
            if q is None:
                return
            if q.has('sec-websocket-key'):
                peer.send(ws_101(q.get('sec-websocket-key')))
            elif q.target != '/mine':
                peer.read_body(q)
                n = int(q.target[1:] or 2)
                peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n'
                          % n + b'x' * n)
                continue
            peer.over = threading.Event()
            self.opened.put(peer)
            peer.over.wait(300)
            return

    def next(self):
        s = self.opened.get(timeout=WAIT)
        s.sock.settimeout(WAIT)
        return s

    def pair(self, w):
        c = w.connect(rcvbuf=65536)
        same(c.ask(b'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n'
                   b'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
                   b'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
                   ).status, 101, 'status')
        return c, self.next()


def finish(*peers):
    for p in peers:
        p.close()
        if hasattr(p, 'over'):
            p.over.set()


class Flood:
    """Sends data as fast as it is taken."""

    def __init__(self, peer, data):
        self.peer, self.data, self.sent = peer, memoryview(data), 0
        peer.sock.settimeout(300)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        try:
            while self.sent < len(self.data):
                self.sent += self.peer.sock.send(
                    self.data[self.sent:self.sent + 65536])
        except OSError:
            pass  # whoever misses something tells of it

    def stalled(self):
        """Waits until no more is taken; how much it was."""
        while True:
            before = self.sent
            time.sleep(0.3 * SLOW)
            if self.sent == before:
                return before


def sum_of(peer, n):
    """The sum of the next n bytes."""
    ahead = peer.take(min(n, len(peer.buf)))
    h = hashlib.sha256(ahead)
    n -= len(ahead)
    while n > 0:
        more = peer.sock.recv(min(n, 1 << 18))
        assert more, '%d bytes are missing' % n
        h.update(more)
        n -= len(more)
    return h.digest()


def others_go_on(o, w):
    """A request, a large answer, and a tunnel, beside what is stalled."""
    same(w.get('/2').body, b'xx', 'request')
    same(len(w.get('/1000000').body), 1000000, 'large answer')
    same(w.get('/2', method='POST', body=b'y' * 1000000).status, 200,
         'upload')
    c, s = o.pair(w)
    c.send(ws_frame(TEXT, b'hello'))
    same(s.frame().data, b'hello', 'tunnel')
    s.send(ws_frame(TEXT, b'x' * 1000000, None))
    same(len(c.frame().data), 1000000, 'tunnel')
    finish(c, s)


def stall(o, w, sender, reader, data, total):
    """sender floods, reader waits; then reader reads on."""
    before = w.memory_kb()
    flood = Flood(sender, data)
    sent = flood.stalled()
    assert sent < len(data), 'all %d bytes were taken' % sent
    grown = w.memory_kb() - before
    print('%d bytes under way, memory %d KB more' % (sent, grown),
          flush=True)
    assert grown < 500 or sanitized(), 'memory grew by %d KB' % grown
    others_go_on(o, w)
    same(flood.stalled(), sent, 'stalled')
    w.idle()
    same(sum_of(reader, len(total)), hashlib.sha256(total).digest(),
         'sum of what arrived')
    flood.thread.join(WAIT)


@case
def tunnels():
    """Either side of a tunnel, and control frames go the other way."""
    for by in 'upstream', 'client':
        with Door() as o, Weir('', o) as w:
            c, s = o.pair(w)
            a, b = (s, c) if by == 'upstream' else (c, s)
            mask = None if by == 'upstream' else b'\0\0\0\0'
            back = b'abcd' if by == 'upstream' else None
            data = ws_frame(BINARY_OP, DATA, mask)
            flood = Flood(a, data)
            sent = flood.stalled()
            assert sent < len(data), 'all was taken'
            for i in range(10):
                b.send(ws_frame(PING, b'%d' % i, back))
                same(a.frame().data, b'%d' % i, 'ping the other way')
            b.send(ws_close(4003, b'', back))
            same(a.frame().code(), 4003, 'close the other way')
            # and what was under way still arrives
            same(sum_of(b, len(data)), hashlib.sha256(data).digest(), 'sum')
            finish(c, s)
            line = w.wait_log('tunnel_close')[0]
            same(line['code'], '4003', 'code')


@case
def tunnel_down():
    with Door() as o, Weir('', o) as w:
        c, s = o.pair(w)
        data = ws_frame(BINARY_OP, DATA, None)
        stall(o, w, s, c, data, data)
        finish(c, s)


@case
def tunnel_up():
    with Door() as o, Weir('', o) as w:
        c, s = o.pair(w)
        data = ws_frame(BINARY_OP, DATA, b'\0\0\0\0')
        stall(o, w, c, s, data, data)
        finish(c, s)


@case
def both():
    """Neither side reads: both stall, and neither blocks the other."""
    with Door() as o, Weir('', o) as w:
        c, s = o.pair(w)
        up = Flood(c, ws_frame(BINARY_OP, DATA, b'\0\0\0\0'))
        down = Flood(s, ws_frame(BINARY_OP, DATA, None))
        assert up.stalled() < N and down.stalled() < N
        others_go_on(o, w)
        w.idle()
        same(sum_of(c, len(down.data)), hashlib.sha256(down.data).digest(),
             'down')
        same(sum_of(s, len(up.data)), hashlib.sha256(up.data).digest(), 'up')
        finish(c, s)


@case
def download():
    """A client that does not read its answer."""
    with Door() as o, Weir('', o) as w:
        c = w.connect(rcvbuf=65536)
        c.send(plain('/mine'))
        s = o.next()
        s.send(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % N)
        c.head()
        stall(o, w, s, c, DATA, DATA)
        finish(c, s)


@case
def download_in_chunks():
    with Door() as o, Weir('', o) as w:
        c = w.connect(rcvbuf=65536)
        c.send(plain('/mine'))
        s = o.next()
        s.send(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
        c.head()
        size = 1 << 20
        data = b''.join(b'%x\r\n%s\r\n' % (size, DATA[:size])
                        for _ in range(N // size)) + b'0\r\n\r\n'
        flood = Flood(s, data)
        assert flood.stalled() < N, 'all was taken'
        others_go_on(o, w)
        n, h = 0, hashlib.sha256()
        while True:
            size = int(c.recv_until(b'\r\n'), 16)
            if size == 0:
                break
            h.update(c.recv_n(size + 2)[:-2])
            n += size
        same((n, h.digest()), (N, SUM), 'bytes and sum')
        finish(c, s)


@case
def upload():
    """An upstream that does not read its request."""
    with Door() as o, Weir('', o) as w:
        c = w.connect()
        c.send(b'POST /mine HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n'
               % N)
        s = o.next()
        stall(o, w, c, s, DATA, DATA)
        s.send(OK)
        same(c.final().body, b'ok', 'answer')
        finish(c, s)


@case
def slow_reader():
    """One that reads little by little gets all of it."""
    with Door() as o, Weir('', o) as w:
        c, s = o.pair(w)
        data = ws_frame(BINARY_OP, DATA[:4 << 20], None)
        flood = Flood(s, data)
        h = hashlib.sha256()
        n = 0
        while n < len(data):
            more = c.sock.recv(min(20011, len(data) - n))
            assert more, 'cut'
            h.update(more)
            n += len(more)
            time.sleep(0.002)
        same(h.digest(), hashlib.sha256(data).digest(), 'sum')
        flood.thread.join(WAIT)
        finish(c, s)


@case
def stopped_for_good():
    """body_timeout ends a client that never reads; its upstream goes too."""
    with Door() as o, Weir('body_timeout = 500ms', o) as w:
        c = w.connect(rcvbuf=65536)
        c.send(plain('/mine'))
        s = o.next()
        s.send(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % N)
        flood = Flood(s, DATA)
        line = w.wait_log('request')[0]
        same(line['reason'], 'write_timeout', 'log')
        until(lambda: not flood.thread.is_alive(), 'the upstream to be told')
        finish(c, s)


def crowd(kind):
    """300 of them, where there are buffers for 64."""
    n = 300
    with Door() as o, Weir('buffers = 64', o) as w:
        bound = int(w.log('ready')[0]['memory_max']) // 1024
        start = w.memory_kb()
        ends, floods = [], []
        frame = ws_frame(BINARY_OP, DATA[:8 << 20], None)
        up = ws_frame(BINARY_OP, DATA[:8 << 20], b'\0\0\0\0')
        for i in range(n):
            if kind == 'tunnels':
                c, s = o.pair(w)
                floods.append(Flood(s, frame) if i % 2 else Flood(c, up))
                ends.append((c, s, c if i % 2 else s, len(frame) if i % 2
                             else len(up)))
            else:
                c = w.connect(rcvbuf=65536)
                c.send(plain('/mine'))
                s = o.next()
                s.send(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n'
                       % (8 << 20))
                floods.append(Flood(s, DATA[:8 << 20]))
                ends.append((c, s, c, 8 << 20))
        time.sleep(0.5 * SLOW)
        most = w.memory_kb()
        print('memory: %d KB, then %d KB of %d KB' % (start, most, bound),
              flush=True)
        assert most - start < bound or sanitized(), 'memory'
        # 64 buffers of 64 KB, and what belongs to 300 sessions
        assert most - start < 6000 or sanitized(), 'memory'
        for i in range(20):
            same(w.get('/2').body, b'xx', 'request %d' % i)
        same(w.get('/20000').status, 200, 'a larger one')
        with w.connect() as c:
            for i in range(20):
                same(c.ask(plain('/100')).body, b'x' * 100, 'kept')
        used = w.cpu_ticks()
        time.sleep(1)
        used = w.cpu_ticks() - used
        print('%d ticks of CPU in a second' % used, flush=True)

        # they read again, all at once
        failed = []

        def read(end, flood):
            c, s, reader, size = end
            try:
                if kind == 'downloads':
                    c.head()
                same(sum_of(reader, size),
                     hashlib.sha256(flood.data).digest(), 'sum')
            except Exception as e:
                failed.append(e)
        threads = [threading.Thread(target=read, args=x)
                   for x in zip(ends, floods)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        same(failed, [], 'failures')
        for c, s, _, _ in ends:
            finish(c, s)
        others_go_on(o, w)
        w.wait_fds(20)
        assert used <= 20, '%d ticks of CPU while all wait' % used


@case
def crowd_of_tunnels():
    crowd('tunnels')


@case
def crowd_of_downloads():
    crowd('downloads')


@case
def crowd_that_leaves():
    """They go without having read; their buffers come back."""
    with Door() as o, Weir('buffers = 64', o) as w:
        fds = w.fds()
        for _ in range(3):
            ends = []
            for i in range(100):
                c, s = o.pair(w)
                Flood(s, ws_frame(BINARY_OP, DATA[:8 << 20], None))
                ends.append((c, s))
            time.sleep(0.2)
            for i, (c, s) in enumerate(ends):
                (c if i % 2 else s).reset()
                finish(c, s)
            w.wait_fds(fds + 4)
        others_go_on(o, w)
        # a Close fits in where the upstream was reset between two frames
        codes = {x['code'] for x in w.log('tunnel_close')}
        assert codes <= {'1006', '1011'}, codes


main()
