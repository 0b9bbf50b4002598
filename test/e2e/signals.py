"""SIGHUP, SIGTERM, SIGUSR1: nothing that is under way is lost."""
import os
import signal
import socket
import threading
import time

from weir import (BRIEF, Origin, Weir, answer, case, each, free_port,
                  has_ipv6, listening, main, never, plain, refusal, same,
                  until, within, ws_close, ws_frame, ws_serve)

TERM, HUP = signal.SIGTERM, signal.SIGHUP


class Gate:
    """An upstream that answers when it is told to."""

    def __init__(self, name=b'ok'):
        self.go = threading.Event()
        self.origin = Origin(self.serve)
        self.name = name

    def serve(self, peer):
        while peer.read_request() is not None:
            self.go.wait(60)
            peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' %
                      (len(self.name), self.name))


def named(name):
    return answer(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' %
                  (len(name), name))


def route(o, path='/', more=''):
    return 'route = %s\nupstream = %s\n%s\n' % (path, o.url, more)


@case
def reload_applies():
    with Origin(named(b'a')) as a, Origin(named(b'b')) as b:
        with Weir(route(a)) as w, w.connect() as c:
            same(c.ask(plain()).body, b'a', 'before')
            w.reload(route(b))
            same(c.ask(plain()).body, b'b', 'on the same connection')
            same(w.get().body, b'b', 'on a new one')
            w.reload('body_max = 3\n' + route(b, '/b'))
            refusal(w.get('/'), 404, 'no_route')
            refusal(w.get('/b', method='POST', body=b'four'), 413)
            same(w.pid, w.proc.pid, 'process')


@case
def reload_in_flight():
    """What began under the old file ends under it."""
    g = Gate(b'old')
    with g.origin as o, Origin(named(b'new')) as n:
        conf = route(o, more='set_response_header = X-A: old')
        with Weir(conf) as w, w.connect() as c:
            c.send(plain())
            o.wait_requests(1)
            w.reload(route(n))
            same(w.get().body, b'new', 'new request')
            g.go.set()
            r = c.final()
            same((r.body, r.get('x-a')), (b'old', 'old'), 'old request')
            same(c.ask(plain()).body, b'new', 'next request')


@case
def reload_upload_in_flight():
    """A body that is still coming goes on to where it began."""
    with Origin() as o, Origin(named(b'new')) as n:
        with Weir(route(o)) as w, w.connect() as c:
            c.send(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n'
                   b'\r\nhello')
            o.wait_requests(1)
            w.reload(route(n))
            c.send(b'world')
            same(c.final().body, b'ok', 'answer')
            same(o.requests[0].body, b'helloworld', 'body')


@case
def reload_tunnels():
    """Tunnels stay; those whose route is gone are drained."""
    with Origin(ws_serve) as o:
        conf = route(o, '/a') + route(o, '/b')
        with Weir('drain = 300ms\n' + conf) as w:
            a, b = w.tunnel('/a'), w.tunnel('/b')
            w.reload('drain = 300ms\n' + conf)
            for t in (a, b):
                t.send(ws_frame(1, b'x'))
                same(t.frame().data, b'x', 'echo')
            w.reload('drain = 300ms\n' + route(o, '/a'))
            f = b.frame()
            same((f.op, f.code()), (8, 1012), 'the gone one')
            b.send(ws_close(1001))
            b.close()
            a.send(ws_frame(1, b'y'))
            same(a.frame().data, b'y', 'the other one')
            line = w.next('tunnel_close')
            same((line['by'], line['route'], line['code']),
                 ('weir', '/b', '1012'), 'log')


BROKEN = [
    ('unknown key', 'nonsense = 1'),
    ('no value', 'body_max'),
    ('bad duration', 'body_timeout = 5x'),
    ('bad upstream', 'route = /x\nupstream = gopher://x'),
    ('no upstream', 'route = /x'),
    ('key in the wrong place', 'route = /x\nupstream = http://x\n'
     'listen = :1'),
    ('undefined variable', 'host_header = ${WEIR_NOT_THERE}'),
    ('missing file', 'host_header = ${file:/nonexistent}'),
    ('log that cannot be opened', 'log = /nonexistent/x'),
    ('control characters', 'set_header = A: \x01'),
]


@case
def reload_broken():
    """A broken file changes nothing, not even half of it."""
    with Origin(named(b'a')) as a, Origin(named(b'b')) as b:
        with Weir(route(a)) as w, w.connect() as c:
            def check(name, line):
                n = len(w.log('message', level='error'))
                if line.startswith('route'):
                    w.write_conf(route(b) + line)
                else:
                    w.write_conf(line + '\n' + route(b))
                w.signal(HUP)
                w.wait_log('message', n + 1, level='error')
                same(c.ask(plain()).body, b'a', 'old connection')
                same(w.get().body, b'a', 'new connection')
                same(w.log('reload'), [], 'reload lines')
            each(BROKEN, check)
            os.unlink(w.conf_path)
            w.signal(HUP)
            same(w.get().body, b'a', 'without the file')
            w.reload(route(b))
            same(w.get().body, b'b', 'repaired')


@case
def reload_bad_listener():
    """One listener that cannot be opened leaves all as they were."""
    taken = socket.socket()
    taken.bind(('127.0.0.1', 0))
    taken.listen(1)
    free = free_port()
    with Origin(named(b'a')) as a, Origin(named(b'b')) as b:
        with Weir(route(a)) as w:
            base = 'listen = http://127.0.0.1:%d\n' % w.port
            w.write_conf(base + 'listen = http://127.0.0.1:%d\n'
                         'listen = http://127.0.0.1:%d\n' % (
                             free, taken.getsockname()[1]) + route(b))
            w.signal(HUP)
            w.wait_log('message', 1, level='error')
            same(w.get().body, b'a', 'answer')
            assert not listening(free), 'half of it was done'
    taken.close()


@case
def reload_listeners():
    """Listeners come and go; their connections stay."""
    extra = free_port()
    with Origin() as o, Weir(route(o)) as w:
        base = 'listen = http://127.0.0.1:%d\n' % w.port
        more = 'listen = http://127.0.0.1:%d\n' % extra
        w.reload(base + more + route(o))
        c = w.connect(('127.0.0.1', extra))
        same(c.ask(plain()).status, 200, 'new listener')
        same(w.get().status, 200, 'old listener')
        w.reload(base + route(o))
        until(lambda: not listening(extra), 'the listener to go')
        same(c.ask(plain()).status, 200, 'its connection')
        same(w.get().status, 200, 'old listener')
        c.close()


@case
def reload_same_address():
    """An address that is only written in another way stays open."""
    port = free_port()
    with Origin() as o, Weir(route(o)) as w:
        base = 'listen = http://127.0.0.1:%d\n' % w.port
        for names in (('localhost', '127.0.0.1', 'ws://LOCALHOST'),
                      ('', '*', 'http://', 'ws://*'),
                      ('[::1]', 'http://[0::1]')):
            if '[' in names[0] and not has_ipv6():
                continue
            for name in names + names[:1]:
                w.reload(base + 'listen = %s:%d\n' % (name, port) + route(o))
                same(w.get().status, 200, 'the other one')
                with w.connect(('::1' if '[' in name else '127.0.0.1',
                                port)) as c:
                    same(c.ask(plain()).status, 200, name)
            w.reload(base + route(o))
        same(w.log('message', level='error'), [], 'errors')


@case
def reload_unix_listener():
    with Origin() as o, Weir(route(o)) as w:
        path = os.path.join(w.dir, 'in')
        base = 'listen = http://127.0.0.1:%d\n' % w.port
        for _ in range(3):
            w.reload(base + 'listen = unix:%s\n' % path + route(o))
            with w.connect(path) as c:
                same(c.ask(plain()).status, 200, 'unix')
            w.reload(base + route(o))
            until(lambda: not os.path.exists(path), 'the socket to go')


@case
def reload_start_keys():
    """Keys that take a restart are warned of and stay."""
    with Origin() as o, Weir('fields_max = 20', o) as w:
        w.reload('fields_max = 50\nmax_connections = 7')
        text = ' '.join(x['msg'] for x in w.log('message', level='warn'))
        assert 'fields_max' in text and 'max_connections' in text, text
        r = w.get('/', 'A: b\r\n' * 30)
        refusal(r, 431, 'too_many_fields')


@case
def reload_live_keys():
    """And the others are applied."""
    with Origin() as o, Weir('log_format = text', o) as w:
        w.reload('log_format = json\nline_max = 20\nlog_level = debug')
        refusal(w.get('/' + 'a' * 50), 414, 'line_too_long')
        line = w.stderr().strip().split(b'\n')[-1]
        assert line.startswith(b'{'), line


@case
def reload_many():
    """A hundred reloads under load lose no request, and no memory."""
    bad, done = [], threading.Event()
    with Origin(named(b'x')) as o, Origin(ws_serve) as t:
        conf = route(o) + route(t, '/ws')
        with Weir('access_log = off\n' + conf) as w:
            def load():
                with w.connect() as c:
                    while not done.is_set():
                        r = c.ask(plain())
                        if r.body != b'x':
                            bad.append(r)

            def chat():
                with w.tunnel('/ws') as c:
                    while not done.is_set():
                        c.send(ws_frame(1, b'hello'))
                        if c.frame().data != b'hello':
                            bad.append('echo')

            def guarded(f):
                try:
                    f()
                except Exception as e:
                    bad.append(repr(e))
            ts = [threading.Thread(target=guarded, args=(f,))
                  for f in [load] * 4 + [chat] * 2]
            for x in ts:
                x.start()
            for i in range(100):
                w.reload()
            fds = w.fds()
            for i in range(20):
                w.reload()
            done.set()
            for x in ts:
                x.join()
            same(bad, [], 'failures')
            assert w.fds() <= fds + 10, 'descriptors'


@case
def drain_idle():
    """Nothing under way: it ends at once, with 0."""
    with Origin(ws_serve) as o:
        w = Weir('drain = 60s', o)
        idle = [w.connect() for _ in range(3)]
        for c in idle:
            c.ask(plain())
        silent = w.connect()
        w.signal(TERM)
        for c in idle:
            c.ended('eof')
        silent.close()
        same(w.wait_end(), 0, 'status')
        words = [x['event'] for x in w.log()]
        assert words.index('drain') < words.index('stop'), words
        w.check()


@case
def drain_finishes():
    """A request under way is answered, and told that it was the last."""
    g = Gate()
    with g.origin as o:
        w = Weir('drain = 60s', o)
        c = w.connect()
        c.send(plain())
        o.wait_requests(1)
        w.signal(TERM)
        w.wait_log('drain')
        until(lambda: not listening(w.port), 'the listener to close')
        never(w.dead, 'the end')
        g.go.set()
        r = c.final()
        same(r.body, b'ok', 'answer')
        assert r.lists('connection', 'close'), 'not told'
        c.ended('eof')
        same(w.wait_end(), 0, 'status')
        w.check()


@case
def drain_bodies():
    """Bodies in both directions are finished too."""
    go = threading.Event()

    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello')
        go.wait(20)
        peer.send(b'world')
    with Origin(serve) as o:
        w = Weir('drain = 60s', o)
        a, b = w.connect(), w.connect()
        a.send(plain())
        a.fill()
        b.send(b'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nab')
        o.wait_requests(2)
        w.signal(TERM)
        w.wait_log('drain')
        b.send(b'cd')
        go.set()
        for c in (a, b):
            same(c.final().body, b'helloworld', 'body')
        same(w.wait_end(), 0, 'status')
        w.check()


@case
def drain_pipelined():
    """What stands behind the last answer is not served."""
    g = Gate()
    with g.origin as o:
        w = Weir('drain = 60s', o)
        c = w.connect()
        c.send(plain() * 3)
        o.wait_requests(1)
        w.signal(TERM)
        w.wait_log('drain')
        g.go.set()
        same(c.final().body, b'ok', 'answer')
        c.ended()
        c.close()
        same(w.wait_end(), 0, 'status')
        w.check()


@case
def drain_half_a_head():
    """A head that is still coming is served, or refused, not dropped."""
    with Origin() as o:
        w = Weir('drain = 60s', o)
        c = w.connect()
        c.send(plain()[:-2])
        # it has been read once a later request was served
        w.get()
        w.signal(TERM)
        w.wait_log('drain')
        c.send(plain()[-2:])
        r = c.final()
        within(str(r.status), '200|503', 'status')
        same(w.wait_end(), 0, 'status')
        w.check()


@case
def drain_tunnels():
    """Tunnels get 1001 within the drain time, both sides of them."""
    codes = []

    def serve(peer):
        from weir import ws_101
        q = peer.read_request()
        if q is None:
            return
        peer.send(ws_101(q.get('sec-websocket-key')))
        f = peer.frame()
        if f is not None:
            codes.append((f.op, f.code(), f.mask is not None))
    with Origin(serve) as o:
        w = Weir('drain = 1s', o)
        ts = [w.tunnel() for _ in range(10)]
        w.signal(TERM)
        for t in ts:
            f = t.frame()
            same((f.op, f.code(), f.mask), (8, 1001, None), 'frame')
            t.send(ws_close(1001))
        same(w.wait_end(), 0, 'status')
        o.quiet()
        same(codes, [(8, 1001, True)] * 10, 'codes upstream')
        lines = w.log('tunnel_close')
        same([(x['by'], x['code'], x['reason']) for x in lines],
             [('weir', '1001', 'drain')] * 10, 'log')
        w.check()


@case
def drain_deaf_tunnels():
    """A side that does not answer the Close is not waited for."""
    def serve(peer):
        from weir import ws_101
        q = peer.read_request()
        if q is not None:
            peer.send(ws_101(q.get('sec-websocket-key')))
            time.sleep(20)
    with Origin(serve) as o:
        w = Weir('drain = 500ms\nlinger = 500ms', o)
        t = w.tunnel()
        w.signal(TERM)
        same(t.frame().code(), 1001, 'code')
        same(w.wait_end(), 0, 'status')
        w.check()
        t.close()


@case
def drain_ends():
    """At the end of the drain time everything ends."""
    g = Gate()
    with g.origin as o:
        w = Weir('drain = 400ms', o)
        c = w.connect()
        c.send(plain())
        o.wait_requests(1)
        w.signal(TERM)
        same(w.wait_end(), 0, 'status')
        got = c.recv_all()
        assert got == b'' or b' 503 ' in got, got
        w.check()
        g.go.set()


@case
def second_term():
    """A second SIGTERM ends it at once."""
    g = Gate()
    with g.origin as o, Origin(ws_serve) as t:
        w = Weir('drain = 600s\n' + route(o) + route(t, '/ws'))
        c, d = w.connect(), w.tunnel('/ws')
        c.send(plain())
        o.wait_requests(1)
        w.signal(TERM)
        w.wait_log('drain')
        never(w.dead, 'the end')
        w.signal(TERM)
        same(w.wait_end(), 0, 'status')
        w.check()
        g.go.set()
        d.close()


@case
def interrupt():
    """SIGINT is as good as SIGTERM."""
    with Origin() as o:
        w = Weir('', o)
        w.get()
        w.signal(signal.SIGINT)
        same(w.wait_end(), 0, 'status')
        w.check()


@case
def reload_while_draining():
    """Does not open again what is closed."""
    g = Gate()
    with g.origin as o:
        w = Weir('drain = 60s', o)
        c = w.connect()
        c.send(plain())
        o.wait_requests(1)
        w.signal(TERM)
        w.wait_log('drain')
        w.signal(HUP)
        time.sleep(BRIEF)
        assert not listening(w.port), 'it listens again'
        g.go.set()
        same(c.final().body, b'ok', 'answer')
        same(w.wait_end(), 0, 'status')
        w.check()


@case
def harmless():
    """SIGPIPE and a storm of SIGHUP and SIGUSR1 end nothing."""
    with Origin() as o, Weir('', o) as w, w.connect() as c:
        for i in range(50):
            w.signal(signal.SIGUSR1)
            w.signal(HUP)
            w.signal(signal.SIGPIPE)
            same(c.ask(plain()).status, 200, 'status')


@case
def load_and_term():
    """Under load every request that was answered was answered well, and
    the status is 0."""
    with Origin(named(b'x')) as o:
        w = Weir('drain = 20s', o)
        bad, good = [], []

        def load():
            try:
                while True:
                    with w.connect() as c:
                        for _ in range(20):
                            c.send(plain())
                            if not c.buf and not c.fill():
                                break
                            r = c.final()
                            (good if r.body == b'x' else bad).append(r)
            except OSError:
                return
            except AssertionError as e:
                bad.append(repr(e))
        ts = [threading.Thread(target=load) for _ in range(8)]
        for t in ts:
            t.start()
        until(lambda: len(good) > 500, 'load')
        w.signal(TERM)
        same(w.wait_end(), 0, 'status')
        for t in ts:
            t.join()
        same(bad, [], 'bad answers')
        w.check()


if __name__ == '__main__':
    main()
