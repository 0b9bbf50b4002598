"""Two libraries on both sides, cut at random before and behind weir.

Everything at once: fragments, compression, pings of both ends between them,
and weir's own heartbeats on both legs. WEIR_BULK is the number of messages
each way in each case.
"""
# timeout: 240
import asyncio
import os
import random
import sys

from weir import HERE, SLOW, WAIT, Skip, Weir, case, main, same
sys.path.insert(0, os.path.join(HERE, 'js'))
from node import Script  # noqa: E402

try:
    import websockets
    from websockets.legacy.client import WebSocketClientProtocol
    from websockets.legacy.server import WebSocketServerProtocol
except ImportError:
    websockets = None

N = int(os.environ.get('WEIR_BULK') or 2000)
LONG = max(6 * WAIT, N * 0.02 * SLOW)
CONF = 'ping = 50ms\nping_timeout = 60s\n'


def message(side, i):
    """The same as message() of js/fuzz.js."""
    x = (((i + 1) * 2654435761) & 0xffffffff) ^ (0x5bd1e995 if
                                                 side == 'client' else 0)
    size = x % 70000 if x % 500 == 0 else x % 3000 if x % 10 == 0 else x % 200
    text = ('%s:%d:' % (side, i)).ljust(size, chr(97 + x % 26))
    data = text.encode() if x % 2 else text
    step = -(-len(text) // (1 + (x >> 8) % 4))
    return data, [data[k:k + step] for k in range(0, len(data), step)]


def asks(i):
    """In half of the time there are pings, and pauses in the other."""
    return i % 50 == 49 and i % 500 < 250


# Relays that cut

async def pour(reader, writer, dice):
    try:
        while True:
            data = await reader.read(65536)
            if not data:
                break
            while data:
                n = dice.choice((1, 2, 5, 14, 100, 1000, 4000, 65536))
                writer.write(data[:n])
                data = data[n:]
                await asyncio.sleep(0)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def cutter(port, seed):
    """A relay to that port; its own port."""
    dice = random.Random(seed)

    async def serve(reader, writer):
        r, w = await asyncio.open_connection('127.0.0.1', port)
        for x in writer, w:
            x.get_extra_info('socket').setsockopt(6, 1, 1)
        await asyncio.gather(pour(reader, w, dice), pour(r, writer, dice))
        w.close()
        writer.close()

    server = await asyncio.start_server(serve, '127.0.0.1', 0)
    return server, server.sockets[0].getsockname()[1]


# An end in Python

def seeing(base):
    """The protocol that keeps the pings and pongs that come."""
    class Seeing(base):
        def __init__(self, *args, **more):
            super().__init__(*args, **more)
            self.pings_seen, self.pongs_seen = [], []

        async def read_frame(self, max_size):
            f = await super().read_frame(max_size)
            if f.opcode == 9:
                self.pings_seen.append(f.data.decode('latin-1'))
            if f.opcode == 10:
                self.pongs_seen.append(f.data.decode('latin-1'))
            return f
    return Seeing


async def send_all(ws, side):
    waits = []
    for i in range(N):
        data, parts = message(side, i)
        await ws.send(parts if len(parts) > 1 else data)
        if asks(i):
            waits.append(await ws.ping('%s ping %d' % (side, i)))
        if i % 500 == 400:
            await asyncio.sleep(0.2)
    for w in waits:
        await w


async def recv_all(ws, side):
    for i in range(N):
        want, _ = message(side, i)
        got = await ws.recv()
        assert got == want, '%s %d: %r' % (side, i, got[:40])


async def play(ws, side):
    other = 'server' if side == 'client' else 'client'
    await asyncio.gather(send_all(ws, side), recv_all(ws, other))
    # silence at last, so that weir asks, however busy the machine was
    await asyncio.sleep(0.5)
    await ws.send('done')
    same(await ws.recv(), 'done', 'the last one')
    if side == 'client':
        await ws.close(1000, 'done')
    else:
        await ws.wait_closed()
    return {'got': N, 'pings': ws.pings_seen, 'pongs': ws.pongs_seen,
            'code': ws.close_code}


def saw(end, side):
    """It saw its peer's pings and weir's, and pongs to its own alone."""
    other = 'server' if side == 'client' else 'client'
    asked = [i for i in range(N) if asks(i)]
    same((end['got'], end['code']), (N, 1000), side)
    same(end['pongs'], ['%s ping %d' % (side, i) for i in asked],
         side + ': pongs')
    theirs = [x for x in end['pings'] if x.startswith(other)]
    same(theirs, ['%s ping %d' % (other, i) for i in asked],
         side + ': pings')
    ours = [x for x in end['pings'] if not x.startswith(other)]
    same({len(x) for x in ours}, {12}, side + ': lengths of the others')
    same(len({x[:8] for x in ours}), 1, side + ": weir's tags")
    return len(ours)


async def node_end(script):
    """What a script saw."""
    loop = asyncio.get_running_loop()

    def wait():
        while not script.of('end'):
            assert not script.of('failed'), script.of('failed')
            script.wait('end', wait=LONG)
        return script.of('end')[0]
    return await loop.run_in_executor(None, wait)


async def through(client, server, conf):
    """Runs one end of each kind over relay, weir, relay."""
    ends, stack = {}, []
    if server == 'node':
        s = Script('fuzz.js', 'server', N)
        stack.append(s.__exit__)
        port = s.port
        served = asyncio.ensure_future(node_end(s))
    else:
        served = asyncio.get_running_loop().create_future()

        async def handler(ws, *_):
            try:
                served.set_result(await play(ws, 'server'))
            except Exception as e:
                served.set_exception(e)
        s = await websockets.serve(
            handler, '127.0.0.1', 0, ping_interval=None,
            create_protocol=seeing(WebSocketServerProtocol))
        port = s.sockets[0].getsockname()[1]
    seed = random.randrange(1 << 30)
    print('seed %d' % seed, flush=True)
    behind, port = await cutter(port, seed)
    with Weir(conf, 'http://127.0.0.1:%d' % port) as w:
        before, port = await cutter(w.port, seed + 1)
        url = 'ws://127.0.0.1:%d/' % port
        try:
            if client == 'node':
                c = Script('fuzz.js', 'client', N, url)
                stack.append(c.__exit__)
                ends['client'] = await asyncio.wait_for(node_end(c), LONG)
            else:
                ws = await websockets.connect(
                    url, ping_interval=None,
                    create_protocol=seeing(WebSocketClientProtocol))
                ends['client'] = await asyncio.wait_for(play(ws, 'client'),
                                                        LONG)
            ends['server'] = await asyncio.wait_for(served, LONG)
            line = w.wait_log('tunnel_close')[0]
            same((line['by'], line['code'], line['messages_in'],
                  line['messages_out']),
                 ('client', '1000', str(N + 1), str(N + 1)), 'log')
        finally:
            for f in stack:
                f()
            behind.close()
            before.close()
    pings = [saw(ends[side], side) for side in ('client', 'server')]
    print('%d messages each way, pings of weir: %d to the client, %d to the '
          'server' % ((N,) + tuple(pings)), flush=True)


def run(client, server, conf=CONF):
    if websockets is None:
        raise Skip('no websockets for Python')
    asyncio.run(asyncio.wait_for(through(client, server, conf), 2 * LONG))


@case
def python_python():
    run('python', 'python')


@case
def python_node():
    run('python', 'node', CONF + 'ws_check = strict\n')


@case
def node_python():
    run('node', 'python', CONF + 'ws_check = strict\nmax_message = 80k\n')


@case
def node_node():
    run('node', 'node')


main()
