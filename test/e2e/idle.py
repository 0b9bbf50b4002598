"""Ten thousand idle tunnels: what they take, and what they cost others."""
# timeout: 300
# alone
import os
import resource
import selectors
import socket
import statistics
import subprocess
import sys
import time

from weir import (HERE, PONG, TEXT, WAIT, Hang, Skip, Weir, case, main, masked,
                  run_weir, same, sanitized, until, ws_101, ws_frame,
                  ws_request)

IDLE = 10000
BUSY = 64
MESSAGES = 20000
ROUNDS = 5
TEXT_125 = b'm' * 125
MASK = b'\0\0\0\0'   # so that an echo needs no unmasking
UP = ws_frame(TEXT, TEXT_125, MASK)
DOWN = ws_frame(TEXT, TEXT_125, None)


# The upstream, a process of its own: "idle.py serve"

def greet(data):
    """The answer to a handshake."""
    key = data.split(b'Sec-WebSocket-Key: ')[1].split(b'\r\n')[0]
    return ws_101(key.decode())


def serve():
    """Accepts handshakes and echoes messages of the one size."""
    raise_limit()
    listener = socket.socket()
    listener.bind(('127.0.0.1', 0))
    listener.listen(4096)
    listener.setblocking(False)
    print(listener.getsockname()[1], flush=True)
    poll = selectors.EpollSelector()
    poll.register(listener, selectors.EVENT_READ, None)
    while True:
        for k, _ in poll.select():
            if k.data is None:
                try:
                    s, _ = listener.accept()
                except OSError:
                    continue
                s.setblocking(False)
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                poll.register(s, selectors.EVENT_READ, [b'', False])
                continue
            try:
                data = k.fileobj.recv(65536)
                if data:
                    step(k.fileobj, k.data, data)
                    continue
            except OSError:
                pass
            poll.unregister(k.fileobj)
            k.fileobj.close()


def step(s, state, data):
    if state[1] and data == UP:
        s.send(DOWN)
        return
    if state[1] and not state[0]:
        data = answer_pings(s, data)
    state[0] += data
    if not state[1] and state[0].endswith(b'\r\n\r\n'):
        s.send(greet(state[0]))
        state[:] = b'', True
    while state[1] and len(state[0]) >= len(UP):
        assert state[0].startswith(UP), state[0][:200]
        s.send(DOWN)
        state[0] = state[0][len(UP):]


def answer_pings(s, data):
    """What is left of whole frames when weir's pings have been answered."""
    while data[:2] in (b'\x89\x8c', b'\x89\x0c'):
        if data[1] & 128:
            plain, n = masked(data[6:18], data[2:6]), 18
            s.send(ws_frame(PONG, plain, None))
        else:
            plain, n = data[2:14], 14
            s.send(ws_frame(PONG, plain, MASK))
        assert len(plain) == 12, 'half a ping'
        data = data[n:]
    return data


def raise_limit():
    """All the descriptors that there may be; their number."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    want = 2 * IDLE + 4096
    for limit in (want, max(want, hard)), (hard, hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, limit)
            return limit[0]
        except (ValueError, OSError):
            continue
    return soft


# The clients

def connect_all(port, n):
    """n clients whose handshakes have succeeded."""
    clients = []
    while len(clients) < n:
        batch = []
        for _ in range(min(100, n - len(clients))):
            s = socket.socket()
            s.settimeout(WAIT)
            s.connect(('127.0.0.1', port))
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            s.send(ws_request())
            batch.append(s)
        for s in batch:
            answer = b''
            while not answer.endswith(b'\r\n\r\n'):
                more = s.recv(4096)
                assert more, 'refused: %r' % answer
                answer += more
            same(answer[:12], b'HTTP/1.1 101', 'status')
        clients += batch
    return clients


def echo(clients, messages):
    """So many echoes in all, one under way on each connection."""
    poll = selectors.EpollSelector()
    for s in clients:
        poll.register(s, selectors.EVENT_READ)
    left, awaited = messages - len(clients), len(clients)
    for s in clients:
        s.send(UP)
    end = time.monotonic() + 6 * WAIT
    while awaited:
        ready = poll.select(WAIT)
        if not ready or time.monotonic() > end:
            raise Hang('%d echoes do not come' % awaited)
        for k, _ in ready:
            data = k.fileobj.recv(4096)
            assert data == DOWN, 'echo %r' % data[:100]
            awaited -= 1
            if left:
                k.fileobj.send(UP)
                left, awaited = left - 1, awaited + 1
    poll.close()


def cpu_ns(w):
    """What weir has used: nanoseconds where the system tells them."""
    try:
        with open('/proc/%d/schedstat' % w.pid) as f:
            ns = int(f.read().split()[0])
            if ns > 0:
                return ns
    except (OSError, ValueError):
        pass
    return w.cpu_ticks() * 1000000000 // os.sysconf('SC_CLK_TCK')


def cost(w, clients):
    before = cpu_ns(w)
    echo(clients, MESSAGES)
    return (cpu_ns(w) - before) / MESSAGES / 1000


def compare(with_idle, without):
    """Medians in microseconds a message, from rounds in turn."""
    rows = []
    for _ in range(ROUNDS):
        rows.append((cost(*with_idle), cost(*without)))
    print('us a message beside idle ones and without: %s' % ', '.join(
        '%.1f %.1f' % r for r in rows))
    a, b = (statistics.median(r[i] for r in rows) for i in (0, 1))
    print('medians %.2f and %.2f us, ratio %.3f' % (a, b, a / b),
          flush=True)
    return a / b


class Server:
    def __enter__(self):
        self.proc = subprocess.Popen(
            [sys.executable, os.path.join(HERE, 'idle.py'), 'serve'],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self.url = 'ws://127.0.0.1:%d' % int(self.proc.stdout.readline())
        return self

    def __exit__(self, *_):
        self.proc.kill()
        self.proc.wait()


CONF = 'max_connections = 12000\nbuffers = 64\n'


def parks():
    return b'idle set: none' not in run_weir('-V')[1]


@case
def tunnels():
    allowed = raise_limit()
    # weir needs two for each tunnel
    n = min(IDLE, (allowed - 100) // 2 - BUSY - 50)
    if n < 8000:
        raise Skip('only %d descriptors are allowed' % allowed)
    if n < IDLE:
        print('%d tunnels, since %d descriptors are allowed' % (n, allowed))
    conf = CONF + 'ping = 0\n'
    with Server() as o, Weir(conf, o) as w, Weir(conf, o) as alone:
        first = connect_all(w.port, 200)
        busy, others = (connect_all(x.port, BUSY) for x in (w, alone))
        echo(busy, 2000)
        before = w.memory_kb()
        began = time.monotonic()
        idle = connect_all(w.port, n - len(first))
        print('%d tunnels in %.1f s' % (n, time.monotonic() - began))
        time.sleep(0.5)
        after = w.memory_kb()
        each = (after - before) * 1024 / len(idle)
        print('memory: %d KB, then %d KB: %.0f bytes a tunnel'
              % (before, after, each), flush=True)
        assert each < 1024 or sanitized(), 'too much memory'
        if parks():
            w.idle()
            ratio = compare((w, busy), (alone, others))
            assert ratio < 1.6 or sanitized(), 'idle tunnels cost'
        # they all still work
        echo(first + idle, n)
        echo(busy, 1000)
        after = w.memory_kb()
        print('memory after use: %d KB' % after)
        assert (after - before) * 1024 / n < 1500 or sanitized(), 'memory'
        same(len(w.log('tunnel_close')), 0, 'closes')
        for s in first + idle + busy:
            s.close()
        until(lambda: w.fds() < 100, 'the ends', 3 * WAIT)
        same(len(w.wait_log('tunnel_close', n + BUSY)), n + BUSY, 'closes')
        for s in others:
            s.close()


@case
def pinged():
    """Heartbeats on both legs of all of them. WEIR_TUNNELS, WEIR_SECONDS and
    WEIR_CONF make it larger."""
    want = int(os.environ.get('WEIR_TUNNELS') or 2000)
    seconds = int(os.environ.get('WEIR_SECONDS') or 5)
    conf = os.environ.get('WEIR_CONF') or 'ping = 2s'
    n = min(want, (raise_limit() - 200) // 2)
    with Server() as o, Weir('%s%s\n' % (CONF, conf), o) as w:
        clients = connect_all(w.port, 200)
        before = w.memory_kb()
        clients += connect_all(w.port, n - 200)
        poll = selectors.EpollSelector()
        for s in clients:
            poll.register(s, selectors.EVENT_READ)
        pings, ticks = 0, w.cpu_ticks()
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            for k, _ in poll.select(0.5):
                same(answer_pings(k.fileobj, k.fileobj.recv(4096)), b'',
                     'bytes behind a ping')
                pings += 1
        each = (w.memory_kb() - before) * 1024 / (n - 200)
        print('%d tunnels, %s: %.0f bytes a tunnel; %d pings to clients, %d '
              'ticks in %d s' % (n, conf, each, pings,
                                 w.cpu_ticks() - ticks, seconds), flush=True)
        assert pings > n // 2 or 'WEIR_CONF' in os.environ, 'few pings'
        assert each < 640 or sanitized(), 'too much memory'
        same(w.log('tunnel_close'), [], 'ends')
        poll.close()
        for s in clients:
            s.close()
        line = w.wait_log('tunnel_close', n)[0]
        assert 'rtt_client' in line and 'rtt_upstream' in line or \
            'WEIR_CONF' in os.environ, line


@case
def mass_end():
    """Their server goes, and all of them end at once."""
    allowed = raise_limit()
    n = min(4000, (allowed - 200) // 2)
    with Server() as o, Weir(CONF, o) as w:
        clients = connect_all(w.port, n)
        o.proc.kill()
        for s in clients:
            same(s.recv(100)[:4], b'\x88\x11\x03\xf3', 'end')
            s.close()
        until(lambda: w.fds() < 100, 'the ends', 3 * WAIT)
        w.idle()


if sys.argv[1:] == ['serve']:
    serve()
main()
