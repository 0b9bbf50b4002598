"""WebSocket over TLS: libraries and nginx around weir."""
# timeout: 240
import asyncio
import contextlib
import hashlib
import os
import random
import signal
import sys
import time

from certs import root
from tls_peer import Secure, SecureOrigin, client, here, nginx, server, to
from weir import (BINARY_OP, BRIEF, CLOSE, HERE, PING, PONG, SLOW, TEXT, WAIT,
                  Cut, Origin, Skip, Weir, case, main, plain, same, sanitized,
                  until, within, ws_101, ws_close, ws_frame, ws_request,
                  ws_serve)
sys.path.insert(0, os.path.join(HERE, 'js'))
import node  # noqa: E402

try:
    import websockets
except ImportError:
    websockets = None

MAX = 64 << 20
MB16 = random.Random(16).randbytes(16 << 20)


def weirs(plain_url, tls_url):
    """weir with TLS before it, behind it, and on both sides."""
    yield 'to plain', Secure(to(plain_url))
    yield 'to TLS', Secure(to(tls_url))
    yield 'from plain to TLS', Weir(to(tls_url))


# Python's websockets

async def serve(ws, path=None):
    path = path or ws.path
    if path == '/close':
        await ws.recv()
        await ws.close(4001, 'Grüße')
    elif path == '/ping':
        await asyncio.wait_for(await ws.ping(b'from the server'), WAIT)
        await ws.send('ponged')
        await ws.wait_closed()
    else:
        async for m in ws:
            await ws.send(m)


def through(body):
    """Runs body(connect) with weir in all three places."""
    if websockets is None:
        raise Skip('no websockets for Python')
    options = {'max_size': MAX, 'ping_interval': None, 'compression': None}

    async def run():
        leaf = here()
        async with websockets.serve(serve, '127.0.0.1', 0, **options) as a, \
                websockets.serve(serve, '127.0.0.1', 0, ssl=server(leaf),
                                 **options) as b:
            urls = ['%s://127.0.0.1:%d' % (scheme, s.sockets[0].getsockname()
                                           [1])
                    for scheme, s in (('ws', a), ('wss', b))]
            for what, weir in weirs(*urls):
                with weir as w:
                    tls = isinstance(w, Secure)

                    def connect(path):
                        return websockets.connect(
                            '%s://127.0.0.1:%d%s' % (
                                'wss' if tls else 'ws', w.port, path),
                            ssl=client() if tls else None, **options)
                    print(what, flush=True)
                    await asyncio.wait_for(body(connect, w), 6 * WAIT)
    asyncio.run(run())


async def closes(w, n):
    """Lines of the log, while the loop goes on."""
    return await asyncio.get_running_loop().run_in_executor(
        None, lambda: w.wait_log('tunnel_close', n))


@case
def messages():
    """Of all sizes, 16 MB too, and many at once."""
    async def body(connect, w):
        async with connect('/') as ws:
            for n in 0, 1, 125, 126, 16384, 65535, 65536, 1 << 20:
                for m in 'ä' * n, os.urandom(n):
                    await ws.send(m)
                    same(await ws.recv() == m, True, '%d echoed' % n)
            for i in range(500):
                await ws.send(str(i))
            for i in range(500):
                same(await ws.recv(), str(i), 'order')
            await ws.send(MB16)
            same(await ws.recv() == MB16, True, '16 MB')
        line = (await closes(w, 1))[0]
        same((line['by'], line['code'], line['messages_in'],
              line['messages_out']), ('client', '1000', '517', '517'), 'log')
    through(body)


@case
def closing():
    async def body(connect, w):
        async with connect('/close') as ws:
            await ws.send('now')
            await ws.wait_closed()
            same((ws.close_code, ws.close_reason), (4001, 'Grüße'), 'close')
        ws = await connect('/')
        await ws.close(4002, 'tschüs')
        lines = await closes(w, 2)
        same([(x['by'], x['code']) for x in lines],
             [('upstream', '4001'), ('client', '4002')], 'log')
    through(body)


@case
def pings():
    async def body(connect, w):
        async with connect('/ping') as ws:
            same(await ws.recv(), 'ponged', 'ping of the server')
            await asyncio.wait_for(await ws.ping(b'from the client'), WAIT)
    through(body)


@case
def parallel():
    """100 tunnels at once."""
    async def body(connect, w):
        async def one(i):
            async with connect('/') as ws:
                for k in range(10):
                    m = '%d %d ' % (i, k) + 'x' * (i * k * 10)
                    await ws.send(m)
                    same(await ws.recv() == m, True, 'echo')
        await asyncio.gather(*[one(i) for i in range(100)])
        same(len(await closes(w, 100)), 100, 'tunnels')
    through(body)


# node

def by_node(name, *args):
    """A case of client.js over weir in all three places."""
    node.ENV['NODE_EXTRA_CA_CERTS'] = root().cert
    with node.Script('server.js') as s, nginx(s.url) as n:
        for what, weir in weirs(s.url, n):
            with weir as w:
                scheme = 'wss' if isinstance(w, Secure) else 'ws'
                node.run('client.js', name, '%s://127.0.0.1:%d' % (
                    scheme, w.port), *args)
                opened = len(w.log('tunnel_open'))
                yield what, w.wait_log('tunnel_close', opened)


@case
def node_echo():
    for _, lines in by_node('echo'):
        same([(x['by'], x['code'], x['messages_in'], x['messages_out'])
              for x in lines], [('client', '1000', '1016', '1016')], 'log')


@case
def node_big():
    """16 MB down, up, and both."""
    for _, lines in by_node('big'):
        n = 16 << 20
        assert int(lines[0]['bytes_out']) > n, lines
        assert int(lines[1]['bytes_in']) > n, lines
        assert int(lines[2]['bytes_in']) > n, lines


@case
def node_closes():
    codes = '[[1000, ""], [1001, "going away"], [4999, "x"], [null, ""]]'
    for _, lines in by_node('close_server', codes):
        same([(x['by'], x['code']) for x in lines],
             [('upstream', c) for c in ('1000', '1001', '4999', '1005')],
             'log')


@case
def node_server_dies():
    for _, lines in by_node('server_dies'):
        same([(x['by'], x['code']) for x in lines], [('upstream', '1011')],
             'log')


@case
def node_client_dies():
    for _, lines in by_node('client_dies'):
        same([(x['by'], x['code']) for x in lines], [('client', '1006')],
             'log')


@case
def nginx_files():
    """What nginx serves over TLS, 10 MB too, arrives as it is."""
    data = MB16[:10 << 20]
    files = [('empty', b''), ('small', b'hello'), ('big', data)]
    with nginx('http://127.0.0.1:1', files) as n:
        for weir in Weir(to(n)), Secure(to(n)):
            with weir as w:
                for name, want in files:
                    got = w.get('/files/' + name)
                    same((got.status, len(got.body)), (200, len(want)), name)
                    same(hashlib.sha256(got.body).digest(),
                         hashlib.sha256(want).digest(), name)
                r = w.get('/files/big', 'Range: bytes=1000000-1999999\r\n')
                same(r.body == data[1000000:2000000], True, 'range')
                # connections that nginx closes after each answer
                got = [w.get('/files/missing', 'Connection: close\r\n')
                       .status for _ in range(10)]
                same(got, [404] * 10, 'status')


# Ends

@contextlib.contextmanager
def upstreams(handler, keys=''):
    """That handler without and with TLS, behind weir with TLS."""
    with Origin(handler) as a, SecureOrigin(here(), handler) as b:
        yield [(o, Secure(keys + to(o.url))) for o in (a, b)]


@case
def together():
    """Frames in one piece with the handshake, from either side."""
    def serve_early(peer):
        q = peer.read_request()
        peer.send(ws_101(q.get('sec-websocket-key')) +
                  ws_frame(TEXT, b'early', None))
        f = peer.frame()
        peer.send(ws_frame(TEXT, b'got ' + f.data, None))
        peer.recv_all()
    with upstreams(serve_early) as pairs:
        for _, weir in pairs:
            with weir as w, w.connect() as c:
                c.send(ws_request() + ws_frame(TEXT, b'at once'))
                same(c.final().status, 101, 'status')
                same(c.frame().data, b'early', 'from the server')
                same(c.frame().data, b'got at once', 'from the client')


@case
def dripped_frames():
    """Records of one byte, and records that come one byte at a time."""
    with upstreams(ws_serve) as pairs:
        for _, weir in pairs:
            with weir as w:
                t = w.tunnel()
                data = ws_frame(TEXT, b'hello') + ws_frame(PING, b'p')
                for i in range(len(data)):
                    t.send(data[i:i + 1])
                same(t.frame().data, b'hello', 'records of a byte')
                same(t.frame().op, PONG, 'pong')
                t.step = 1
                t.send(data)
                same(t.frame().data, b'hello', 'bytes of a record')
                same(t.frame().op, PONG, 'pong')
                t.step = None
                t.close()


@case
def client_ends():
    """What the client sent before its end arrives, however it ends."""
    data = b''.join(ws_frame(BINARY_OP, MB16[:100000]) for _ in range(10))
    got = []

    def serve_ends(peer):
        peer.send(ws_101(peer.read_request().get('sec-websocket-key')))
        n = 0
        while True:
            try:
                f = peer.frame()
            except Cut:
                f = None
            if f is None:
                break
            n += len(f.data)
        got.append((n, peer.end))
    with upstreams(serve_ends) as pairs:
        for o, weir in pairs:
            with weir as w:
                for i, how in enumerate(('shut', 'cut', 'close')):
                    del got[:]
                    t = w.tunnel()
                    t.send(data)
                    getattr(t, how)()
                    until(lambda: got, 'the end at the upstream')
                    same(got, [(1000000, 'eof')], 'of ' + how)
                    line = w.wait_log('tunnel_close', i + 1)[i]
                    same(line['by'], 'client', how)
                    t.sock.close()
                t = w.tunnel()
                t.reset()
                w.wait_log('tunnel_close', 4)
                o.quiet()


@case
def upstream_ends():
    """All that the upstream sent before its end arrives, and the end is
    said to the client."""
    data = b''.join(ws_frame(BINARY_OP, MB16[:100000], None)
                    for _ in range(20))
    for how in 'shut', 'close':
        def serve_ends(peer):
            peer.send(ws_101(peer.read_request().get('sec-websocket-key')))
            peer.frame()
            peer.send(data)
            if how == 'shut':
                peer.shut()
                peer.recv_all()
        with upstreams(serve_ends) as pairs:
            for o, weir in pairs:
                with weir as w:
                    t = w.tunnel()
                    t.send(ws_frame(TEXT, b'go'))
                    time.sleep(0.05)
                    same(t.recv_n(len(data)) == data, True, 'data')
                    f = t.frame()
                    same((f.op, f.code()), (CLOSE, 1011), "weir's Close")
                    t.ended('eof')
                    t.close()
                    line = w.wait_log('tunnel_close')[0]
                    same((line['by'], line['reason']),
                         ('upstream', 'upstream_closed'), 'log')
                    o.quiet()


@case
def half_close():
    """A plain client that ends its side alone: what it sent arrives at a TLS
    upstream, and the answers that are late arrive as well. The upstream is
    not told before it has ended, or said Close."""
    rows = [('a Close', ws_close(1000), ws_frame(CLOSE, b'\x03\xe8', None)),
            ('nothing', b'', b''),
            ('the upstream\'s Close', b'',
             ws_frame(CLOSE, b'\x03\xe8', None))]
    large = b''.join(ws_frame(BINARY_OP, MB16[:100000], None)
                     for _ in range(20))
    got = []

    def serve_late(peer):
        peer.send(ws_101(peer.read_request().get('sec-websocket-key')))
        got.append(peer.frame().data)
        time.sleep(BRIEF)
        for data in large, ws_frame(TEXT, b'late', None):
            peer.send(data)
            time.sleep(BRIEF / 3)
        if answer:
            peer.send(answer)
            # at once, and not when linger is over
            while peer.frame() is not None:
                pass
            got.append(peer.end)
    with SecureOrigin(here(), serve_late) as o, \
            Weir('linger = 100s\nabandon_timeout = 60s\n' + to(o.url)) as w:
        for why, close, answer in rows:
            del got[:]
            t = w.tunnel()
            t.send(ws_frame(TEXT, b'words') + close)
            t.shut()
            want = large + ws_frame(TEXT, b'late', None) + answer
            same(t.recv_all() == want, True, 'the answer behind ' + why)
            line = w.next('tunnel_close')
            same(line['by'], 'client', why)
            o.quiet()
            same(got, [b'words'] + ['eof'] * bool(answer), why)


@case
def half_close_lingers():
    """An upstream that waits for the end of a plain client learns it when it
    has sent nothing for a while."""
    got = []

    def serve_waits(peer):
        peer.send(ws_101(peer.read_request().get('sec-websocket-key')))
        got.append(peer.frame().data)
        peer.ended('eof')
        got.append('eof')
    with SecureOrigin(here(), serve_waits) as o, \
            Weir('linger = 100s\nabandon_timeout = %dms\n' % (500 * SLOW) +
                 to(o.url)) as w:
        t = w.tunnel()
        t.send(ws_frame(TEXT, b'words'))
        t.shut()
        t.ended('eof')
        line = w.next('tunnel_close')
        same((line['by'], line['reason']), ('client', 'client_closed'), 'log')
        until(lambda: len(got) == 2, 'the end at the upstream')
        same(got, [b'words', 'eof'], 'at the upstream')
        o.quiet()
        w.idle(0.3)


@case
def upstream_half_closes():
    """A plain upstream that ends its side alone: a client with TLS is told
    at once, and what it still sends arrives."""
    got = []

    def serve_half(peer):
        peer.send(ws_101(peer.read_request().get('sec-websocket-key')))
        peer.send(ws_frame(TEXT, b'last', None))
        peer.shut()
        got.append(peer.recv_all())
    frames = [ws_frame(BINARY_OP, MB16[:n]) for n in (0, 1, 16384, 300000)]
    with Origin(serve_half) as o, \
            Secure('linger = 100s\n' + to(o.url)) as w:
        for step in None, 1000:
            del got[:]
            t = w.tunnel()
            same(t.frame().data, b'last', 'what it said')
            same(t.frame().code(), 1011, 'the farewell')
            t.ended('eof')
            t.step = step
            for f in frames:
                same(t.send(f), True, 'sending')
                time.sleep(0.25)
            t.close()
            until(lambda: got, 'what the client sent')
            same(got[0] == b''.join(frames), True, 'all of it')
            line = w.next('tunnel_close')
            same((line['by'], line['reason']),
                 ('upstream', 'upstream_closed'), 'log')
            same(line['messages_in'], str(len(frames)), 'messages')
            o.quiet()
        # one that answers the end with its own, as most do
        t = w.tunnel()
        t.frame()
        same(t.frame().code(), 1011, 'the farewell')
        t.ended('eof')
        t.close()
        w.next('tunnel_close')
        o.quiet()
        w.idle(0.3)


@case
def killed_upstream():
    """kill -9 of the upstream's process, with and without TLS."""
    node.ENV['NODE_EXTRA_CA_CERTS'] = root().cert
    for tls in False, True:
        with node.Script('server.js') as s, contextlib.ExitStack() as stack:
            url = stack.enter_context(nginx(s.url)) if tls else s.url
            with Secure(to(url)) as w:
                tunnels = [w.tunnel('/echo') for _ in range(20)]
                for t in tunnels:
                    t.send(ws_frame(TEXT, b'x'))
                    same(t.frame().data, b'x', 'echo')
                os.kill(s.proc.pid, signal.SIGKILL)
                for t in tunnels:
                    f = t.frame()
                    same((f.op, f.code()), (CLOSE, 1011), "weir's Close")
                    t.ended('eof')
                    t.sock.close()
                lines = w.wait_log('tunnel_close', 20)
                same({(x['by'], x['code']) for x in lines},
                     {('upstream', '1011')}, 'log')
                within(str(w.get().status), '502|504', 'then')
                w.idle(0.3)


@case
def vanished_clients():
    """Clients that are gone at once, in the midst of much."""
    def serve_much(peer):
        peer.send(ws_101(peer.read_request().get('sec-websocket-key')))
        while peer.send(ws_frame(BINARY_OP, MB16[:60000], None)):
            pass
    # one that has ended its side alone could not be told from the others
    with upstreams(serve_much, 'linger = 300ms\n') as pairs:
        for o, weir in pairs:
            with weir as w:
                before = w.fds()
                for i in range(20):
                    t = w.tunnel()
                    t.recv_n(200000)
                    t.reset() if i % 2 else t.cut()
                o.quiet()
                lines = w.wait_log('tunnel_close', 20)
                same({x['by'] for x in lines}, {'client'}, 'log')
                w.wait_fds(before)
                w.idle(0.3)


@case
def slow_reader():
    """A client that does not read holds its upstream up, and weir keeps
    little."""
    sent = [0]

    def serve_much(peer):
        peer.send(ws_101(peer.read_request().get('sec-websocket-key')))
        frame = ws_frame(BINARY_OP, MB16[:60000], None)
        sent[0] = 0
        while sent[0] < 16 << 20 and peer.send(frame):
            sent[0] += len(frame)
        peer.recv_all()
    with upstreams(serve_much) as pairs:
        for _, weir in pairs:
            with weir as w:
                w.connect().close()
                before = w.memory_kb()
                c = w.connect(rcvbuf=8192)
                same(c.ask(ws_request()).status, 101, 'status')
                last = -1
                while sent[0] != last:
                    last = sent[0]
                    time.sleep(0.3)
                assert last < 16 << 20, 'nothing holds it'
                grown = w.memory_kb() - before
                assert grown < 600 or sanitized(), '%d KB' % grown
                w.idle(0.3)
                got = 0
                while got < 16 << 20:
                    f = c.frame()
                    same(f.data == MB16[:60000], True, 'frame')
                    got += 60008 - 4
                c.sock.close()


@case
def drained():
    """SIGTERM: tunnels over TLS are told 1001 and end."""
    with upstreams(ws_serve, 'drain = %dms\n' % (500 * SLOW)) as pairs:
        for _, weir in pairs:
            with weir as w:
                tunnels = [w.tunnel() for _ in range(5)]
                w.signal(signal.SIGTERM)
                for t in tunnels:
                    f = t.frame()
                    same((f.op, f.code()), (CLOSE, 1001), 'close')
                    t.send(ws_close(1001))
                    t.ended('eof')
                    t.close()
                w.wait_end()


@case
def mixed():
    """Requests, a refused handshake and a tunnel on one connection."""
    def serve_mixed(peer):
        q = peer.request_head()
        while q is not None and not q.has('sec-websocket-key'):
            peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
            q = peer.request_head()
        if q is None:
            return
        if q.target == '/no':
            peer.send(b'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno')
            return serve_mixed(peer)
        peer.send(ws_101(q.get('sec-websocket-key')))
        peer.send(ws_frame(TEXT, peer.frame().data, None))
        peer.recv_all()
    with upstreams(serve_mixed) as pairs:
        for _, weir in pairs:
            with weir as w, w.connect() as c:
                same(c.ask(plain()).status, 200, 'first')
                same(c.ask(ws_request('/no')).status, 403, 'refused')
                same(c.ask(plain()).status, 200, 'second')
                same(c.ask(ws_request()).status, 101, 'tunnel')
                c.send(ws_frame(TEXT, b'x'))
                same(c.frame().data, b'x', 'echo')


main()
