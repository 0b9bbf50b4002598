"""Python's websockets on both sides of weir, and cuts at random places."""
# timeout: 240
import asyncio
import hashlib
import http
import os
import random
import socket
import time

from weir import SLOW, Skip, WAIT, Weir, case, main, same

try:
    import websockets
except ImportError:
    websockets = None

MAX = 64 << 20
CODES = [(1000, ''), (1000, 'done'), (1001, 'away'), (3000, 'three'),
         (4000, 'Grüße, 世界 \U0001f30a'), (4999, 'é' * 61 + 'x')]


async def serve(ws, path=None):
    """What a connection does is its path."""
    path = path or ws.path
    if path == '/echo':
        async for m in ws:
            await ws.send(m)
    elif path == '/fragments':
        async for m in ws:
            await ws.send([m[i:i + 1000] for i in range(0, len(m), 1000)])
    elif path == '/close':
        code, reason = CODES[int(await ws.recv())]
        await ws.close(code, reason)
    elif path == '/ping':
        await asyncio.wait_for(await ws.ping(b'from the server'), WAIT)
        await ws.send('ponged')
        await ws.wait_closed()
    elif path == '/kill':
        await ws.recv()
        ws.transport.abort()
    else:
        await ws.wait_closed()
    ws.told.append((ws.close_code, ws.close_reason))


class Both:
    """A server, weir before it, and clients, all in one loop."""

    def __init__(self, path=None, **options):
        self.options = options
        self.path = path
        self.closes = []

    async def handler(self, ws, *_):
        ws.told = self.closes
        await serve(ws, self.path)

    async def refuse(self, path, _):
        if path.startswith('/refuse/'):
            return (http.HTTPStatus(int(path[8:])),
                    [('X-Why', 'the test')], b'no\n')
        return None

    async def __aenter__(self):
        self.server = await websockets.serve(
            self.handler, '127.0.0.1', 0, max_size=MAX, ping_interval=None,
            backlog=1000, process_request=self.refuse, **self.options)
        port = self.server.sockets[0].getsockname()[1]
        self.upstream = 'http://127.0.0.1:%d' % port
        self.port = port
        return self

    async def __aexit__(self, *_):
        self.server.close()
        await self.server.wait_closed()


def through(body, **options):
    """Runs body(connect, both, weir); connect(path) gives a client."""
    if websockets is None:
        raise Skip('no websockets for Python')

    async def run():
        async with Both(**options) as b:
            with Weir('', b.upstream) as w:
                def connect(path, **more):
                    more.setdefault('compression', None)
                    return websockets.connect(
                        'ws://127.0.0.1:%d%s' % (w.port, path),
                        max_size=MAX, ping_interval=None, **more)
                try:
                    await asyncio.wait_for(body(connect, b, w), 6 * WAIT)
                except Exception:
                    print('requests: %r' % w.log('request')[:20])
                    raise
    asyncio.run(run())


async def lines(w, event, n):
    """Those of the log, while the loop goes on."""
    return await asyncio.get_running_loop().run_in_executor(
        None, lambda: w.wait_log(event, n))


@case
def messages():
    async def body(connect, b, w):
        async with connect('/echo') as ws:
            for n in 0, 1, 125, 126, 65535, 65536, 1 << 20:
                for m in 'ä' * n, os.urandom(n):
                    await ws.send(m)
                    same(await ws.recv() == m, True, '%d echoed' % n)
            for i in range(1000):
                await ws.send(str(i))
            for i in range(1000):
                same(await ws.recv(), str(i), 'order')
        line = (await lines(w, 'tunnel_close', 1))[0]
        same((line['by'], line['code'], line['messages_in'],
              line['messages_out']), ('client', '1000', '1014', '1014'),
             'log')
    through(body, compression=None)


@case
def deflate():
    async def body(connect, b, w):
        async with connect('/echo', compression='deflate') as ws:
            same([e.name for e in ws.extensions], ['permessage-deflate'],
                 'extensions')
            text = 'compress me ' * 100000
            for _ in range(3):
                await ws.send(text)
                same(await ws.recv() == text, True, 'echoed')
        line = (await lines(w, 'tunnel_close', 1))[0]
        assert int(line['bytes_in']) < 100000, line
        assert int(line['bytes_out']) < 100000, line
    through(body, compression='deflate')


@case
def fragments():
    async def body(connect, b, w):
        async with connect('/fragments') as ws:
            for m in 'x' * 9999, os.urandom(9999):
                await ws.send([m[:1], m[:0], m[1:77], m[77:]])
                same(await ws.recv() == m, True, 'echoed')
        line = (await lines(w, 'tunnel_close', 1))[0]
        same((line['messages_in'], line['messages_out']), ('2', '2'), 'log')
    through(body)


@case
def big():
    async def body(connect, b, w):
        async with connect('/echo') as ws:
            m = random.Random(1).randbytes(16 << 20)
            await ws.send(m)
            got = await ws.recv()
            same(hashlib.sha256(got).digest(), hashlib.sha256(m).digest(),
                 'sum')
    through(body, compression=None)


@case
def closes():
    """Codes and reasons of the client, then of the server."""
    async def body(connect, b, w):
        for code, reason in CODES:
            ws = await connect('/quiet')
            await ws.close(code, reason)
            same((ws.close_code, ws.close_reason), (code, reason), 'back')
        for i, (code, reason) in enumerate(CODES):
            ws = await connect('/close')
            await ws.send(str(i))
            await ws.wait_closed()
            same((ws.close_code, ws.close_reason), (code, reason),
                 'at the client')
        closed = await lines(w, 'tunnel_close', 2 * len(CODES))
        same([(x['by'], x['code'], x['reason']) for x in closed],
             [('client', str(c), 'client_closed') for c, _ in CODES] +
             [('upstream', str(c), 'upstream_closed') for c, _ in CODES],
             'log')
        same(b.closes[:len(CODES)], CODES, 'at the server')
    through(body)


@case
def pings():
    async def body(connect, b, w):
        async with connect('/ping') as ws:
            same(await ws.recv(), 'ponged', 'from the server')
            await asyncio.wait_for(await ws.ping(b'from the client'), WAIT)
    through(body)


@case
def protocols():
    async def body(connect, b, w):
        async with connect('/echo', subprotocols=['b', 'c']) as ws:
            same(ws.subprotocol, 'b', 'chosen')
        async with connect('/echo', subprotocols=['x']) as ws:
            same(ws.subprotocol, None, 'none in common')
        same([x['protocol'] for x in await lines(w, 'tunnel_open', 2)],
             ['b', ''], 'log')
    through(body, subprotocols=['a', 'b', 'c'])


@case
def deaths():
    """One side goes without a word, the other learns it at once."""
    async def body(connect, b, w):
        ws = await connect('/kill')
        await ws.send('go')
        await asyncio.wait_for(ws.wait_closed(), 2 * SLOW)
        same((ws.close_code, ws.close_reason),
             (1011, 'upstream_closed'), 'at the client')
        ws = await connect('/quiet')
        ws.transport.abort()
        closed = await lines(w, 'tunnel_close', 2)
        same([(x['by'], x['code'], x['reason']) for x in closed],
             [('upstream', '1011', 'upstream_closed'),
              ('client', '1006', 'client_closed')], 'log')
        assert float(closed[1]['seconds']) < 2 * SLOW, closed
    through(body)


@case
def refusals():
    async def body(connect, b, w):
        for status in 401, 403, 404, 500:
            try:
                await connect('/refuse/%d' % status)
            except websockets.InvalidStatusCode as e:
                same(e.status_code, status, 'status')
                same(e.headers.get('X-Why'), 'the test', 'field')
            else:
                raise AssertionError('%d was accepted' % status)
    through(body)


@case
def parallel():
    async def one(connect, i):
        async with connect('/echo') as ws:
            for k in range(10):
                m = '%d %d ' % (i, k) + 'x' * (i * k)
                await ws.send(m)
                same(await ws.recv(), m, 'echo')

    async def body(connect, b, w):
        await asyncio.gather(*(one(connect, i) for i in range(200)))
        await lines(w, 'tunnel_close', 200)
    through(body, compression=None)


# Cuts at random places

async def cut(reader, writer, dice):
    """Passes bytes on in pieces of random sizes at random times."""
    try:
        while True:
            data = await reader.read(65536)
            if not data:
                break
            at = 0
            while at < len(data):
                n = dice.choice((1, 1, 2, 3, 5, 14, 100, 1460, 65536))
                writer.write(data[at:at + n])
                at += n
                if dice.random() < 0.2:
                    await writer.drain()
                    await asyncio.sleep(dice.choice((0, 0, 0.0005)))
        await writer.drain()
        writer.write_eof()
    except (OSError, RuntimeError):
        writer.close()


async def cutter(port, dice):
    """A server before that port which cuts what passes."""
    async def relay(reader, writer):
        up_reader, up_writer = await asyncio.open_connection('127.0.0.1',
                                                             port)
        for x in writer, up_writer:
            x.get_extra_info('socket').setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        await asyncio.gather(cut(reader, up_writer, dice),
                             cut(up_reader, writer, dice))
        for x in writer, up_writer:
            x.close()
    server = await asyncio.start_server(relay, '127.0.0.1', 0)
    return server, server.sockets[0].getsockname()[1]


def message(dice):
    n = dice.choice((0, 1, 2, 10, 124, 125, 126, 127, 1000, 65534, 65535,
                     65536, 65537, 200000))
    if n > 1000 and dice.random() < 0.5:
        n = dice.randrange(n)
    m = dice.randbytes(n)
    return m if dice.random() < 0.5 else m.hex()[:n]


def split(m, dice):
    parts = []
    while len(m) > 0 and len(parts) < 8:
        n = dice.randrange(len(m) + 1)
        parts.append(m[:n])
        m = m[n:]
    return parts + [m]


async def talk(port, dice, end):
    """One tunnel after another; what is sent comes back."""
    count = pings = 0
    while time.monotonic() < end:
        compression = dice.choice((None, 'deflate'))
        async with websockets.connect(
                'ws://127.0.0.1:%d/echo' % port, max_size=MAX,
                ping_interval=None, compression=compression) as ws:
            for _ in range(dice.randrange(1, 20)):
                sent = [message(dice) for _ in range(dice.randrange(1, 4))]
                for m in sent:
                    if dice.random() < 0.2:
                        # no two that wait may be the same
                        pings += 1
                        await ws.ping(b'%d ' % pings +
                                      dice.randbytes(dice.randrange(110)))
                    await ws.send(split(m, dice) if dice.random() < 0.4
                                  else m)
                for m in sent:
                    same(await ws.recv() == m, True, 'echo of %d' % len(m))
                count += len(sent)
                if time.monotonic() > end:
                    break
    return count


@case
def cuts():
    seed = int(os.environ.get('WEIR_SEED') or time.time_ns() % 1000000)
    print('WEIR_SEED=%d' % seed, flush=True)
    dice = random.Random(seed)

    async def run():
        async with Both() as b:
            inner, inner_port = await cutter(b.port, dice)
            with Weir('buffer = 36k\nbuffers = 64',
                      'http://127.0.0.1:%d' % inner_port) as w:
                outer, outer_port = await cutter(w.port, dice)
                end = time.monotonic() + 12
                counts = await asyncio.wait_for(asyncio.gather(
                    *(talk(outer_port, random.Random(seed + i), end)
                      for i in range(12))), 8 * WAIT)
                print('%d messages' % sum(counts), flush=True)
                assert sum(counts) > 50, 'too slow to mean anything'
                outer.close()
                inner.close()
                for line in w.log('tunnel_close'):
                    same((line['by'], line['code']), ('client', '1000'),
                         'close')
    if websockets is None:
        raise Skip('no websockets for Python')
    asyncio.run(run())


main()
