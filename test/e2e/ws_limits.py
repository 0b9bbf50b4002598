"""Who may open a tunnel: how many at once, how many a second, for whom."""
import asyncio
import socket

from weir import (OK, Origin, Peer, Skip, WAIT, Weir, case, each,
                  main, plain, refusal, same, until, ws_101, ws_close,
                  ws_request, ws_serve)

try:
    import websockets
except ImportError:
    websockets = None


def serve(peer):
    """Plain requests get an answer, handshakes what their path says."""
    while True:
        q = peer.read_request()
        if q is None:
            return
        if not q.has('sec-websocket-key'):
            peer.send(OK)
        elif q.target == '/403':
            peer.send(b'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno')
        elif q.target == '/wrong':
            peer.send(ws_101('AAAAAAAAAAAAAAAAAAAAAA=='))
        elif q.target == '/mute':
            peer.recv_all()
        elif q.target == '/die':
            return
        else:
            peer.send(ws_101(q.get('sec-websocket-key')))
            peer.recv_all()
            return


def come(w, host, target='/'):
    """A client from that address, and the answer to its handshake."""
    s = socket.socket()
    s.bind((host, 0))
    s.settimeout(WAIT)
    s.connect(w.address)
    c = Peer(s)
    return c, c.ask(ws_request(target))


def too_many(r, status, word):
    refusal(r, status, word)
    assert 1 <= int(r.get('retry-after')) <= 5, r


def leave(w, c):
    """A tunnel ends, and weir knows."""
    n = len(w.log('tunnel_close'))
    c.close()
    w.wait_log('tunnel_close', n + 1)


@case
def tunnels():
    """max_tunnels counts tunnels alone, and each route by itself."""
    with Origin(serve) as o:
        conf = ('max_tunnels = 2\nupstream = %s\nroute = /\nroute = /b\n'
                'route = /c\nmax_tunnels = 0\n' % o.url)
        with Weir(conf) as w:
            a = [w.tunnel(), w.tunnel()]
            for _ in range(3):
                too_many(w.ask(ws_request()), 503, 'too_many_tunnels')
            same([x['status'] for x in w.wait_log(
                'request', 3, reason='too_many_tunnels')], ['503'] * 3, 'log')
            with w.connect() as c:
                same(c.ask(plain()).status, 200, 'a plain request')
                too_many(c.ask(ws_request()), 503, 'too_many_tunnels')
                same(c.ask(plain()).status, 200, 'the same connection')
            b = [w.tunnel('/b'), w.tunnel('/b')]
            too_many(w.ask(ws_request('/b')), 503, 'too_many_tunnels')
            c = [w.tunnel('/c') for _ in range(5)]
            leave(w, a.pop())
            a.append(w.tunnel())
            too_many(w.ask(ws_request()), 503, 'too_many_tunnels')
            for t in a + b + c:
                t.close()


@case
def plain_ones():
    """Requests under way take no place of a tunnel."""
    def hold(peer):
        q = peer.read_request()
        if q is not None and q.has('sec-websocket-key'):
            peer.send(ws_101(q.get('sec-websocket-key')))
        peer.recv_all()
    with Origin(hold) as o, Weir('max_tunnels = 1', o) as w:
        cs = [w.connect() for _ in range(5)]
        for c in cs:
            c.send(plain())
        o.wait_requests(5)
        t = w.tunnel()
        too_many(w.ask(ws_request()), 503, 'too_many_tunnels')
        for c in cs + [t]:
            c.close()


@case
def under_way():
    """A handshake takes a place while it lasts, and gives it back however it
    fails."""
    def check(name, path, conf, end):
        with Origin(serve) as o, Weir('max_tunnels = 1\nretries = 0\n' +
                                      conf, o) as w:
            c = w.connect()
            c.send(ws_request(path))
            if end:
                o.wait_requests(1)
                too_many(w.ask(ws_request()), 503, 'too_many_tunnels')
                end(c)
            else:
                same(c.final().status, int(name[:3]), 'status')
            w.wait_log('request', target=path)
            until(lambda: w.ask(ws_request()).status == 101, 'a place')
            c.close()
    each([('403 by the upstream', '/403', '', None),
          ('502 by the proof', '/wrong', '', None),
          ('502 without an answer', '/die', '', None),
          ('504 without an answer', '/mute', 'handshake_timeout = 100ms',
           None),
          ('client leaves', '/mute', 'abandon_timeout = 0', Peer.close),
          ('client resets', '/mute', '', Peer.reset),
          ('client ends its side', '/mute', 'abandon_timeout = 100ms',
           Peer.shut)], check)


@case
def slow_refusal():
    """An upstream's refusal whose body goes on takes no place."""
    def endless(peer):
        q = peer.read_request()
        if q is None:
            return
        if q.target == '/':
            peer.send(ws_101(q.get('sec-websocket-key')))
        else:
            peer.send(b'HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\nno')
        peer.recv_all()
    with Origin(endless) as o, Weir('max_tunnels = 1', o) as w, \
            w.connect() as c:
        c.send(ws_request('/no'))
        assert b' 403 ' in c.head()
        w.tunnel().close()


@case
def no_upstream():
    """Nobody listens there: each handshake gives its place back."""
    with Weir('max_tunnels = 1\nmax_tunnels_per_address = 1\n',
              'http://127.0.0.1:1') as w:
        for _ in range(5):
            refusal(w.ask(ws_request()), 502, 'connect_refused')


@case
def addresses():
    """max_tunnels_per_address counts each address by itself."""
    with Origin(serve) as o, Weir('max_tunnels_per_address = 2\n'
                                  'upstream = %s\nroute = /\nroute = /b\n'
                                  % o.url) as w:
        word = 'too_many_tunnels_address'
        kept = {}
        for host in '127.0.0.1', '127.0.0.2', '127.0.0.3':
            kept[host] = [come(w, host) for _ in range(2)]
            same([r.status for _, r in kept[host]], [101, 101], host)
            for _ in range(3):
                c, r = come(w, host)
                too_many(r, 429, word)
                same(c.ask(plain()).status, 200, 'a plain request')
                c.close()
        other, r = come(w, '127.0.0.2', '/b')
        same(r.status, 101, 'another route')
        leave(w, kept['127.0.0.2'][0][0])
        too_many(come(w, '127.0.0.1')[1], 429, word)
        c, r = come(w, '127.0.0.2')
        same(r.status, 101, 'a place')
        too_many(come(w, '127.0.0.2')[1], 429, word)
        c.close()
        for _ in range(3):
            c, r = come(w, '127.0.0.4', '/403')
            same(r.status, 403, 'refused by the upstream')


@case
def unix_clients():
    """Those on a unix socket have no address."""
    with Origin(ws_serve) as o, Weir(
            'listen = http://127.0.0.1:@PORT@\nlisten = unix:@DIR@/s\n'
            'max_tunnels_per_address = 1\nhandshakes_per_address = 1\n',
            o) as w:
        ts = []
        for _ in range(5):
            c = w.connect(w.dir + '/s')
            same(c.ask(ws_request()).status, 101, 'status')
            ts.append(c)
        for c in ts:
            c.close()


@case
def reloads():
    """A reload forgets no tunnel, and its limits hold at once."""
    with Origin(serve) as o:
        def conf(n, more=''):
            return 'max_tunnels = %d\nupstream = %s\nroute = /\n%s' % (
                n, o.url, more)
        with Weir(conf(2)) as w:
            a = [w.tunnel(), w.tunnel()]
            w.reload(conf(2, 'route = /x\n'))
            too_many(w.ask(ws_request()), 503, 'too_many_tunnels')
            w.tunnel('/x').close()
            w.reload(conf(3))
            b = w.tunnel()
            too_many(w.ask(ws_request()), 503, 'too_many_tunnels')
            w.reload(conf(1))
            leave(w, a.pop())
            too_many(w.ask(ws_request()), 503, 'too_many_tunnels')
            leave(w, b)
            too_many(w.ask(ws_request()), 503, 'too_many_tunnels')
            leave(w, a.pop())
            w.tunnel().close()


@case
def addresses_reloaded():
    """The census of a route goes on as well."""
    with Origin(serve) as o:
        conf = ('max_tunnels_per_address = 1\nupstream = %s\nroute = /\n'
                % o.url)
        with Weir(conf) as w:
            t = w.tunnel()
            w.reload(conf + 'max_tunnels = 9\n')
            too_many(w.ask(ws_request()), 429, 'too_many_tunnels_address')
            leave(w, t)
            w.reload(conf)
            w.tunnel().close()


@case
def rate():
    """handshakes_per_address: a burst, and then as they flow."""
    with Origin(serve) as o, Weir('handshakes_per_address = 2', o) as w:
        cs = [w.connect() for _ in range(30)]
        for c in cs:
            c.send(ws_request('/403'))
        rs = [c.final() for c in cs]
        served = [r for r in rs if r.status == 403]
        assert 2 <= len(served) < 30, rs
        for r in rs:
            if r not in served:
                too_many(r, 429, 'too_many_handshakes')
        same(w.get().status, 200, 'a plain request')
        same(come(w, '127.0.0.2')[1].status, 101, 'another address')
        until(lambda: w.ask(ws_request()).status == 101, 'its turn')
        w.reload('handshakes_per_address = 0')
        for _ in range(20):
            same(w.ask(ws_request('/403')).status, 403, 'without a limit')


@case
def no_route():
    """Handshakes to nowhere flow into the same bucket."""
    with Origin(serve) as o, Weir(
            'handshakes_per_address = 1\nroute = example.com\nupstream = ' +
            o.url) as w:
        words = {refusal(w.ask(ws_request(host='other')),
                         404 if i == 0 else 429) for i in range(2)}
        same(words, {'no_route', 'too_many_handshakes'}, 'reasons')


def origin_of(*values, cookie='a=b', host='example.com', target='/'):
    """A handshake from a page of that origin."""
    more = ''.join('Origin: %s\r\n' % v for v in values)
    if cookie:
        more += 'Cookie: %s\r\n' % cookie
    return ws_request(target, host, more=more)


@case
def origins_by_default():
    """Cookies go to their own host alone."""
    with Origin(serve) as o, Weir('', o) as w:
        def check(name, data, status):
            before = len(w.log('request'))
            r = w.ask(data)
            if status == 101:
                same(r.status, 101, 'status')
                return
            word = 'origin' if status == 403 else 'ws_origin'
            refusal(r, status, word)
            same(w.wait_log('request', before + 1)[-1]['reason'], word,
                 'log')
        here = 'https://example.com'
        each([
            ('no origin', origin_of(), 101),
            ('the same', origin_of(here), 101),
            ('the same by http', origin_of('http://example.com'), 101),
            ('case', origin_of('https://Example.COM'), 101),
            ('with its port', origin_of(here, host='example.com:443'), 101),
            ('a port', origin_of('http://example.com:8080',
                                 host='example.com:8080'), 101),
            ('another port', origin_of(here, host='example.com:8080'), 403),
            ('another host', origin_of('https://evil.example'), 403),
            ('subdomain', origin_of('https://a.example.com'), 403),
            ('null', origin_of('null'), 403),
            ('empty', origin_of(''), 403),
            ('junk', origin_of('example.com'), 403),
            ('no cookie', origin_of('https://evil.example', cookie=None),
             101),
            ('empty cookie', origin_of('null', cookie=' '), 403),
            ('two', origin_of(here, here), 400),
            ('two, no cookie', origin_of(here, here, cookie=None), 400),
        ], check)
        same(w.get('/', 'Origin: null\r\nCookie: a=b\r\n').status, 200,
             'a plain request')
        same(w.get('/', 'Origin: null\r\nOrigin: null\r\n').status, 200,
             'a plain request with two')
        assert not [q for q in o.requests if q.has('sec-websocket-key') and
                    'evil' in (q.get('origin') or '') and q.has('cookie')]


@case
def origins_listed():
    """origin lists who may come, whatever else they say."""
    with Origin(serve) as o:
        conf = ('upstream = %s\norigin = https://app.example.com\n'
                'origin = http://*.example.net:3000\nroute = /\n'
                'route = /any\norigin = *\nroute = /own\n'
                'origin = https://own.example\n' % o.url)
        with Weir(conf) as w:
            def check(name, value, target, status):
                for cookie in None, 'a=b':
                    r = w.ask(origin_of(value, cookie=cookie, target=target))
                    if status == 101:
                        same(r.status, 101, 'status')
                    else:
                        refusal(r, 403, 'origin')
            each([
                ('listed', 'https://app.example.com', '/', 101),
                ('by a pattern', 'http://a.example.net:3000', '/', 101),
                ('another port', 'http://a.example.net', '/', 403),
                ('same host', 'https://example.com', '/', 403),
                ('null', 'null', '/', 403),
                ('any', 'https://evil.example', '/any', 101),
                ('any, null', 'null', '/any', 101),
                ('its own', 'https://own.example', '/own', 101),
                ('not the global ones', 'https://app.example.com', '/own',
                 403),
            ], check)
            same(w.ask(ws_request()).status, 101, 'no origin')


def chooser(peer):
    """Chooses what the path says, of what was offered or not."""
    q = peer.read_request()
    if q is None:
        return
    more = ''
    if len(q.target) > 1:
        more = 'Sec-WebSocket-Protocol: %s\r\n' % q.target[1:]
    peer.send(ws_101(q.get('sec-websocket-key'), more))
    peer.recv_all()


@case
def subprotocols():
    """Only those that are listed go upstream, and may be chosen."""
    with Origin(chooser) as o, Weir('subprotocol = a\nsubprotocol = b',
                                    o) as w:
        def check(name, offer, target, sent, status, word=None):
            n = len(o.requests)
            r = w.ask(ws_request(target, more=offer))
            if word:
                refusal(r, status, word)
            same(r.status, status, 'status')
            if sent is None:
                same(len(o.requests), n, 'requests upstream')
                return
            same(o.wait_requests(n + 1)[n].all('sec-websocket-protocol'),
                 sent, 'upstream')
            if status == 101 and len(target) > 1:
                same(r.get('sec-websocket-protocol'), target[1:], 'chosen')
        p = 'Sec-WebSocket-Protocol: %s\r\n'
        each([
            ('none', '', '/', [], 101),
            ('empty', p % '', '/', [], 101),
            ('one', p % 'a', '/a', ['a'], 101),
            ('not chosen', p % 'a', '/', ['a'], 101),
            ('two', p % 'b, a', '/a', ['b, a'], 101),
            ('some', p % 'x,a, y,b', '/b', ['a, b'], 101),
            ('two lines', p % 'x, b' + p % 'a', '/b', ['b, a'], 101),
            ('a key', p % 'a, openai-insecure-api-key.K', '/a', ['a'], 101),
            ('others', p % 'x, y', '/x', None, 400, 'subprotocol'),
            ('case', p % 'A', '/A', None, 400, 'subprotocol'),
            # the client offered it, but the upstream never heard of it
            ('not sent', p % 'x, a', '/x', ['a'], 502, 'proof_protocol'),
        ], check)


@case
def no_subprotocols():
    """Without the key they pass as they come."""
    with Origin(chooser) as o, Weir('', o) as w:
        offer = 'Sec-WebSocket-Protocol: x,  y\r\n'
        same(w.ask(ws_request('/y', more=offer + offer)).status, 101, '101')
        same(o.requests[0].all('sec-websocket-protocol'), ['x,  y'] * 2,
             'upstream')


@case
def library():
    """Python's websockets: some get in, the others learn why not."""
    if websockets is None:
        raise Skip('no websockets')

    async def run():
        async def echo(ws, *_):
            async for m in ws:
                await ws.send(m)
        server = await websockets.serve(echo, '127.0.0.1', 0)
        url = 'http://127.0.0.1:%d' % server.sockets[0].getsockname()[1]
        loop = asyncio.get_running_loop()
        w = await loop.run_in_executor(None, Weir, 'max_tunnels = 10', url)
        try:
            got = await asyncio.gather(
                *[websockets.connect('ws://127.0.0.1:%d/' % w.port)
                  for _ in range(25)], return_exceptions=True)
            inside = [x for x in got if not isinstance(x, Exception)]
            refused = [x for x in got if isinstance(x, Exception)]
            same(len(inside), 10, 'tunnels')
            same({type(x).__name__ for x in refused},
                 {'InvalidStatusCode'}, 'refusals')
            same({x.status_code for x in refused}, {503}, 'status')
            for ws in inside:
                await ws.send('x')
                same(await ws.recv(), 'x', 'echo')
                await ws.close()
        finally:
            await loop.run_in_executor(None, w.stop)
            server.close()
            await server.wait_closed()
    asyncio.run(asyncio.wait_for(run(), 6 * WAIT))


if __name__ == '__main__':
    main()
