"""Many connections, few descriptors, and what is left afterwards."""
# timeout: 300
# alone
import os
import resource
import signal
import threading
import time

from weir import (SLOW, WRAP, Origin, Weir, case, main, plain, same, sanitized,
                  until, ws_close, ws_frame, ws_serve)


def in_threads(n, f):
    """Runs f(i) in n threads and gives on what went wrong."""
    bad = []

    def run(i):
        try:
            f(i)
        except Exception as e:
            bad.append('%d: %s %s' % (i, type(e).__name__, e))
    ts = [threading.Thread(target=run, args=(i,)) for i in range(n)]
    for t in ts:
        t.start()
    for t in ts:
        t.join()
    assert not bad, '%d failed: %s' % (len(bad), bad[:5])


def scaled(n):
    """Less of it where everything is slow."""
    return max(n // 20, 100) if WRAP else n


def settled(w):
    """PSS once things have calmed down."""
    time.sleep(0.5 * SLOW)
    return w.memory_kb()


@case
def connects():
    """20,000 connections of all kinds leave memory and descriptors where
    they were."""
    def some(n, kind):
        for i in range(n):
            c = w.connect()
            k = kind if kind < 6 else i % 6
            if k == 0:
                c.close()
            elif k == 1:
                c.reset()
            elif k == 2:
                c.send(b'GET / HT')
                c.close()
            elif k == 3:
                same(c.ask(plain()).status, 200, 'status')
                c.close()
            elif k == 4:
                c.send(plain())
                c.reset()
            else:
                c.send(b'x y z\r\n\r\n')
                c.recv_all()
                c.close()
    with Origin() as o, Weir('access_log = off', o) as w:
        in_threads(4, lambda i: some(scaled(2000) // 4, 6))
        for c in [w.connect() for _ in range(200)]:
            c.close()
        memory, fds = settled(w), w.fds()
        in_threads(4, lambda i: some(scaled(20000) // 4, 6))
        w.wait_fds(fds + 8)
        grown = settled(w) - memory
        limit = 60000 if sanitized() else 1000
        assert grown < limit, 'grew by %d KB' % grown
        w.idle()


@case
def tunnels():
    """The same with tunnels, ended in all ways."""
    def some(n):
        for i in range(n):
            c = w.tunnel()
            c.send(ws_frame(1, b'hello'))
            same(c.frame().data, b'hello', 'echo')
            if i % 3 == 0:
                c.send(ws_close())
                same(c.frame().code(), 1000, 'code')
            if i % 3 == 1:
                c.reset()
            c.close()
    with Origin(ws_serve) as o, Weir('access_log = off', o) as w:
        in_threads(4, lambda i: some(scaled(400) // 4))
        o.quiet()
        memory, fds = settled(w), w.fds()
        in_threads(4, lambda i: some(scaled(3000) // 4))
        o.quiet()
        w.wait_fds(fds)
        grown = settled(w) - memory
        limit = 60000 if sanitized() else 1000
        assert grown < limit, 'grew by %d KB' % grown


@case
def few_descriptors():
    """Out of descriptors accepting pauses, live work goes on, and it
    recovers by itself."""
    with Origin(ws_serve) as o, Origin() as p:
        conf = ('route = /ws\nupstream = %s\nroute = /\nupstream = %s\n' %
                (o.url, p.url))
        with Weir(conf, limits={'nofile': 64}) as w:
            t = w.tunnel('/ws')
            cs = [w.connect() for _ in range(150)]
            # live work goes on
            for _ in range(5):
                t.send(ws_frame(1, b'hello'))
                same(t.frame().data, b'hello', 'echo')
            before = w.cpu_ticks()
            time.sleep(1)
            used = w.cpu_ticks() - before
            assert used < 30, '%d ticks while out of descriptors' % used
            for c in cs:
                c.close()
            until(lambda: w.get().status == 200, 'recovery')
            for _ in range(10):
                same(w.get().status, 200, 'status')
            t.send(ws_frame(1, b'again'))
            same(t.frame().data, b'again', 'echo')
            w.idle()


@case
def few_descriptors_upstream():
    """The same while requests wait for theirs: each gets an answer."""
    with Origin() as p, Weir('', p, limits={'nofile': 48}) as w:
        got = []

        def ask(i):
            with w.connect() as c:
                got.append(c.ask(plain('/', 'Connection: close\r\n')).status)
        in_threads(100, ask)
        assert set(got) <= {200, 502, 503}, got
        assert got.count(200) > 0, 'nothing was served'
        same(w.get().status, 200, 'afterwards')


@case
def resolver_without_descriptors():
    """It dies and cannot be started again: that waits, and does not spin."""
    with Origin() as p:
        with Weir('resolve = 1s', 'http://localhost:%d' % p.port) as w:
            n = w.fds()
            same(w.get().status, 200, 'status')
            _, hard = resource.prlimit(w.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(w.pid, resource.RLIMIT_NOFILE, (n, hard))
            os.kill(w.children()[0], signal.SIGKILL)
            until(lambda: b'resolver: ' in w.stderr(), 'the error')
            w.idle()
            same(w.children(), [], 'children')
            resource.prlimit(w.pid, resource.RLIMIT_NOFILE, (hard, hard))
            until(lambda: w.children(), 'the resolver')
            same(w.get().status, 200, 'status')


@case
def limit_beyond_descriptors():
    """max_connections above what the system gives is told at start, or
    met by waiting; it is no reason to fail."""
    with Origin() as p, Weir('max_connections = 4000', p,
                             limits={'nofile': 100}) as w:
        same(w.get().status, 200, 'status')


@case
def limit_just_enough():
    """With two descriptors a connection and few to spare, nothing is said,
    and no more connections are served than were asked for."""
    with Origin() as p, Weir('max_connections = 100', p,
                             limits={'nofile': 300}) as w:
        same(w.log('ready')[-1]['max_connections'], '100', 'connections')
        assert b'descriptors' not in w.stderr(), 'a warning'


@case
def crowd():
    """Clients side by side, keep-alive and not, each with its own answer."""
    def serve(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' %
                      (len(q.target), q.target.encode()))

    def one(i):
        c = w.connect()
        for k in range(scaled(2000) // 50):
            target = '/%d-%d' % (i, k)
            last = k % 7 == 6
            r = c.ask(plain(target, 'Connection: close\r\n' if last else ''))
            same(r.body, target.encode(), 'body')
            if last:
                c.close()
                c = w.connect()
        c.close()
    with Origin(serve) as o, Weir('', o) as w:
        in_threads(50, one)
        w.idle()


@case
def idle_kinds():
    """Connections in every kind of waiting cost no CPU."""
    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        if q.target == '/part':
            peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab')
        peer.recv_all()
    conf = ('abandon_timeout = %ds\nlinger = 60s\n' % (5 * SLOW) +
            'route = /ws\nupstream = %s\nroute = /\nupstream = %s\n'
            'route = /ok\nupstream = %s\n')
    with Origin(ws_serve) as a, Origin(serve) as b, Origin() as d:
        with Weir(conf % (a.url, b.url, d.url)) as w:
            cs = []

            def add(data, shut=False, read=False):
                c = w.connect()
                c.send(data)
                if read:
                    c.fill()
                if shut:
                    c.shut()
                cs.append(c)
            for _ in range(10):
                add(b'')
                add(b'GET /')
                add(plain('/ok'), read=True)
                add(plain('/wait'))
                add(plain('/wait'), shut=True)
                add(plain('/part'), read=True)
                add(plain('/part'), shut=True, read=True)
                add(b'POST /wait HTTP/1.1\r\nHost: a\r\n'
                    b'Content-Length: 9\r\n\r\nab')
                add(b'GET / HTTP/1.1\r\nHost : a\r\n\r\n', read=True)
                t = w.tunnel('/ws')
                cs.append(t)
                t = w.tunnel('/ws')
                t.send(ws_frame(1, b'half of a message')[:5])
                cs.append(t)
            w.idle()
            w.idle()
            for c in cs:
                c.reset()
            a.quiet()
            b.quiet()
            w.idle()


@case
def half_closed_tunnel():
    """A tunnel with one side closed costs no CPU while it lingers."""
    hold = threading.Event()

    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        from weir import ws_101
        peer.send(ws_101(q.get('sec-websocket-key')))
        hold.wait(20)
    with Origin(serve) as o, Weir('linger = 60s', o) as w:
        c = w.tunnel()
        c.shut()
        w.idle()
        hold.set()
        c.close()


if __name__ == '__main__':
    main()
