"""Connections that stay: the client's, and those in the upstream pool."""
import os
import tempfile
import threading

from weir import (OK, Origin, Weir, case, each, main, never, plain, refusal,
                  same, until)


def numbered(peer):
    """Answers with the target it was asked for."""
    while True:
        q = peer.read_request()
        if q is None:
            return
        body = q.target.encode()
        peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' %
                  (len(body), body))


GET10 = b'GET / HTTP/1.0\r\n\r\n'
KEEP10 = b'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n'
CLOSE = plain('/', 'Connection: close\r\n')

STAYS = [
    ('1.1', plain(), True),
    ('1.1 close', CLOSE, False),
    ('1.1 Close', plain('/', 'Connection: Close\r\n'), False),
    ('1.1 close in a list', plain('/', 'Connection: x, close\r\n'), False),
    ('1.1 close on the second line',
     plain('/', 'Connection: x\r\nConnection: close\r\n'), False),
    ('1.1 keep-alive', plain('/', 'Connection: keep-alive\r\n'), True),
    ('1.1 both', plain('/', 'Connection: keep-alive, close\r\n'), False),
    ('1.1 closed', plain('/', 'Connection: closed\r\n'), True),
    ('1.1 empty', plain('/', 'Connection:\r\n'), True),
    ('1.0', GET10, False),
    ('1.0 keep-alive', KEEP10, True),
    ('1.0 Keep-Alive', KEEP10.replace(b'keep-alive', b'Keep-Alive'), True),
    ('1.0 both', KEEP10.replace(b'keep-alive', b'keep-alive, close'), False),
    ('1.0 close', KEEP10.replace(b'keep-alive', b'close'), False),
    ('1.1 proxy-connection', plain('/', 'Proxy-Connection: close\r\n'),
     True),
]


@case
def stays_or_ends():
    def check(name, data, stays):
        with w.connect() as c:
            r = c.ask(data)
            same(r.body, b'ok', 'body')
            if not stays:
                assert name.startswith('1.0') or \
                    r.lists('connection', 'close'), 'not told'
                c.ended('eof')
                return
            assert not r.lists('connection', 'close'), 'told to close'
            if name.startswith('1.0'):
                assert r.lists('connection', 'keep-alive'), 'not told'
            same(c.ask(CLOSE).body, b'ok', 'second')
    with Origin() as o, Weir('', o) as w:
        each(STAYS, check)


@case
def local_answers_stay():
    """An answer of weir's own does not end the connection by itself."""
    with Origin(numbered) as o:
        conf = 'route = example.com/x\nupstream = %s\n' % o.url
        with Weir(conf) as w, w.connect() as c:
            for _ in range(3):
                refusal(c.ask(plain('/y')), 404, 'no_route')
                same(c.ask(plain('/x')).body, b'/x', 'body')
            refusal(c.ask(plain('/y', method='POST', body=b'body')), 404)
            same(c.ask(plain('/x')).body, b'/x', 'behind a body')


@case
def pipelined():
    """Two hundred requests in one piece, answered in their order."""
    n = 200
    with Origin(numbered) as o, Weir('', o) as w, w.connect() as c:
        c.send(b''.join(plain('/%d' % i) for i in range(n)))
        for i in range(n):
            same(c.final().body, b'/%d' % i, 'answer')
        same(len(o.peers), 1, 'upstream connections')
        same(len(w.wait_log('request', n)), n, 'log lines')


@case
def pipelined_bodies():
    """Requests with bodies of all kinds, in cuts that fit none of them."""
    one = (plain('/1', method='POST', body=b'hello') + plain('/2') +
           b'PUT /3 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n'
           b'\r\n3\r\nabc\r\n0\r\n\r\n' +
           plain('/4', method='POST', body=b'') + plain('/5'))
    with Origin(numbered) as o, Weir('', o) as w:
        for cut in (1, 3, 7, 50, 10000):
            with w.connect() as c:
                data = one * 4
                c.send_cuts(data, range(cut, len(data), cut), 0)
                for i in range(20):
                    same(c.final().body, b'/%d' % (i % 5 + 1), 'answer')
        same({q.target: q.body for q in o.requests},
             {'/1': b'hello', '/2': b'', '/3': b'abc', '/4': b'', '/5': b''},
             'bodies')


@case
def pipelined_mixed():
    """Errors, HEAD and other routes stand in the row like all others."""
    with Origin(numbered) as a, Origin(numbered) as b:
        conf = ('route = a/\nupstream = %s\nroute = b/\nupstream = %s\n' %
                (a.url, b.url))
        with Weir(conf) as w, w.connect() as c:
            c.send((plain('/1', host='a') + plain('/2', host='b') +
                    plain('/3', host='c') +
                    plain('/4', host='a', method='HEAD') +
                    plain('/5', host='b')) * 10)
            for _ in range(10):
                same(c.final().body, b'/1', 'a')
                same(c.final().body, b'/2', 'b')
                refusal(c.final(), 404, 'no_route')
                # the origin sends a body to HEAD: dropped with its connection
                same(c.final('HEAD').body, b'', 'HEAD')
                same(c.final().body, b'/5', 'b')


@case
def pipelined_then_gone():
    """A client that half-closes behind its requests gets all answers."""
    with Origin(numbered) as o, Weir('', o) as w, w.connect() as c:
        c.send(b''.join(plain('/%d' % i) for i in range(50)))
        c.shut()
        for i in range(50):
            same(c.final().body, b'/%d' % i, 'answer')
        c.ended('eof')


@case
def pipelined_behind_close():
    """Nothing is served behind a request that closes."""
    with Origin(numbered) as o, Weir('', o) as w, w.connect() as c:
        c.send(plain('/1') + plain('/2', 'Connection: close\r\n') +
               plain('/3'))
        same(c.final().body, b'/1', 'first')
        same(c.final().body, b'/2', 'second')
        c.ended()
        same([q.target for q in o.requests], ['/1', '/2'], 'targets')


@case
def blank_lines_between():
    """One CRLF behind a request is skipped, more are not."""
    with Origin() as o, Weir('', o) as w, w.connect() as c:
        c.send((plain() + b'\r\n') * 3 + plain())
        for _ in range(4):
            same(c.final().status, 200, 'status')
        c.send(b'\r\n\r\n' + plain())
        refusal(c.final(), 400)
        c.ended()


@case
def requests_limit():
    """keepalive_requests is exact."""
    def check(n):
        with Origin() as o, Weir('keepalive_requests = %d' % n, o) as w:
            with w.connect() as c:
                for i in range(1, n + 1):
                    r = c.ask(plain())
                    same(r.lists('connection', 'close'), i == n,
                         'close at %d' % i)
                c.ended('eof')
            with w.connect() as c:
                c.send(plain() * (n + 3))
                for i in range(n):
                    same(c.final().status, 200, 'pipelined')
                c.ended()
    each([(1,), (2,), (5,)], check)


@case
def timeout():
    """An idle connection is closed without a word."""
    with Origin() as o, Weir('keepalive_timeout = 300ms', o) as w:
        with w.connect() as c:
            for _ in range(2):
                c.ask(plain())
            c.ended('eof')
        same([x['reason'] for x in w.log('request')], ['ok', 'ok'], 'log')


@case
def pool_is_lifo():
    """The connection used last is used next; the others grow old."""
    gate = threading.Barrier(3)

    def serve(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            if q.target == '/meet':
                gate.wait(10)
            peer.send(OK)
    with Origin(serve) as o, Weir('', o) as w:
        with w.connect() as a, w.connect() as b, w.connect() as d:
            for c in (a, b, d):
                c.send(plain('/meet'))
            for c in (a, b, d):
                same(c.final().status, 200, 'status')
            same(len(o.peers), 3, 'connections')
            for _ in range(10):
                same(a.ask(plain()).status, 200, 'status')
            counts = sorted(len(p.requests) for p in o.peers)
            same(counts, [1, 1, 11], 'requests per connection')


@case
def pool_shared():
    """Clients share what is in the pool, one after the other."""
    with Origin() as o, Weir('', o) as w:
        for _ in range(20):
            same(w.get().status, 200, 'status')
        same(len(o.peers), 1, 'connections')


@case
def pool_in_the_same_turn():
    """What an answer gives back serves a request that came before it."""
    def check(parked):
        asked, gate, said = (threading.Event() for _ in range(3))

        def serve(peer):
            while True:
                q = peer.read_request()
                if q is None:
                    return
                if q.target == '/slow':
                    asked.set()
                    gate.wait(10)
                peer.send(OK)
                if q.target == '/slow':
                    said.set()
        own = 'route = /own\nrespond = 204\nroute = *\nupstream = '
        with Origin(serve) as o, Weir(own + o.url) as w:
            with w.connect() as a, w.connect() as b, w.connect() as d:
                same(b.ask(plain()).status, 200, 'before')
                a.send(plain('/slow'))
                asked.wait(10)
                for _ in range(60 if parked else 0):
                    same(d.ask(plain('/own')).status, 204, 'a turn')
                with w.stopped():
                    b.send(plain())
                    gate.set()
                    said.wait(10)
                for c in (a, b):
                    same(c.final().status, 200, 'status')
            same(len(o.peers), 1, 'connections')
    each([('active', False), ('parked', True)], lambda _, p: check(p))


@case
def pool_size():
    """No more than pool connections stay; 0 keeps none."""
    def check(size):
        gate = threading.Barrier(4)

        def serve(peer):
            while peer.read_request() is not None:
                gate.wait(10)
                peer.send(OK)
        with Origin(serve) as o, Weir('pool = %d' % size, o) as w:
            cs = [w.connect() for _ in range(4)]
            for c in cs:
                c.send(plain())
            for c in cs:
                same(c.final().status, 200, 'status')
            until(lambda: len(o.live) == size, '%d to stay' % size)
            never(lambda: len(o.live) != size, 'a change')
    each([(0,), (1,), (2,), (4,)], check)


@case
def pool_timeout():
    with Origin() as o, Weir('pool_timeout = 300ms', o) as w:
        with w.connect() as c:
            c.ask(plain())
            same(len(o.live), 1, 'connections')
            o.quiet()
            same(c.ask(plain()).status, 200, 'status')
        same(len(o.peers), 2, 'connections')


@case
def pool_by_upstream():
    """A connection serves its own upstream, and all routes to it."""
    with Origin(numbered) as a, Origin(numbered) as b:
        conf = ''.join('route = /%s\nupstream = %s\n' % r for r in (
            ('a', a.url), ('b', b.url), ('c', a.url)))
        with Weir(conf) as w, w.connect() as c:
            for _ in range(5):
                for t in ('/a', '/b', '/c'):
                    same(c.ask(plain(t)).body, t.encode(), 'body')
            same({q.target for q in a.requests}, {'/a', '/c'}, 'at a')
            same({q.target for q in b.requests}, {'/b'}, 'at b')
            same((len(a.peers), len(b.peers)), (1, 1), 'connections')


@case
def pooled_closed():
    """An idle connection that the upstream closed is not used again."""
    def serve(peer):
        if peer.read_request() is not None:
            peer.send(OK)
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        for i in range(10):
            r = c.ask(plain(method='POST', body=b'x'))
            same((r.status, r.body), (200, b'ok'), 'POST %d' % i)
            o.quiet()
            w.wait_log('request', i + 1)
        same(len(o.requests), 10, 'requests')


class Dying:
    """An upstream whose first connection dies in its second request."""

    def __init__(self, how):
        self.how = how
        self.origin = Origin(self.serve)

    def serve(self, peer):
        first = len(self.origin.peers) == 1
        n = 0
        while True:
            q = peer.read_request()
            if q is None:
                return
            n += 1
            if first and n == 2:
                if self.how == 'reset':
                    peer.reset()
                elif self.how == 'half':
                    peer.send(b'HTTP/1.1 2')
                return
            peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n' +
                      (b'' if q.method == 'HEAD' else b'ok'))


@case
def retried_once():
    """An idempotent request that dies unanswered on a reused connection is
    tried again, a POST never, and nothing of which an answer began."""
    rows = [(m, how, good) for how in ('close', 'reset')
            for m, good in (('GET', 1), ('HEAD', 1), ('OPTIONS', 1),
                            ('DELETE', 1), ('POST', 0), ('PATCH', 0),
                            ('WHAT', 0))]
    rows += [('GET', 'half', 0), ('POST', 'half', 0)]

    def check(method, how, good):
        d = Dying(how)
        with d.origin as o, Weir('', o) as w, w.connect() as c:
            same(c.ask(plain()).status, 200, 'first')
            r = c.ask(plain('/second', method=method), method)
            sent = [q.target for q in o.requests].count('/second')
            if good:
                same((r.status, sent), (200, 2), 'status, times sent')
                return
            if method != 'HEAD':
                refusal(r, 502, 'upstream_no_answer|upstream_reset|'
                        'upstream_cut')
            same((r.status, sent), (502, 1), 'status, times sent')
    each(rows, check)


@case
def retried_half_closed():
    """A client that ended its sending side has the same right to it."""
    def check(how):
        d = Dying(how)
        with d.origin as o, Weir('', o) as w, w.connect() as c:
            c.ask(plain())
            c.send(plain('/second'))
            c.shut()
            same(c.final().status, 200, 'status')
    each([('close',), ('reset',)], check)


@case
def retried_bodies():
    """A PUT may be repeated if its body still can be; a POST may not."""
    def check(method, how):
        d = Dying(how)
        with d.origin as o, Weir('', o) as w, w.connect() as c:
            c.ask(plain())
            r = c.ask(plain('/s', method=method, body=b'hello'))
            got = [q.body for q in o.requests if q.target == '/s']
            if method == 'POST':
                same((r.status, got), (502, [b'hello']), 'POST')
            elif r.status == 200:
                same(got, [b'hello'] * 2, 'bodies')
            else:
                same((r.status, len(got)), (502, 1), 'PUT')
    each([(m, how) for m in ('PUT', 'POST') for how in ('close', 'reset')],
         check)


@case
def not_retried_forever():
    """An upstream that dies in every request is asked twice, no more."""
    def serve(peer):
        while peer.read_request() is not None:
            if len(o.requests) > 1:
                return
            peer.send(OK)
    with Origin(serve) as o, Weir('', o) as w, w.connect() as c:
        c.ask(plain())
        refusal(c.ask(plain('/x')), 502)
        sent = [q.target for q in o.requests].count('/x')
        same(sent, 2, 'times sent')


@case
def fresh_not_retried():
    """On a new connection nothing is repeated."""
    def serve(peer):
        peer.read_request()
    with Origin(serve) as o, Weir('', o) as w:
        refusal(w.get(), 502, 'upstream_no_answer')
        same(len(o.requests), 1, 'times sent')
        same(w.next()['reason'], 'upstream_no_answer', 'log')


@case
def idle_cost():
    """Idle connections, on both sides, cost no CPU."""
    with Origin() as o, Weir('', o) as w:
        cs = [w.connect() for _ in range(50)]
        for c in cs[:40]:
            same(c.ask(plain()).status, 200, 'status')
        w.idle()


@case
def idle_ones_make_room():
    """However many upstreams have some, clients and requests get theirs."""
    n = 300
    with tempfile.TemporaryDirectory(prefix='weir-test-') as d, \
            Origin(path=os.path.join(d, 'origin')) as o:
        conf = 'max_connections = 2\npool_timeout = 1h\n'
        for i in range(n):
            path = os.path.join(d, str(i))
            os.symlink(o.path, path)
            conf += 'route = /%d\nupstream = unix:%s\n' % (i, path)
        with Weir(conf) as w, w.connect() as c:
            for i in range(n):
                same(c.ask(plain('/%d' % i)).status, 200, 'request %d' % i)
                same(w.get('/0').status, 200, 'client %d' % i)


if __name__ == '__main__':
    main()
