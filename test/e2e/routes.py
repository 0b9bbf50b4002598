"""Which route serves a request, and which of its upstreams."""
import os
import shutil
import socket
import tempfile

from weir import (Origin, Skip, Weir, answer, case, each, free_port, has_ipv6,
                  main, plain, refusal, run_weir, same, until, ws_request,
                  ws_serve)


def named(name):
    """A response that tells which upstream it is from."""
    return (b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s' %
            (len(name), name.encode()))


class Routes:
    """weir with one upstream for each of the routes."""

    def __init__(self, *routes, more=''):
        self.origins = [Origin(answer(named(r))) for r in routes]
        conf = more
        for r, o in zip(routes, self.origins):
            conf += '\nroute = %s\nupstream = %s\n' % (r, o.url)
        self.weir = Weir(conf)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.weir.__exit__(*why)
        for o in self.origins:
            o.__exit__(*why)

    def check(self, host, target, want):
        r = self.weir.get(target, host=host)
        line = self.weir.next()
        if want is None:
            refusal(r, 404, 'no_route')
            same((line['status'], line['reason']), ('404', 'no_route'),
                 'log')
            return
        same((r.status, r.body.decode()), (200, want), 'route')
        same(line['route'], want, 'route in the log')


@case
def hosts():
    with Routes('a.example/', '*.example/', 'b.a.example/', 'c.test/x',
                '*.sub.example/') as t:
        each([
            ('a.example', '/', 'a.example/'),
            ('A.Example', '/', 'a.example/'),
            ('a.example:80', '/', 'a.example/'),
            ('a.example:8080', '/', 'a.example/'),
            ('a.example.', '/', 'a.example/'),
            ('x.example', '/', '*.example/'),
            ('X.EXAMPLE:1', '/', '*.example/'),
            ('x.a.example', '/', '*.example/'),
            ('b.a.example', '/', 'b.a.example/'),
            ('x.sub.example', '/', '*.sub.example/'),
            ('sub.example', '/', '*.example/'),
            ('example', '/', None),
            ('aexample', '/', None),
            ('xexample', '/', None),
            ('a.example.com', '/', None),
            ('c.test', '/', None),
            ('c.test', '/x', 'c.test/x'),
            ('c.test', '/x/y', 'c.test/x'),
            ('127.0.0.1', '/', None),
            ('[::1]', '/', None),
        ], t.check, t.weir.skip)


@case
def any_host():
    with Routes('/', 'a.example/x', '*.example/y') as t:
        each([
            ('whatever', '/', '/'), ('127.0.0.1', '/', '/'),
            ('[::1]:80', '/', '/'), ('a.example', '/x', 'a.example/x'),
            ('b.example', '/y', '*.example/y'),
        ], t.check, t.weir.skip)
        # HTTP/1.0 without Host
        same(t.weir.ask(b'GET / HTTP/1.0\r\n\r\n').body, b'/', 'no Host')


@case
def most_specific_host():
    """An exact host goes before a wildcard, and that before any host, even
    where the other's path is longer."""
    with Routes('/long/path', 'a.example/', '*.example/long') as t:
        each([('a.example', '/long/path', 'a.example/'),
              ('b.example', '/long/path', '*.example/long'),
              ('c.test', '/long/path', '/long/path')], t.check, t.weir.skip)


@case
def prefixes():
    """The longest prefix, at the border of a segment."""
    with Routes('/', '/a', '/a/b', '/a/bc/', '/d/') as t:
        each([
            ('h', '/', '/'), ('h', '/x', '/'), ('h', '/a', '/a'),
            ('h', '/a/', '/a'), ('h', '/a?x', '/a'), ('h', '/a/x', '/a'),
            ('h', '/ab', '/'), ('h', '/a.b', '/'), ('h', '/A', '/'),
            ('h', '/a/b', '/a/b'), ('h', '/a/b/', '/a/b'),
            ('h', '/a/b?x/y', '/a/b'), ('h', '/a/bc', '/a/bc/'),
            ('h', '/a/bc/d', '/a/bc/'), ('h', '/a/bcd', '/a'),
            ('h', '/d', '/d/'), ('h', '/d/', '/d/'), ('h', '/dx', '/'),
            ('h', '/?/a/b', '/'),
        ], t.check, t.weir.skip)


@case
def conditions():
    """Of routes with one path the one with the most conditions that hold."""
    names = ['plain', 'socket', 'beta', 'both', 'query']
    origins = [Origin(answer(named(n))) for n in names]
    rules = ['', 'match_header = Upgrade: websocket', 'match_header = X-Beta',
             'match_header = x-beta: yes\nmatch_query = v=2*',
             'match_query = v=2.0']
    conf = ''.join('route = /\n%s\nupstream = %s\n' % (r, o.url)
                   for r, o in zip(rules, origins))
    with Weir(conf) as w:
        told = [None, 'upgrade: websocket', 'x-beta', 'x-beta: yes, v=2*',
                'v=2.0']

        def check(why, target, more, want):
            data = ws_request(target) if why == 'socket' else plain(target,
                                                                    more)
            same(w.ask(data).body.decode(), want, 'route')
            same(w.next().get('match'), told[names.index(want)], 'log')
        each([('none', '/', '', 'plain'),
              ('socket', '/?v=1', '', 'socket'),
              ('a field', '/', 'X-Beta:\r\n', 'beta'),
              ('both', '/?a=b&v=2.1', 'X-Beta: YES\r\n', 'both'),
              ('one of both', '/?v=1', 'X-Beta: yes\r\n', 'beta'),
              ('the first in the file', '/?v=2.0', 'X-Beta: no\r\n', 'beta'),
              ('a parameter', '/x?v=2%2E0', '', 'query')], check)
    for o in origins:
        o.stop()


@case
def conditions_secret():
    """What looks like a secret does not get into the log."""
    with Origin(ws_serve) as o:
        conf = ('route = /\nmatch_header = X-Api-Key: sk-1*\n'
                'match_header = X-Part: ${PART}\nmatch_query = token=sk-2\n'
                'upstream = %s\n' % o.url)
        with Weir(conf, env={'PART': 'sk-3'}) as w:
            w.tunnel('/?token=sk-2',
                     more='X-Api-Key: sk-1x\r\nX-Part: sk-3\r\n').close()
            for event in 'tunnel_open', 'tunnel_close':
                same(w.wait_log(event)[0]['match'],
                     'x-api-key: ***, X-Part: ${PART}, token=***', event)
            assert b'sk-' not in w.stderr(), 'a secret in the log'


@case
def conditions_reload():
    """A route is the same one after a reload if its conditions are: its
    limit of tunnels goes on counting."""
    def conf(o, rule):
        return ('listen = http://127.0.0.1:@PORT@\nupstream = %s\n'
                'max_tunnels = 1\nroute = /\nroute = /\nmatch_query = %s\n'
                % (o.url, rule))
    with Origin(ws_serve) as o, Weir(conf(o, 'a')) as w:
        with w.tunnel('/'), w.tunnel('/?a&b'):
            refusal(w.ask(ws_request('/?a')), 503, 'too_many_tunnels')
            w.reload(conf(o, 'a') + '# the same\n')
            refusal(w.ask(ws_request('/?a')), 503, 'too_many_tunnels')
            refusal(w.ask(ws_request('/')), 503, 'too_many_tunnels')
            w.reload(conf(o, 'b'))
            w.tunnel('/?a=1&b').close()


@case
def no_default():
    with Routes('/a') as t:
        each([('h', '/', None), ('h', '/b', None), ('h', '/ab', None),
              ('h', '/a', '/a')], t.check, t.weir.skip)


@case
def encoded():
    """%XX of harmless characters and double slashes hide no prefix."""
    with Routes('/', '/admin', '/a/b') as t:
        each([
            ('h', '/%61dmin', '/admin'), ('h', '/adm%69n', '/admin'),
            ('h', '/%61%64%6d%69%6e', '/admin'),
            ('h', '/%61%64%6D%69%6E/x', '/admin'),
            ('h', '//admin', '/admin'), ('h', '///admin', '/admin'),
            ('h', '/a//b', '/a/b'), ('h', '/a%2fb', '/'),
            ('h', '/a%2Fb', '/'), ('h', '/%2561dmin', '/'),
            ('h', '/admi%6', '/'),
        ], t.check, t.weir.skip)


@case
def asterisk():
    with Routes('/', '/a') as t:
        r = t.weir.get('*', method='OPTIONS')
        same((r.status, r.body), (200, b'/'), 'OPTIONS *')
        same(t.origins[0].requests[-1].target, '*', 'target')


@case
def absolute():
    """The authority of an absolute target chooses the route."""
    with Routes('a.example/', 'b.example/') as t:
        r = t.weir.get('http://b.example/', host='a.example')
        same(r.body, b'b.example/', 'route')


@case
def round_robin():
    def check(n):
        with_all = [Origin(answer(named(str(i)))) for i in range(n)]
        with Weir('', *with_all) as w:
            got = [w.get().body for _ in range(3 * n)]
            same(got[:n], got[n:2 * n], 'second turn')
            same(len(set(got[:n])), n, 'upstreams in a turn')
            for o in with_all:
                same(len(o.requests), 3, 'requests')
                o.stop()
    each([(1,), (2,), (3,), (7,)], check)


@case
def round_robin_on_one_connection():
    with Origin(answer(named('a'))) as a, Origin(answer(named('b'))) as b:
        with Weir('', a, b) as w, w.connect() as c:
            got = [c.ask(plain()).body for _ in range(10)]
            same(sorted(got), [b'a'] * 5 + [b'b'] * 5, 'answers')
            assert all(x != y for x, y in zip(got, got[1:])), got


@case
def unix_upstream():
    d = tempfile.mkdtemp(prefix='weir-test-')
    path = os.path.join(d, 'sock')
    with Origin(path=path) as o, Weir('', o) as w:
        r = w.get(method='POST', body=b'hello')
        same((r.status, r.body), (200, b'ok'), 'answer')
        q = o.requests[0]
        same((q.body, q.get('host')), (b'hello', 'example.com'), 'request')
        same(w.next()['upstream'], 'unix:' + path, 'log')
    shutil.rmtree(d)


@case
def unix_listener():
    """A unix socket is listened on, and is gone afterwards."""
    with Origin() as o:
        w = Weir('listen = unix:@DIR@/in\nlisten = http://127.0.0.1:@PORT@',
                 o)
        path = os.path.join(w.dir, 'in')
        with w:
            for to in (path, None):
                with w.connect(to) as c:
                    same(c.ask(plain()).body, b'ok', 'answer')
            lines = w.wait_log('request', 2)
            same([x['client'] for x in lines], ['unix:', '127.0.0.1'],
                 'clients')
            assert [x for x in w.log('listening')
                    if x['address'] == 'unix:' + path], 'no line'
        assert not os.path.exists(path), 'the socket stays'


@case
def unix_listener_again():
    """The socket of one that was killed does not stand in the way."""
    with Origin() as o:
        w = Weir('listen = unix:@DIR@/in\nlisten = http://127.0.0.1:@PORT@',
                 o)
        path = os.path.join(w.dir, 'in')
        w.kill()
        assert os.path.exists(path), 'no socket'
        conf = 'listen = unix:%s\nlisten = http://127.0.0.1:@PORT@' % path
        with Weir(conf, o) as again, again.connect(path) as c:
            same(c.ask(plain()).body, b'ok', 'answer')
        shutil.rmtree(w.dir)


@case
def ipv6():
    if not has_ipv6():
        raise Skip('no IPv6')
    with Origin(host='::1') as o:
        w = Weir('listen = http://[::1]:@PORT@\nlisten = '
                 'http://127.0.0.1:@PORT@\nforwarded = yes', o)
        with w, w.connect(('::1', w.port)) as c:
            same(c.ask(plain(host='[::1]:%d' % w.port)).body, b'ok',
                 'answer')
            q = o.requests[0]
            same(q.get('x-forwarded-for'), '::1', 'X-Forwarded-For')
            assert 'for="[::1]"' in q.get('forwarded'), q.get('forwarded')
            same(w.next()['client'], '::1', 'log')


@case
def many_listeners():
    p, q = free_port(), free_port()
    conf = ''.join('listen = http://127.0.0.1:%s\n' % x
                   for x in ('@PORT@', p, q))
    with Origin() as o, Weir(conf, o) as w:
        for to in (w.port, p, q):
            with w.connect(('127.0.0.1', to)) as c:
                same(c.ask(plain()).body, b'ok', 'answer')
        same(len(w.log('listening')), 3, 'lines')


@case
def any_address():
    """:PORT is every address."""
    with Origin() as o, Weir('listen = :@PORT@', o) as w:
        with w.connect() as c:
            same(c.ask(plain()).body, b'ok', 'answer')
        same(w.next()['client'], '127.0.0.1', 'client in the log')
        if has_ipv6():
            with w.connect(('::1', w.port)) as c:
                same(c.ask(plain()).body, b'ok', 'answer')


def localhost():
    """The addresses of localhost, which a bare chroot does not know."""
    try:
        return [a[4][0] for a in socket.getaddrinfo('localhost', 80)]
    except socket.gaierror as e:
        raise Skip('localhost: %s' % e)


@case
def by_name():
    """localhost is looked up, and what it has are tried."""
    if '127.0.0.1' not in localhost():
        raise Skip('localhost has no IPv4 address')
    with Origin() as o, Weir('', 'http://localhost:%d' % o.port) as w:
        until(lambda: w.get().status == 200, 'the name')
        for _ in range(5):
            same(w.get().body, b'ok', 'answer')
        same(o.requests[0].get('host'), 'example.com', 'Host')


@case
def by_name_ipv6():
    if not has_ipv6():
        raise Skip('no IPv6')
    if '::1' not in localhost():
        raise Skip('localhost has no IPv6 address')
    with Origin(host='::1') as o, \
            Weir('', 'http://localhost:%d' % o.port) as w:
        until(lambda: w.get().status == 200, 'the name')


@case
def unresolvable():
    """A name without an address is a warning, and a 503."""
    with Weir('', 'http://name.invalid:80') as w:
        refusal(w.get(), 503, 'unresolved')
        r = w.get()
        assert int(r.get('retry-after')) > 0, 'Retry-After'
        same(w.next()['reason'], 'unresolved', 'log')
        assert any('name.invalid' in x['msg']
                   for x in w.wait_log('message')), 'no warning'


@case
def unresolvable_beside_good():
    with Origin() as o, Weir('', 'http://name.invalid', o) as w:
        for _ in range(6):
            same(w.get().status, 200, 'status')


@case
def no_upstream():
    """A route without an upstream is no configuration."""
    status, out, err = run_weir('-o', 'listen=http://127.0.0.1:1', '-o',
                                'route=/', '-n')
    same(status, 2, 'status')


@case
def one_line():
    """weir LISTEN UPSTREAM is a whole program."""
    with Origin() as o:
        port = free_port()
        w = Weir(args=['127.0.0.1:%d' % port, o.url])
        with w, w.connect(('127.0.0.1', port)) as c:
            same(c.ask(plain('/x?y')).body, b'ok', 'answer')
            same(o.requests[0].target, '/x?y', 'target')


@case
def ws_urls():
    """ws:// is http://, on both sides."""
    with Origin() as o:
        up = o.url.replace('http:', 'ws:')
        with Weir('listen = ws://127.0.0.1:@PORT@', up) as w:
            same(w.get().body, b'ok', 'answer')


@case
def upstream_twice():
    """One that a list names twice is warned of, for each list once."""
    a = 'upstream = http://127.0.0.1:9000'
    b = 'upstream = http://127.0.0.1:9001'
    # behind listen, which the first line is for
    for text, want in (
            ((a, b, 'route = /', 'route = /x'), []),
            ((a, b, 'route = /', a, 'route = /x', b), []),
            (('route = /', a, a + ' proxy'), []),
            ((a, b, a, 'route = /', 'route = /x'), [(4, 2)]),
            (('route = /', a, a + ' backup'), [(4, 3)]),
            (('route = /', a, b, a, b, a), [(5, 3), (6, 4), (7, 3)])):
        with Weir('\n'.join(text)) as w:
            said = [x['msg'] for x in w.log('message', level='warn')]
            same(len(said), len(want), 'warnings of %s' % (text,))
            for line, (at, first) in zip(said, want):
                assert ':%d: upstream: given twice' % at in line, line
                assert ':%d: http://127.0.0.1:900' % first in line, line


if __name__ == '__main__':
    main()
