"""Both ends of tunnels in the hands of a test, with and without TLS."""
import queue
import threading

from certs import root
from tls_peer import HOST, Secure, SecureOrigin
from weir import CLOSE, OK, WAIT, Origin, Weir, same, ws_101, ws_frame


class Ends(Origin):
    """An upstream whose tunnels are handed to the test.

    more holds field lines of its 101, after what bytes that come with it.
    """

    def __init__(self, more='', after=b''):
        self.more, self.after = more, after
        self.opened = queue.Queue()
        self.start()

    def start(self):
        super().__init__(self.shake)

    def shake(self, peer):
        q = peer.read_request()
        while q is not None and not q.has('sec-websocket-key'):
            peer.send(OK)
            q = peer.read_request()
        if q is None:
            return
        peer.send(ws_101(q.get('sec-websocket-key'), self.more) + self.after)
        peer.over = threading.Event()
        self.opened.put(peer)
        peer.over.wait(300)

    def taken(self):
        """The upstream's end of the next tunnel."""
        s = self.opened.get(timeout=WAIT)
        s.sock.settimeout(WAIT)
        return s

    def pair(self, w, more=''):
        """Both ends of a new tunnel: the client's and the upstream's."""
        c = w.tunnel(more=more)
        return c, self.taken()


class SecureEnds(Ends, SecureOrigin):
    """The same over TLS."""

    def start(self):
        SecureOrigin.__init__(self, root().leaf(HOST, '127.0.0.1'),
                              self.shake)


def places(conf):
    """(name, upstream, weir) without TLS, with it before weir, and with it on
    both sides. The caller stops them: with o, w:"""
    o = Ends()
    yield 'plain', o, Weir(conf, o)
    o = Ends()
    yield 'TLS to weir', o, Secure(conf, o)
    o = SecureEnds()
    yield 'TLS on both sides', o, Secure(
        conf + 'upstream_ca = %s\n' % root().cert, o)


def finish(*peers):
    for p in peers:
        p.close()
        if hasattr(p, 'over'):
            p.over.set()


def is_server(peer):
    """Whether it is the upstream's end of a tunnel."""
    return hasattr(peer, 'over')


def mask_of(peer):
    """What masks the frames that it sends: RFC 6455 5.1."""
    return None if is_server(peer) else b'\x1f\x2e\x3d\x4c'


def frame(peer, op, data=b'', fin=1, rsv=0):
    """The bytes of a frame as this end sends it."""
    return ws_frame(op, data, mask_of(peer), fin, rsv)


def next_frame(peer):
    """The next frame; it is masked as it has to be."""
    f = peer.frame()
    assert f is not None, 'the end instead of a frame'
    same(f.mask is not None, is_server(peer), 'masked')
    return f


def passes(a, b, op, data=b''):
    """A message from a arrives at b."""
    a.send(frame(a, op, data))
    f = next_frame(b)
    same((f.op, f.data), (op, data), 'message')


def told(peer, code, reason):
    """weir's Close comes, and after it the end."""
    f = next_frame(peer)
    same((f.op, f.fin, f.rsv, f.code(), f.data[2:].decode()),
         (CLOSE, 1, 0, code, reason), "weir's Close")
    peer.ended('eof')


def both_told(c, s, code, reason):
    told(c, code, reason)
    told(s, code, reason)


def logged(w, by, code, reason):
    """The next line of a closed tunnel."""
    line = w.next('tunnel_close')
    same((line['by'], line['code'], line['reason']),
         (by, str(code), reason), 'log')
    return line
