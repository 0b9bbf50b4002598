"""A gigabyte down and up, by length and in chunks, in flat memory."""
# timeout: 300
# alone
import re
import threading
import time
import zlib

from weir import Origin, Weir, case, main, same, sanitized

BLOCK = bytes(range(256)) * 4096          # 1 MB
CHUNK = b'%x\r\n%s\r\n' % (65536, BLOCK[:65536])
BLOCKS = 100 if sanitized() else 1024
TOTAL = BLOCKS * len(BLOCK)
GROWTH_KB = 2048


def whole_sum():
    s = 0
    for _ in range(BLOCKS):
        s = zlib.crc32(BLOCK, s)
    return s


SUM = whole_sum()


class Sampler:
    """The most memory that weir takes while something goes on."""

    def __init__(self, w):
        self.w = w

    def __enter__(self):
        self.first = self.most = self.w.memory_kb()
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def run(self):
        while not self.over.wait(0.05):
            self.most = max(self.most, self.w.memory_kb())

    def __exit__(self, kind, *_):
        self.over.set()
        self.thread.join()
        print('memory: %d KB, then %d KB' % (self.first, self.most),
              flush=True)
        if kind is None and not sanitized():
            assert self.most - self.first < GROWTH_KB, 'memory grew'


class Sum:
    """Takes a body in, whatever its framing."""

    def __init__(self):
        self.n = self.sum = 0

    def add(self, data):
        self.n += len(data)
        self.sum = zlib.crc32(data, self.sum)

    def check(self):
        same((self.n, self.sum), (TOTAL, SUM), 'bytes and their sum')

    def length(self, peer):
        self.add(peer.take(len(peer.buf)))
        buf = memoryview(bytearray(1 << 20))
        while self.n < TOTAL:
            n = peer.sock.recv_into(buf)
            assert n > 0, 'cut after %d bytes' % self.n
            self.add(buf[:n])

    def chunked(self, peer):
        """Reads chunks, with what was read ahead in one buffer."""
        line = re.compile(rb'([0-9a-fA-F]+)\r\n')
        data = bytearray(peer.take(len(peer.buf)))
        buf = memoryview(bytearray(1 << 20))
        left, at = 0, 0   # of a chunk with its CRLF; in data
        while True:
            m = line.match(data, at) if left == 0 else None
            if left > 2 and at < len(data):
                n = min(left - 2, len(data) - at)
                self.add(memoryview(data)[at:at + n].tobytes())
                left, at = left - n, at + n
            elif 0 < left <= 2 and len(data) - at >= left:
                assert data[at:at + left] == b'\r\n', 'behind a chunk'
                left, at = 0, at + left
            elif m and int(m.group(1), 16) == 0:
                if data[m.end():m.end() + 2] == b'\r\n':
                    return
                data, at = self.more(peer, data, at, buf)
            elif m:
                left, at = int(m.group(1), 16) + 2, m.end()
            else:
                data, at = self.more(peer, data, at, buf)

    def more(self, peer, data, at, buf):
        n = peer.sock.recv_into(buf)
        assert n > 0, 'cut after %d bytes' % self.n
        return data[at:] + buf[:n], 0


def send_body(peer, chunked, blocks=BLOCKS):
    for _ in range(blocks):
        if chunked:
            for _ in range(16):
                peer.send(CHUNK)
        else:
            peer.send(BLOCK)
    if chunked:
        peer.send(b'0\r\n\r\n')


# 16 of these make a block
assert BLOCK == BLOCK[:65536] * 16


def framing(chunked):
    return b'Transfer-Encoding: chunked\r\n\r\n' if chunked else \
        b'Content-Length: %d\r\n\r\n' % TOTAL


def download(chunked):
    def serve(peer):
        if peer.read_request() is not None:
            peer.send(b'HTTP/1.1 200 OK\r\n' + framing(chunked))
            send_body(peer, chunked)
            peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c, \
            Sampler(w):
        began = time.monotonic()
        c.send(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
        assert (b'chunked' in c.head()) == chunked
        s = Sum()
        s.chunked(c) if chunked else s.length(c)
        s.check()
        print('%.1f s' % (time.monotonic() - began))
        same(w.next()['bytes_out'], str(TOTAL), 'log')


def upload(chunked):
    s = Sum()

    def serve(peer):
        head = peer.head()
        if head is None:
            return
        assert (b'chunked' in head) == chunked
        s.chunked(peer) if chunked else s.length(peer)
        peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
        peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c, \
            Sampler(w):
        began = time.monotonic()
        c.send(b'POST / HTTP/1.1\r\nHost: a\r\n' + framing(chunked))
        send_body(c, chunked)
        same(c.final().body, b'ok', 'answer')
        s.check()
        print('%.1f s' % (time.monotonic() - began))
        same(w.next()['bytes_in'], str(TOTAL), 'log')


@case
def down_by_length():
    download(False)


@case
def down_in_chunks():
    download(True)


@case
def up_by_length():
    upload(False)


@case
def up_in_chunks():
    upload(True)


@case
def both_ways():
    """An answer that begins long before its request has ended, and ends
    after it."""
    s = Sum()

    def serve(peer):
        if peer.head() is None:
            return
        peer.send(b'HTTP/1.1 200 OK\r\n' + framing(False))
        t = threading.Thread(target=send_body, args=(peer, False,
                                                     BLOCKS - 1))
        t.start()
        s.length(peer)
        t.join()
        peer.send(BLOCK)
        peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c, \
            Sampler(w):
        c.send(b'POST / HTTP/1.1\r\nHost: a\r\n' + framing(False))
        t = threading.Thread(target=send_body, args=(c, False))
        t.start()
        c.head()
        down = Sum()
        down.length(c)
        t.join()
        down.check()
        s.check()


main()
