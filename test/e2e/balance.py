"""Sharing out requests: weights, work, hashes, backups, failures, retries."""
# timeout: 240
import contextlib
import math

from weir import (OK, TEXT, Deaf, Origin, Weir, answer, case, each, free_port,
                  main, plain, refusal, same, until, within, ws_101, ws_frame,
                  ws_request, ws_serve)


def named(name):
    """A handler whose answers hold the name, and that takes tunnels too."""
    body = name.encode()
    data = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(body) + body

    def serve(peer):
        while True:
            raw = peer.head()
            if raw is None:
                return
            if b'\r\nUpgrade:' in raw:
                peer.buf = raw + peer.buf
                ws_serve(peer)
                return
            peer.send(data)
    return serve


@contextlib.contextmanager
def origins(n):
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(Origin(named(str(i)))) for i in range(n)]


def lines(ups, words=()):
    words = list(words) + [''] * len(ups)
    return ''.join('upstream = %s %s\n' % (getattr(u, 'url', u), x)
                   for u, x in zip(ups, words))


def route(ups, words=(), more=''):
    return 'route = /\n' + lines(ups, words) + more


def ask_all(w, asks, batch=50):
    """The bodies of the answers, asked for on one connection."""
    got = []
    with w.connect() as c:
        for i in range(0, len(asks), batch):
            c.send(b''.join(asks[i:i + batch]))
            got += [c.final().body.decode() for _ in asks[i:i + batch]]
    return got


# Shares

@case
def weights():
    """Within 2 percent over 10,000 requests."""
    with origins(3) as ups:
        words = ('weight=5', 'weight=1', 'weight=2')
        with Weir('access_log = off\n' + route(ups, words)) as w:
            got = ask_all(w, [plain()] * 10000)
            for name, weight in zip('012', (5, 1, 2)):
                want = 10000 * weight / 8
                assert abs(got.count(name) - want) <= 200, (
                    name, got.count(name), want)


@case
def least():
    """Tunnels of all routes count; ends are noticed."""
    with origins(2) as ups:
        a, b = ups
        text = ('route = a.example\nupstream = %s\nroute = /\nbalance = least'
                '\n' % a.url) + lines(ups)
        with Weir(text) as w:
            ts = [w.tunnel(host='a.example') for _ in range(4)]
            same(ask_all(w, [plain()] * 6), ['1'] * 6, 'the idle one')
            more = [w.tunnel() for _ in range(4)]
            until(lambda: len(b.live) >= 4, 'tunnels to the idle one')
            got = ask_all(w, [plain()] * 6)
            same(sorted(got), ['0'] * 3 + ['1'] * 3, 'as much work')
            for t in ts:
                t.close()
            w.wait_log('tunnel_close', 4)
            same(ask_all(w, [plain()] * 6), ['0'] * 6, 'tunnels ended')
            for t in more:
                t.close()


@case
def least_by_weight():
    with origins(2) as ups:
        words = ('weight=3', '')
        with Weir(route(ups, words, 'balance = least\n')) as w:
            ts = [w.tunnel() for _ in range(12)]
            same([len(o.live) for o in ups], [9, 3], 'tunnels')
            for t in ts:
                t.close()


@case
def full():
    """max_connections of an upstream: others get the rest, then 503."""
    with origins(2) as ups:
        words = ('max_connections=2', 'max_connections=1')
        with Weir(route(ups, words)) as w:
            ts = [w.tunnel() for _ in range(3)]
            same(sorted(len(o.live) for o in ups), [1, 2], 'tunnels')
            r = w.get()
            refusal(r, 503, 'too_many')
            assert int(r.get('retry-after')) > 0, 'Retry-After'
            ts.pop().close()
            w.wait_log('tunnel_close')
            same(w.get().status, 200, 'room')


@case
def backup():
    """Of use only while all others are not, and not a moment longer."""
    more = 'fail_after = 1\nfail_timeout = 100ms\n'
    with origins(1) as (b,):
        port = free_port()
        a = 'http://127.0.0.1:%d' % port
        with Weir(route([a, b], ['', 'backup'], more)) as w:
            same(ask_all(w, [plain()] * 5), ['0'] * 5, 'the backup')
            with Origin(named('a'), port=port):
                until(lambda: w.get().body == b'a', 'the other one')
                same(ask_all(w, [plain()] * 5), ['a'] * 5, 'it alone')


# Hashes

M = (1 << 64) - 1


def fnv(data):
    h = 0xcbf29ce484222325
    for c in data.encode():
        h = (h ^ c) * 0x100000001b3 & M
    return h


def mix(h):
    h = (h ^ h >> 33) * 0xff51afd7ed558ccd & M
    h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53 & M
    return h ^ h >> 33


def place(key, ups, weights=None):
    """The upstream that has the key, by the words of the manual."""
    def cost(i):
        u = mix(fnv(ups[i].url) ^ mix(fnv(key))) / 2.0 ** 64
        return -math.log(u) / (weights[i] if weights else 1)
    return str(min(range(len(ups)), key=cost))


KEYS = ['key-%d' % i for i in range(1000)]
ASKS = [plain(more='X-User: %s\r\n' % k) for k in KEYS]


@case
def weirs_agree():
    """Three weirs, five upstreams, any order, one of them dead."""
    hashed = ('access_log = off\nbalance = hash header X-User\n'
              'fail_after = 1\nfail_timeout = 1h\n')
    with origins(5) as ups, contextlib.ExitStack() as stack:
        orders = (0, 1, 2, 3, 4), (4, 2, 0, 3, 1), (3, 4, 1, 0, 2)
        ws = [stack.enter_context(
            Weir(hashed + route([ups[i] for i in order])))
              for order in orders]
        want = [place(k, ups) for k in KEYS]
        for w in ws:
            same(ask_all(w, ASKS), want, 'places')
        for name in '01234':
            assert 150 < want.count(name) < 250, want.count(name)
        dead = ups[2]
        dead.stop()
        dead.quiet()
        # an idle connection that ends while its request leaves may cost one
        for w in ws:
            until(lambda w=w: w.get().status == 200 and
                  w.ask(ASKS[want.index('2')]).status == 200, 'the next one')
        got = [ask_all(w, ASKS) for w in ws]
        same(got[1:], [got[0]] * 2, 'places')
        for old, new in zip(want, got[0]):
            assert new != '2' and (new == old or old == '2'), (old, new)


@case
def hash_by_weight():
    weights = (1, 4, 2)
    with origins(3) as ups:
        words = ['weight=%d' % x for x in weights]
        text = route(ups, words, 'balance = hash query k\n')
        with Weir('access_log = off\n' + text) as w:
            got = ask_all(w, [plain('/?k=' + k) for k in KEYS])
            same(got, [place(k, ups, weights) for k in KEYS], 'places')


@case
def sources():
    """What is hashed, and the address where that is missing."""
    def check(name, balance, asks, key):
        with Weir(route(ups, more='balance = hash %s\n' % balance)) as w:
            got = set(ask_all(w, asks))
            same(got, {place(key, ups)}, 'place')
    with origins(5) as ups:
        here = '127.0.0.1'
        each([
            ('address', 'address', [plain('/%d' % i) for i in range(9)],
             here),
            ('header', 'header X-Room', [plain(more='x-room: 42\r\n')] * 3,
             '42'),
            ('cookie', 'cookie sid',
             [plain(more='Cookie: a=b; sid=4711; c=d\r\n')] * 3, '4711'),
            ('query', 'query room', [plain('/x?room=7&y=%d' % i)
                                     for i in range(9)], '7'),
            ('no header', 'header X-Room', [plain('/%d' % i)
                                            for i in range(9)], here),
            ('no cookie', 'cookie sid', [plain('/%d' % i)
                                         for i in range(9)], here),
        ], check)
        with Weir(route(ups, more='balance = hash uri\n')) as w:
            asks = [plain('/%d' % i) for i in range(50)]
            got = ask_all(w, asks)
            same(ask_all(w, asks), got, 'the same again')
            assert len(set(got)) == 5, 'all are used'


@case
def hash_moves_on():
    """A connection that fails moves to the second best; so do tunnels."""
    with origins(5) as ups:
        order = sorted(ups, key=lambda o: -mix(fnv(o.url) ^ mix(fnv('k'))))
        text = route(ups, more='balance = hash header K\nfail_after = 0\n')
        with Weir(text) as w:
            for o in order[:3]:
                with w.tunnel(more='K: k\r\n') as t:
                    t.send(ws_frame(TEXT, b'x'))
                    same(t.frame().data, b'x', 'echo')
                same(w.next('tunnel_open')['upstream'], o.url, 'upstream')
                o.stop()
                o.quiet()


@case
def own_names():
    """With host_header = upstream each gets its own name, retries too."""
    def serve(peer):
        q = peer.request_head()
        if q is None:
            return
        hosts.append(q.get('host'))
        if q.has('sec-websocket-key'):
            peer.send(ws_101(q.get('sec-websocket-key'),
                             'Sec-WebSocket-Protocol: b\r\n'))
            peer.recv_all()
            return
        peer.read_body(q)
        same(len(q.body), int(q.get('content-length') or 0), 'body')
        peer.send(OK.replace(b'\r\n\r\n', b'\r\nConnection: close\r\n\r\n'))
    hosts = []
    body = plain('/a/path', method='POST', body=b'x' * 3000)
    more = 'host_header = upstream\n'
    with Origin(serve) as a, Origin(serve) as b:
        # a name, which is longer, and an address
        ups = ['http://localhost:%d' % a.port, b.url]
        dead = 'http://some-longer-name.localhost:%d' % free_port()
        with Weir(route(ups, more=more)) as w:
            for data in (plain(), body, ws_request(
                    more='Sec-WebSocket-Protocol: a, b\r\n')):
                hosts.clear()
                for _ in range(4):
                    c = w.connect()
                    within(str(c.ask(data).status), '200|101', 'status')
                    c.close()
                same(hosts, [ups[0][7:], b.authority] * 2, 'Host')
        with Weir(route([dead, b], ['', 'backup'], more)) as w:
            hosts.clear()
            for data in (plain(), body, ws_request(
                    more='Sec-WebSocket-Protocol: a, b\r\n')):
                c = w.connect()
                within(str(c.ask(data).status), '200|101', 'status')
                c.close()
            same(hosts, [b.authority] * 3, 'Host')


# Failures

def failing(state):
    """Leaves without an answer while .bad, and counts."""
    def serve(peer):
        while peer.read_request() is not None:
            state['n'] = state.get('n', 0) + 1
            if state.get('bad'):
                return
            peer.send(state.get('say', OK))
    return serve


@case
def left_out():
    """After fail_after failures in a row, until a try is answered."""
    more = 'fail_after = 3\nfail_timeout = %s\n'
    state = {'bad': True}
    with origins(1) as (b,), Origin(failing(state)) as a:
        with Weir(route([a, b], more=more % '1h')) as w:
            got = [w.get().status for _ in range(40)]
            same(got.count(502), 3, 'failures')
            same(state['n'], 3, 'requests to the bad one')
            line = w.wait_log('upstream_down')[0]
            same((line['upstream'], line['by'], line['reason']),
                 (a.url, 'requests', 'upstream_no_answer'), 'log')
        state['n'] = 0
        with Weir(route([a, b], more=more % '150ms')) as w:
            until(lambda: w.get() and state['n'] >= 6, 'more tries')
            same(len(w.log('upstream_down')), 1, 'told once')
            state['bad'] = False
            until(lambda: w.get() and w.log('upstream_up'), 'it is back')
            same(w.log('upstream_up')[0]['by'], 'requests', 'log')
            n = state['n']
            for _ in range(10):
                same(w.get().status, 200, 'status')
            same(state['n'], n + 5, 'its turns')


@case
def halves_are_failures():
    """So is an answer that ends, or is cut, in its head."""
    def check(name, end):
        def serve(peer):
            peer.read_request()
            peer.send(b'HTTP/1.1 200 OK\r\nContent-')
            end(peer)
        more = 'fail_after = 2\nfail_timeout = 1h\n'
        with origins(1) as (b,), Origin(serve) as a:
            with Weir(route([a, b], more=more)) as w:
                got = [w.get().status for _ in range(12)]
                same(got.count(502), 2, 'failures')
                w.wait_log('upstream_down', upstream=a.url)
    each([('ends', lambda peer: None), ('reset', lambda p: p.reset())],
         check)


@case
def not_in_a_row():
    """Each answer begins the count anew."""
    state = {'n': 0}

    def serve(peer):
        while peer.read_request() is not None:
            state['n'] += 1
            if state['n'] % 3 != 0:
                return
            peer.send(OK)
    with Origin(serve) as a, Weir(route([a])) as w:
        for _ in range(12):
            w.get()
        same(w.log('upstream_down'), [], 'changes')


@case
def all_left_out():
    """Nobody is refused because of failures alone."""
    state = {'bad': True}
    more = 'fail_after = 1\nfail_timeout = 1h\n'
    with Origin(failing(state)) as a, Origin(failing(state)) as b:
        with Weir(route([a, b], more=more)) as w:
            for _ in range(6):
                refusal(w.get(), 502, 'upstream_no_answer')
            same(len(w.log('upstream_down')), 2, 'told once')
            state['bad'] = False
            same([w.get().status for _ in range(4)], [200] * 4, 'answers')
            same(len(w.log('upstream_up')), 1, 'told once')


@case
def statuses():
    """fail_status: passed on, and held against the upstream."""
    state = {'say': b'HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n'}
    with origins(1) as (b,), Origin(failing(state)) as a:
        more = 'fail_status = 502-504\nfail_after = 2\nfail_timeout = 1h\n'
        with Weir(route([a, b], more=more)) as w:
            got = [w.get().status for _ in range(20)]
            same(got.count(503), 2, 'failures')
            w.wait_log('upstream_down', reason='fail_status')
        with Weir(route([a, b])) as w:
            got = [w.get().status for _ in range(20)]
            same(got.count(503), 10, 'without fail_status')


@case
def clients_are_no_failures():
    """What clients do is not held against an upstream."""
    def serve(peer):
        peer.read_request()
        peer.recv_all()
    with Origin(serve) as a:
        more = 'fail_after = 1\nabandon_timeout = 0\n'
        with Weir(route([a], more=more)) as w:
            for _ in range(5):
                c = w.connect()
                n = len(a.requests)
                c.send(plain())
                a.wait_requests(n + 1)
                c.close()
            w.wait_log('request', 5)
            same(w.log('upstream_down'), [], 'changes')


@case
def slow_start():
    """One that is back begins with little."""
    state = {'bad': True}
    more = 'fail_after = 1\nfail_timeout = 100ms\nslow_start = 1h\n'
    with origins(1) as (b,), Origin(failing(state)) as a:
        with Weir(route([a, b], more=more)) as w:
            until(lambda: w.get() and w.log('upstream_down'), 'down')
            state['bad'] = False
            until(lambda: w.get() and w.log('upstream_up'), 'up')
            n = state['n']
            same([w.get().status for _ in range(40)], [200] * 40, 'answers')
            assert state['n'] <= n + 2, 'too much at once'


# Retries: the backup shows that a request has moved

POST = plain(method='POST', body=b'hello')


def leave(peer):
    pass


def read_and_leave(peer):
    peer.request_head()


def read_and_reset(peer):
    peer.request_head()
    peer.reset()


def half(peer):
    peer.request_head()
    peer.send(b'HTTP/1.1 200 OK\r\nContent-')


def hang(peer):
    peer.recv_all()


QUICK = ('connect_timeout = 300ms\nresponse_timeout = 300ms\n'
         'handshake_timeout = 300ms\nfail_after = 0\n')


@case
def retries_fresh():
    """What moves on, by how a fresh connection fails."""
    def check(name, up, moves):
        with contextlib.ExitStack() as stack:
            tls = name.startswith('TLS')
            if up is Deaf:
                up = stack.enter_context(Deaf()).url
            elif callable(up):
                up = stack.enter_context(Origin(up)).url
            if tls:
                up = up.replace('http:', 'https:')
            b = stack.enter_context(Origin(named('b')))
            more = QUICK + ('upstream_verify = no\n' if tls else '')
            w = stack.enter_context(Weir(
                'tls_timeout = 300ms\n' +
                route([up, b], ['', 'backup'], more)))
            for data in (plain(), plain(method='HEAD'), POST):
                r = w.ask(data)
                if moves:
                    same(r.status, 200, 'status')
                else:
                    within(str(r.status), '502|504', 'status')
            same(w.ask(ws_request()).status, 101, 'handshake')
            if not moves:
                same(len(b.peers), 1, 'connections elsewhere')
    dead = 'http://127.0.0.1:%d' % free_port()
    each([
        ('refused', dead, True),
        ('no socket', 'unix:/nonexistent/socket', True),
        ('connect timeout', Deaf, True),
        ('TLS to plain', answer(b'x'), True),
        ('TLS that hangs', hang, True),
        ('TLS cut', leave, True),
        ('leaves', read_and_leave, False),
        ('resets', read_and_reset, False),
        ('half an answer', half, False),
        ('hangs', hang, False),
    ], check)


@case
def retries_reused():
    """What is sent again when a kept connection dies: once, and at the same
    upstream; nothing whose body has begun to leave."""
    def ask(method, body=None):
        return plain('/second', method=method, body=body)

    def check(name, data, times, how):
        seen = []

        def serve(peer):
            reused = False
            while True:
                q = peer.request_head()
                if q is None:
                    return
                if q.target == '/second':
                    seen.append(reused)
                    if reused or how == 'always':
                        if how == 'reset':
                            peer.reset()
                        return
                peer.read_body(q)
                if q.has('sec-websocket-key'):
                    peer.send(ws_101(q.get('sec-websocket-key')))
                    return
                peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
                reused = True
        with Origin(serve) as a, origins(1) as (b,):
            with Weir(route([a, b], ['', 'backup'], QUICK)) as w:
                same(w.get().status, 200, 'first')
                r = w.ask(data)
                same(seen, [True, False][:times], 'tries')
                if times == 2 and how != 'always':
                    within(str(r.status), '200|101', 'status')
                elif how == 'always' and b'Sec-WebSocket' in data:
                    same(r.status, 101, 'handshake elsewhere')
                else:
                    same(r.status, 502, 'status')
    rows = []
    for how in ('close', 'reset'):
        rows += [
            ('GET', ask('GET'), 2, how),
            ('HEAD', ask('HEAD'), 2, how),
            ('DELETE', ask('DELETE'), 2, how),
            ('OPTIONS', ask('OPTIONS'), 2, how),
            ('PUT without a body', ask('PUT', b''), 2, how),
            ('PUT', ask('PUT', b'x' * 10), 1, how),
            ('large PUT', ask('PUT', b'x' * 300000), 1, how),
            ('POST', ask('POST', b'x' * 10), 1, how),
            ('POST without a body', ask('POST', b''), 1, how),
            ('PATCH', ask('PATCH', b'x'), 1, how),
            ('unknown method', ask('FROB'), 1, how),
            ('handshake', ws_request('/second'), 2, how),
        ]
    rows += [('GET, once', ask('GET'), 2, 'always'),
             ('handshake, then elsewhere', ws_request('/second'), 2,
              'always')]
    each(rows, check)


@case
def timeouts_are_no_ends():
    """An idempotent request that waits too long on a kept connection is not
    sent again: it may be at work there."""
    seen = []

    def serve(peer):
        while peer.read_request() is not None:
            seen.append(1)
            if len(seen) > 1:
                peer.recv_all()
                return
            peer.send(OK)
    with Origin(serve) as a, origins(1) as (b,):
        with Weir(route([a, b], ['', 'backup'], QUICK)) as w:
            same(w.get().status, 200, 'first')
            refusal(w.get(), 504, 'response_timeout')
            same(len(seen), 2, 'tries')
            same(b.requests, [], 'requests elsewhere')


@case
def silence_is_a_failure():
    """Answers that do not come in time count, also on kept connections."""
    with Origin(hang) as a, origins(1) as (b,):
        more = 'response_timeout = 100ms\nfail_after = 2\nfail_timeout = 1h\n'
        with Weir(route([a, b], more=more)) as w:
            got = [w.get().status for _ in range(10)]
            same(got.count(504), 2, 'failures')
            w.wait_log('upstream_down', reason='response_timeout')


if __name__ == '__main__':
    main()
