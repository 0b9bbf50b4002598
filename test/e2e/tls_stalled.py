"""Peers over TLS that stop in the middle: of a record, of what is sent to
them, of a handshake. They hurt themselves alone."""
# timeout: 300
# alone
import contextlib
import resource
import socket
import threading
import time

from certs import root
from tls_peer import HOST, Secure, SecureOrigin, TlsPeer
from weir import (BINARY_OP, SLOW, WAIT, Origin, case, main, plain,
                  same, sanitized, until, ws_101, ws_frame, ws_request,
                  ws_serve)

MANY = int(800 / SLOW) if not sanitized() else 800
MASK = b'\0\0\0\0'
BLOCK = bytes(range(256)) * 64
CONF = ('max_connections = 4000\nlinger = 1s\ntls_timeout = 100s\n'
        'header_timeout = 100s\npool = 1000\n')
# with these 128 buffers of 33 KB, parts of records may take as much again
MOST_KB = 2 * 128 * 33178 // 1024


def many_files():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def narrow(w, session):
    """A connection for which the kernel keeps little."""
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    s.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
    s.settimeout(WAIT)
    s.connect(w.address)
    c = TlsPeer(s, w.context, w.name, session)
    c.handshake()
    return c


def opened(w, n, connect=Secure.connect):
    """n tunnels, most of them resumed."""
    made, session = [], None
    for _ in range(n):
        c = connect(w, session=session)
        session = session or c.tls.session
        c.send(ws_request())
        made.append(c)
    for c in made:
        same(c.final().status, 101, 'status')
    return made


def echo(c, n=1):
    """Messages of a whole record, one after another."""
    for _ in range(n):
        c.send(ws_frame(BINARY_OP, BLOCK, MASK))
        same(c.frame().data == BLOCK, True, 'echo')


def part(c, n=16000):
    """Sends the first n bytes of a record of 16 KB."""
    c.tls.write(ws_frame(BINARY_OP, BLOCK, MASK))
    c.sock.sendall(c.go.read()[:n])


@contextlib.contextmanager
def going_on(*clients):
    """Tunnels that go on with large messages all the while."""
    over, failed, count = threading.Event(), [], [0]

    def work(c):
        try:
            while not over.is_set():
                echo(c)
                count[0] += 1
                time.sleep(0.01)
        except Exception as e:
            failed.append(repr(e))
    threads = [threading.Thread(target=work, args=(c,)) for c in clients]
    for t in threads:
        t.start()
    try:
        yield
    finally:
        over.set()
        for t in threads:
            t.join()
    same(failed, [], 'of those that went on')
    print('%d messages beside them' % count[0], flush=True)
    assert count[0] > 0, 'nothing went on'


def newcomer(w):
    """A new client gets its handshake and its answers."""
    with contextlib.closing(w.connect()) as c:
        same(c.ask(ws_request()).status, 101, 'status')
        echo(c, 5)
        c.sock.close()


def grown(w, before, what):
    kb = w.memory_kb() - before
    print('%s: %d KB' % (what, kb), flush=True)
    assert kb < MOST_KB + 2 * MANY * 10 or sanitized(), '%d KB' % kb


@case
def half_records():
    """Hundreds of clients that stop in the middle of a record."""
    many_files()
    with Origin(ws_serve) as o, Secure(CONF, o) as w:
        good = opened(w, 3)
        echo(good[0])
        many = opened(w, MANY)
        before = w.memory_kb()
        with going_on(*good[1:]):
            for c in many:
                part(c)
            newcomer(w)
        echo(good[0], 5)
        grown(w, before, 'half a record each')
        # the newcomer has ended its own way
        until(lambda: len(w.log('tunnel_close', reason='client_closed')) == 1,
              'the end of the newcomer')
        n = len(w.log('tunnel_close', reason='tls_stalled', by='client'))
        same(len(w.log('tunnel_close')), n + 1, 'ends')
        assert n > 0 and n < MANY, '%d were cut' % n
        print('%d of %d were cut' % (n, MANY))
        # the oldest went, and the others can go on
        over = [c for c in many if gone(c)]
        same(len(over), n, 'of them')
        assert not gone(many[-1])
        for c in many + good:
            c.sock.close()
        w.idle(0.3)


def gone(c):
    """weir has ended the connection; what came with that is dropped."""
    c.sock.setblocking(False)
    try:
        return c.sock.recv(1) == b''
    except BlockingIOError:
        return False
    except OSError:
        return True


@case
def dripping():
    """A byte now and then does not make a record younger."""
    many_files()
    with Origin(ws_serve) as o, Secure(CONF + 'buffers = 8\n', o) as w:
        good = opened(w, 1)[0]
        drips = opened(w, 6)
        rest = []
        for c in drips:
            c.tls.write(ws_frame(BINARY_OP, BLOCK, MASK))
            data = c.go.read()
            c.sock.sendall(data[:10000])
            rest.append(data[10000:])
        time.sleep(0.2)
        many = []
        for i in range(int(60 / min(SLOW, 3))):
            for c, data in zip(drips, rest):
                with contextlib.suppress(OSError):
                    c.sock.sendall(data[i:i + 1])
            more = opened(w, 1)[0]
            many.append(more)
            part(more)
        echo(good, 3)
        newcomer(w)
        until(lambda: len(w.log('tunnel_close', reason='tls_stalled')) >
              len(drips) - 5, 'their ends')
        same(gone(many[-1]), False, 'the youngest has ended')
        for c in many + drips + [good]:
            c.sock.close()


@case
def not_reading():
    """Clients that do not read what is sent to them."""
    many_files()

    def talk(peer):
        q = peer.read_request()
        peer.send(ws_101(q.get('sec-websocket-key')))
        f = peer.frame()
        while f is not None:
            # more than the kernel keeps for weir
            n = 60 if f.data == b'much' else 1
            for _ in range(n):
                peer.send(ws_frame(BINARY_OP, BLOCK, None))
            f = peer.frame()
    n = int(300 / min(SLOW, 2))
    with Origin(talk) as o, Secure(CONF + 'buffers = 8\n', o) as w:
        good = opened(w, 2)
        many = opened(w, n, narrow)
        before = w.memory_kb()
        with going_on(good[1]):
            for c in many:
                c.send(ws_frame(BINARY_OP, b'much', MASK))
            w.wait_log('tunnel_close', n // 8, reason='tls_stalled')
            newcomer(w)
        echo(good[0], 5)
        kb = w.memory_kb() - before
        print('%d KB, %d were cut' % (
            kb, len(w.log('tunnel_close', reason='tls_stalled'))))
        assert kb < 8 * (64 + 33 + 33) + n * 12 or sanitized(), kb
        for c in many + good:
            c.sock.close()


@case
def half_hellos():
    """Clients that stop in the middle of a hello, or behind it."""
    many_files()
    with Origin(ws_serve) as o, Secure(CONF, o) as w:
        good = opened(w, 2)
        p = w.hello()
        with contextlib.suppress(Exception):
            p.tls.do_handshake()
        data = p.go.read()
        p.sock.close()
        for n in 1, 4, 5, 6, len(data) // 2, len(data) - 1, len(data):
            before = w.memory_kb()
            with going_on(good[1]):
                many = []
                for _ in range(MANY):
                    c = w.plain()
                    c.sock.sendall(data[:n])
                    many.append(c)
                newcomer(w)
            echo(good[0], 3)
            kb = w.memory_kb() - before
            print('%d bytes of a hello: %d KB' % (n, kb), flush=True)
            assert kb < MANY * 12 or sanitized(), kb
            for c in many:
                c.sock.close()
        # behind it, with a record that is not whole
        many = []
        for _ in range(MANY):
            c = w.plain()
            c.sock.sendall(data + b'\x16\x03\x03\x40\x00' + b'x' * 9000)
            many.append(c)
        newcomer(w)
        echo(good[0], 3)
        for c in many:
            c.sock.close()
        for c in good:
            c.sock.close()


@case
def upstream_stalls():
    """Upstreams that stop in the middle of a record, in a tunnel or before
    an answer."""
    many_files()
    hold = threading.Event()

    def serve(peer):
        q = peer.read_request()
        if q.target == '/echo':
            peer.requests.clear()
            peer.send(ws_101(q.get('sec-websocket-key')))
            while True:
                f = peer.frame()
                if f is None:
                    return
                peer.send(ws_frame(f.op, f.data, None))
        if q.target == '/tunnel':
            peer.send(ws_101(q.get('sec-websocket-key')))
            peer.tls.write(ws_frame(BINARY_OP, BLOCK, None))
        else:
            peer.tls.write(b'HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n'
                           b'\r\n' + b'x' * 16000)
        peer.sock.sendall(peer.go.read()[:15000])
        hold.wait(60)
    n = int(80 / min(SLOW, 3))
    conf = ('buffers = 8\nresponse_timeout = 100s\nroute = /\n'
            'upstream = %s\nupstream_ca = %s\n')
    with SecureOrigin(root().leaf(HOST, '127.0.0.1'), serve) as o:
        with Secure(CONF + conf % (o.url, root().cert)) as w:
            good = w.tunnel('/echo')
            tunnels = [w.tunnel('/tunnel') for _ in range(n)]
            answers = []
            for _ in range(n):
                c = w.connect()
                c.send(plain('/x'))
                answers.append(c)
            echo(good, 5)
            w.wait_log('tunnel_close', 1, reason='upstream_stalled',
                       by='upstream')
            lines = w.wait_log('request', 1, reason='upstream_stalled',
                               status='502')
            print('%d answers were given up' % len(lines))
            first = answers[0].final()
            same(first.status, 502, 'status')
            assert b'upstream_stalled' in first.body, first
            hold.set()
            echo(good, 3)
            for c in tunnels + answers + [good]:
                c.sock.close()


main()
