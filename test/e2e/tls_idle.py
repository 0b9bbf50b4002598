"""Tunnels over TLS that are idle: what they take, and that nothing is lost
when they go to sleep and wake, at whatever byte. WEIR_BULK is how many bytes
go each way."""
# timeout: 300
# alone
import contextlib
import os
import random
import resource
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
import threading
import time

import weir

from certs import root
from tls_peer import HOST, Secure, SecureOrigin, TlsPeer, client
from weir import (BINARY_OP, HERE, SLOW, TEXT, WAIT, Origin, Skip,
                  case, main, same, sanitized, until, ws_101, ws_frame,
                  ws_request, ws_serve)

IDLE = int(2000 / SLOW)
BOTH = int(500 / SLOW)
TOTAL = int(os.environ.get('WEIR_BULK') or (60 << 20) / SLOW)
MASK = b'\0\0\0\0'
# no pings: a slow machine would have them in what is to cost nothing
CONF = 'max_connections = 12000\nbuffers = 64\nping = 0\n'
MESSAGE = b'm' * 125


def raise_limit():
    """All the descriptors that there may be; their number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


@contextlib.contextmanager
def echo_server():
    """That of idle.py, in a process of its own, for many; its URL."""
    p = subprocess.Popen(
        [sys.executable, os.path.join(HERE, 'idle.py'), 'serve'],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    try:
        yield 'ws://127.0.0.1:%d' % int(p.stdout.readline())
    finally:
        p.kill()
        p.wait()


def tunnels(w, n, session=None):
    """n clients whose handshakes have succeeded, most of them resumed."""
    made = []
    for _ in range(n):
        c = w.connect(session=session)
        c.send(ws_request())
        made.append(c)
        session = session or c.tls.session
    for c in made:
        same(c.final().status, 101, 'status')
    return made


def echo(clients, data=MESSAGE):
    """Each says something, and then each has its answer."""
    for c in clients:
        c.send(ws_frame(TEXT, data, MASK))
    for c in clients:
        same(c.frame().data, data, 'echo')


def settled(w, before, n, most, what):
    """Waits until the memory of n of them is what it may be: an engine goes
    to sleep some seconds after its last record."""
    def each_one():
        return (w.memory_kb() - before) * 1024 / n
    end = time.monotonic() + (0.5 if sanitized() else WAIT)
    while each_one() >= most and time.monotonic() < end:
        time.sleep(0.1)
    got = each_one()
    print('%s: %.0f bytes each (%d KB before)' % (what, got, before),
          flush=True)
    assert got < most or sanitized(), 'too much memory'


def resting(w):
    """The memory when what was needed for a moment has gone back."""
    time.sleep(3)
    return w.memory_kb()


def measured(w, n, first, most):
    """Makes n tunnels beside the first ones; they take no more than most."""
    session = first[0].tls.session
    before = resting(w)
    began = time.monotonic()
    idle = tunnels(w, n, session)
    print('%d tunnels in %.1f s' % (n, time.monotonic() - began))
    settled(w, before, n, most, 'idle')
    echo(idle)
    settled(w, before, n, most, 'after use')
    echo(idle + first)
    settled(w, before, n, most, 'all once more')
    w.idle()
    return idle


@case
def memory():
    """Idle tunnels from clients with TLS."""
    allowed = raise_limit()
    n = min(IDLE, (allowed - 1000) // 2)
    if n < 100:
        raise Skip('only %d descriptors are allowed' % allowed)
    with echo_server() as url:
        with Secure(CONF + 'route = /\nupstream = %s\n' % url) as w:
            first = tunnels(w, 100)
            echo(first)
            idle = measured(w, n, first, 1400)
            same(w.log('tunnel_close'), [], 'closes')
            for c in first + idle:
                c.close()
            until(lambda: w.fds() < 100, 'the ends', 3 * WAIT)
            w.wait_log('tunnel_close', n + len(first))


@case
def parked():
    """Where engines cannot sleep: compiled so, which is how it goes on when the
    self-test fails. Their buffers go back, and the log says it once."""
    raise_limit()
    if weir.WRAP or not shutil.which('make') or not shutil.which('cc'):
        raise Skip('nothing is compiled here')
    was = weir.BINARY
    with tempfile.TemporaryDirectory() as top, echo_server() as url:
        for name in os.listdir(weir.TOP):
            if name == 'Makefile' or name.endswith('.c'):
                shutil.copy(os.path.join(weir.TOP, name), top)
        for name in 'inc', 'lib':
            shutil.copytree(os.path.join(weir.TOP, name),
                            os.path.join(top, name),
                            ignore=shutil.ignore_patterns('*.o'))
        subprocess.run(['make', '-j2', '-s', 'weir',
                        'CFLAGS=-O1 -DTLS_NO_SLEEP'], cwd=top, check=True)
        weir.BINARY = os.path.join(top, 'weir')
        try:
            with Secure(CONF + 'route = /\nupstream = %s\n' % url) as w:
                assert w.stderr().count(b'cannot be put to sleep') == 1
                first = tunnels(w, 100)
                echo(first)
                for c in first + measured(w, IDLE, first, 6000):
                    c.close()
        finally:
            weir.BINARY = was


@case
def memory_both():
    """The same with TLS on both sides."""
    raise_limit()
    leaf = root().leaf(HOST, '127.0.0.1')
    with SecureOrigin(leaf, ws_serve) as o:
        conf = CONF + 'route = /\nupstream = %s\nupstream_ca = %s\n' % (
            o.url, root().cert)
        with Secure(conf) as w:
            first = tunnels(w, 50)
            echo(first)
            # some pages more or less make 200 bytes of each
            idle = measured(w, BOTH, first, 2900)
            for c in first + idle:
                c.close()
            until(lambda: w.fds() < 100, 'the ends', 3 * WAIT)


@case
def kept_alive():
    """Clients between two requests, and upstream connections in the pool."""
    raise_limit()
    leaf = root().leaf(HOST, '127.0.0.1')
    n = BOTH
    with SecureOrigin(leaf) as o:
        conf = CONF + ('header_timeout = 60s\npool = 1000\nroute = /\n'
                       'upstream = %s\n'
                       'upstream_ca = %s\n' % (o.url, root().cert))
        with Secure(conf) as w:
            w.get()
            with w.connect() as c:
                session = c.tls.session
            before = resting(w)
            many = [w.connect(session=session) for _ in range(n)]
            settled(w, before, n, 1500, 'a client')
            for _ in range(2):
                for c in many:
                    c.send(b'GET / HTTP/1.1\r\nHost: a\r\n\r\n')
                for c in many:
                    same(c.final().body, b'ok', 'body')
            settled(w, before, n, 3000, 'a client and its upstream')
            for c in many:
                c.close()


def stopped(w, act):
    """What act() sends is there all at once when weir goes on."""
    w.signal(signal.SIGSTOP)
    try:
        act()
    finally:
        w.signal(signal.SIGCONT)


def at_once(w, n, session):
    """n tunnels, each step of whose handshakes comes at the same time."""
    made = [w.hello(session=session) for _ in range(n)]

    def hello():
        for c in made:
            with contextlib.suppress(ssl.SSLWantReadError):
                c.tls.do_handshake()
            c.push()

    def ask():
        for c in made:
            c.send(ws_request())
    stopped(w, hello)
    for c in made:
        c.handshake()
    stopped(w, ask)
    for c in made:
        same(c.final().status, 101, 'status')
    return made


@case
def storm():
    """Handshakes at once, on both sides, leave no more behind than those that
    come one by one."""
    raise_limit()
    leaf = root().leaf(HOST, '127.0.0.1')
    with SecureOrigin(leaf, ws_serve) as o:
        conf = CONF + ('tls_timeout = 100s\nhandshake_timeout = 100s\n'
                       'route = /\nupstream = %s\nupstream_ca = %s\n' %
                       (o.url, root().cert))
        with Secure(conf) as w:
            first = tunnels(w, 50)
            echo(first)
            before = resting(w)
            many = at_once(w, BOTH, first[0].tls.session)
            # those that come alone take 2,200 or so
            settled(w, before, BOTH, 2900, 'after a storm')
            for c in first + many:
                c.close()
            until(lambda: w.fds() < 100, 'the ends', 3 * WAIT)
            w.idle()


# Sleeping and waking

class Cutting(TlsPeer):
    """Its wire carries pieces of any size, with pauses between them."""
    dice = None

    def wire(self, data):
        at = 0
        while at < len(data):
            n = len(data) if not self.dice else self.dice.choice(
                (1, 2, 5, 6, self.dice.randrange(1, 100),
                 self.dice.randrange(1, 20000)))
            self.sock.sendall(data[at:at + n])
            at += n
            if self.dice and at < len(data):
                time.sleep(0.0003)


def greet(peer):
    """The upstream's part of the handshake."""
    peer.send(ws_101(peer.read_request().get('sec-websocket-key')))


def back(peer):
    """Sends back what comes, as it comes, in frames of the same bytes."""
    greet(peer)
    while True:
        f = peer.frame()
        if f is None:
            return
        peer.send(ws_frame(f.op, f.data, None))


def origin(tls):
    if tls:
        return SecureOrigin(root().leaf(HOST, '127.0.0.1'), back)
    return Origin(back)


def suite(name):
    """A client that speaks that suite alone."""
    return client(ciphers='ECDHE-ECDSA-' + name)


def route(o, tls):
    return 'route = /\nupstream = %s\n' % o.url + (
        'upstream_ca = %s\n' % root().cert if tls else '')


@case
def asleep_and_awake():
    """Much each way, over connections of which all but one are idle at any
    time: none of its bytes is lost or wrong."""
    dice = random.Random(11)
    block = dice.randbytes(1 << 20)
    suites = ['AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305']
    for tls in False, True:
        with origin(tls) as o, Secure(route(o, tls)) as w:
            clients = []
            for i in range(24):
                c = w.connect(context=suite(suites[i % 3]))
                same(c.ask(ws_request()).status, 101, 'status')
                clients.append(c)
            moved = n = 0
            while moved < TOTAL // 2:
                c = dice.choice(clients)
                size = dice.choice((0, 1, 100, 1000, 16384, 16385, 100000,
                                    dice.randrange(200000)))
                at = dice.randrange((1 << 20) - size)
                data = block[at:at + size]
                c.send(ws_frame(BINARY_OP, data, MASK))
                same(c.frame().data == data, True, '%d bytes' % size)
                moved += size
                n += 1
                if n % 20 == 0:
                    time.sleep(0.005)
            print('%d messages, %d bytes each way' % (n, moved), flush=True)
            same(w.log('tunnel_close'), [], 'closes')
            for c in clients:
                c.close()


@case
def cut_records():
    """Records that stop at any byte while others go on."""
    dice = random.Random(12)
    block = dice.randbytes(1 << 18)
    total = TOTAL // 50
    with origin(True) as o:
        with Secure(route(o, True)) as w:
            w.peer = Cutting
            clients = []
            for i in range(8):
                c = w.connect()
                same(c.ask(ws_request()).status, 101, 'status')
                c.dice = random.Random(i)
                clients.append(c)
            failed = []

            def work(c):
                moved = 0
                try:
                    while moved < total // len(clients):
                        size = c.dice.choice((0, 1, 30, 2000, 20000))
                        at = c.dice.randrange((1 << 18) - size)
                        data = block[at:at + size]
                        c.send(ws_frame(BINARY_OP, data, MASK))
                        same(c.frame().data == data, True, 'echo')
                        moved += size + 100
                except Exception as e:
                    failed.append(repr(e))
            threads = [threading.Thread(target=work, args=(c,))
                       for c in clients]
            for t in threads:
                t.start()
            for t in threads:
                t.join()
            same(failed, [], 'failures')
            for c in clients:
                c.close()


@case
def streams():
    """Both ways at full speed for a while, then nothing, then again."""
    block = random.Random(13).randbytes(1 << 20)
    with origin(True) as o, Secure(route(o, True)) as w:
        c = w.connect()
        same(c.ask(ws_request()).status, 101, 'status')
        for _ in range(max(2, int(8 / SLOW))):
            frame = ws_frame(BINARY_OP, block, MASK)
            t = threading.Thread(target=lambda: [c.sock.sendall(x)
                                                 for x in pieces])
            # sealed first, since an engine is of one thread
            pieces = []
            for _ in range(2):
                c.tls.write(frame)
                pieces.append(c.go.read())
            t.start()
            for _ in range(2):
                same(c.frame().data == block, True, 'echo')
            t.join()
            time.sleep(0.05)
        c.close()


@case
def neighbours():
    """A tunnel that is busy beside idle ones, and ends of idle ones."""
    with origin(True) as o, Secure(route(o, True)) as w:
        idle = tunnels(w, int(100 / SLOW) + 10)
        time.sleep(0.3 * SLOW)
        for i, c in enumerate(idle):
            (c.close, c.cut, c.reset)[i % 3]()
        w.wait_log('tunnel_close', len(idle))
        same({x['by'] for x in w.log('tunnel_close')}, {'client'}, 'by')
        o.quiet()
        # and by the upstream's end
        idle = tunnels(w, 30)
        time.sleep(0.3 * SLOW)
        for p in list(o.live):
            with contextlib.suppress(OSError):
                p.sock.shutdown(socket.SHUT_RDWR)
        for c in idle:
            same(c.frame().code(), 1011, "weir's Close")
            c.ended('eof')
            c.sock.close()
        w.wait_log('tunnel_close', int(100 / SLOW) + 40)
        w.idle(0.3)


main()
