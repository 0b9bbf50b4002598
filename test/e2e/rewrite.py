"""What weir changes in a request and a response, and what it leaves."""
import re
import tempfile

from weir import (Origin, Weir, answer, case, each, main, same, ws_101,
                  ws_accept, ws_request)


def request(w, o, target='/', more='', host='example.com', method='GET'):
    """The request as the upstream got it."""
    same(w.get(target, more, host, method).status, 200, 'status')
    return o.requests[-1]


def with_route(o, keys, path='/'):
    return 'route = %s\nupstream = %s\n%s\n' % (path, o.url, keys)


@case
def forwarded_for():
    """A client's own word about its origin is not believed."""
    lies = ['X-Forwarded-For: 6.6.6.6', 'X-Forwarded-Proto: https',
            'X-Forwarded-Host: evil', 'X-Forwarded-Port: 1',
            'X-Forwarded-Prefix: /evil', 'X-Forwarded-Server: evil',
            'X-Forwarded-Anything: evil',
            'Forwarded: for=6.6.6.6', 'X-Request-Id: mine',
            'x-forwarded-for: 7.7.7.7', 'X-FORWARDED-HOST: evil']

    def check(more):
        q = request(w, o, more=more)
        same(q.all('x-forwarded-for'), ['127.0.0.1'], 'For')
        same(q.all('x-forwarded-proto'), ['http'], 'Proto')
        same(q.all('x-forwarded-host'), ['example.com'], 'Host')
        assert re.match(r'[0-9a-f]{16}\Z', q.get('x-request-id')), 'Id'
        for name in ('forwarded', 'x-forwarded-port', 'x-forwarded-prefix',
                     'x-forwarded-server', 'x-forwarded-anything'):
            assert not q.has(name), name
    with Origin() as o, Weir('', o) as w:
        each([('',)] + [(x + '\r\n',) for x in lies] +
             [(''.join(x + '\r\n' for x in lies),)], check)


@case
def forwarded_host():
    with Origin() as o, Weir('', o) as w:
        for host in ('example.com', 'example.com:8080', '[::1]:9', 'A.b'):
            q = request(w, o, host=host)
            same((q.get('host'), q.get('x-forwarded-host')), (host, host),
                 'hosts')
        w.ask(b'GET / HTTP/1.0\r\n\r\n')
        assert not o.requests[-1].has('x-forwarded-host'), 'of nothing'


@case
def request_id():
    """The id is in the log, and never the same."""
    with Origin() as o, Weir('', o) as w:
        for _ in range(20):
            w.get()
        ids = [q.get('x-request-id') for q in o.requests]
        same(len(set(ids)), 20, 'different ids')
        same([x['id'] for x in w.wait_log('request', 20)], ids, 'log')


@case
def forwarded():
    def check(value, want):
        with Origin() as o, Weir('forwarded = ' + value, o) as w:
            q = request(w, o, more='Forwarded: for=evil\r\n')
            if not want:
                same(q.all('forwarded'), [], 'Forwarded')
                return
            parts = dict(p.split('=', 1) for p in
                         q.get('forwarded').split(';'))
            same({k: v.strip('"') for k, v in parts.items()},
                 {'for': '127.0.0.1', 'host': 'example.com',
                  'proto': 'http'}, 'Forwarded')
            same(q.get('x-forwarded-for'), '127.0.0.1', 'besides')
    each([('yes', True), ('no', False)], check)


@case
def strip():
    rows = [
        # route, strip_prefix, target, what goes upstream
        ('/a', '/a', '/a', '/'), ('/a', '/a', '/a/', '/'),
        ('/a', '/a', '/a/b', '/b'), ('/a', '/a', '/a/b/c?d=/a/e',
                                     '/b/c?d=/a/e'),
        ('/a', '/a', '/a?x', '/?x'), ('/a', '/a', '/a/a/a', '/a/a'),
        ('/a', '/a/', '/a/b', '/b'), ('/a/b', '/a', '/a/b/c', '/b/c'),
        ('/', '/a', '/b', '/b'), ('/', '/a', '/ab', '/ab'),
        ('/', '/a', '/a/b', '/b'), ('/', '/a', '/', '/'),
        ('/a', '/a', '/%61/b', '/b'), ('/a', '/a', '/a//b', '//b'),
        ('/a', '/a', '//a/b', '/b'), ('/a', '/a', '/a/%61', '/%61'),
        ('/a', '/a', '/a/b%2fc', '/b%2fc'),
        ('/', '', '/a/b', '/a/b'), ('/', '', '/a/..b', '/a/..b'),
        ('/', '', '//a//b', '//a//b'), ('/', '', '/a%00b', '/a%00b'),
        ('/', '', '/?', '/?'), ('/', '', '/a?b?c', '/a?b?c'),
    ]

    def check(route, prefix, target, want):
        keys = 'strip_prefix = ' + prefix if prefix else ''
        with Origin() as o, Weir(with_route(o, keys, route)) as w:
            same(request(w, o, target).target, want, target)
            same(w.next()['target'], target, 'log')
    each(rows, check)


@case
def strip_absolute():
    with Origin() as o:
        with Weir(with_route(o, 'strip_prefix = /a', '/a')) as w:
            q = request(w, o, 'http://h/a/b?c')
            same((q.target, q.get('host')), ('/b?c', 'h'), 'request')


@case
def host_header():
    def check(value, want):
        with Origin() as o:
            with Weir(with_route(o, 'host_header = ' + value)) as w:
                q = request(w, o, host='mine.example:8080')
                same(q.get('host'), want or o.authority, 'Host')
                same(q.get('x-forwarded-host'), 'mine.example:8080',
                     'X-Forwarded-Host')
    each([('other.example', 'other.example'),
          ('other.example:81', 'other.example:81'), ('upstream', None)],
         check)


@case
def host_header_default():
    with Origin() as o, Weir('', o) as w:
        same(request(w, o, host='h:1').get('host'), 'h:1', 'Host')


CLIENT = 'X-A: 1\r\nX-B: 2\r\nX-A: 3\r\nx-c: 4\r\n'
RULES = [
    # keys, and then all fields X-A to X-D as they arrive
    ('', [('X-A', '1'), ('X-B', '2'), ('X-A', '3'), ('x-c', '4')]),
    ('set_header = X-A: n', [('X-B', '2'), ('x-c', '4'), ('X-A', 'n')]),
    ('set_header = x-a: n', [('X-B', '2'), ('x-c', '4'), ('x-a', 'n')]),
    ('set_header = X-D: n', [('X-A', '1'), ('X-B', '2'), ('X-A', '3'),
                             ('x-c', '4'), ('X-D', 'n')]),
    ('add_header = X-A: n', [('X-A', '1'), ('X-B', '2'), ('X-A', '3'),
                             ('x-c', '4'), ('X-A', 'n')]),
    ('add_header = X-D: n', [('X-A', '1'), ('X-B', '2'), ('X-A', '3'),
                             ('x-c', '4'), ('X-D', 'n')]),
    ('add_header = X-D: n\nadd_header = X-D: m',
     [('X-A', '1'), ('X-B', '2'), ('X-A', '3'), ('x-c', '4'), ('X-D', 'n'),
      ('X-D', 'm')]),
    ('del_header = X-A', [('X-B', '2'), ('x-c', '4')]),
    ('del_header = X-C', [('X-A', '1'), ('X-B', '2'), ('X-A', '3')]),
    ('del_header = X-D', [('X-A', '1'), ('X-B', '2'), ('X-A', '3'),
                          ('x-c', '4')]),
    ('del_header = X-A\ndel_header = X-B\ndel_header = X-C', []),
    ('del_header = X-A\nadd_header = X-A: n', [('X-B', '2'), ('x-c', '4'),
                                               ('X-A', 'n')]),
    ('set_header = X-A: n\nset_header = X-B: m\ndel_header = X-C',
     [('X-A', 'n'), ('X-B', 'm')]),
    ('set_header = X-A: a: b; c="d"', [('X-B', '2'), ('x-c', '4'),
                                       ('X-A', 'a: b; c="d"')]),
]


def custom(fields):
    return [f for f in fields if re.match(r'x-[abcd]\Z', f[0].lower())]


@case
def request_rules():
    def check(keys, want):
        with Origin() as o, Weir(with_route(o, keys)) as w:
            same(custom(request(w, o, more=CLIENT).fields), want, 'fields')
    each(RULES, check)


@case
def response_rules():
    data = (b'HTTP/1.1 200 OK\r\n' + CLIENT.encode() +
            b'Content-Length: 2\r\n\r\nok')

    def check(keys, want):
        keys = keys.replace('_header', '_response_header')
        with Origin(answer(data)) as o, Weir(with_route(o, keys)) as w:
            same(custom(w.get().fields), want, 'fields')
    each(RULES, check)


@case
def rules_for_known_fields():
    """The same for fields that weir itself knows."""
    rows = [
        ('set_header = Authorization: Bearer x', 'authorization',
         ['Bearer x']),
        ('del_header = Cookie', 'cookie', []),
        ('set_header = User-Agent: weir', 'user-agent', ['weir']),
        ('del_header = X-Forwarded-For', 'x-forwarded-for', []),
        ('set_header = X-Forwarded-For: 1.2.3.4', 'x-forwarded-for',
         ['1.2.3.4']),
        ('set_header = X-Forwarded-Proto: https', 'x-forwarded-proto',
         ['https']),
        ('set_header = X-Request-Id: fixed', 'x-request-id', ['fixed']),
        ('del_header = X-Request-Id', 'x-request-id', []),
        ('add_header = Cookie: c=d', 'cookie', ['a=b', 'c=d']),
    ]
    more = ('Authorization: Basic eA==\r\nCookie: a=b\r\n'
            'User-Agent: test\r\n')

    def check(keys, name, want):
        with Origin() as o, Weir(with_route(o, keys)) as w:
            same(request(w, o, more=more).all(name), want, name)
    each(rows, check)


@case
def rules_for_trailers():
    """What a rule sets or deletes does not come behind the body either, nor
    the field of a trusted proxy."""
    fields = ('X-Set: forged\r\nx-del: 1\r\nCF-Connecting-IP: 192.0.2.1\r\n'
              'X_Set: forged\r\nx_del: 1\r\nCF_Connecting_IP: 192.0.2.1\r\n'
              'X_Forwarded_For: 192.0.2.1\r\nX-Sum: 1\r\n')
    body = b'3\r\nabc\r\n0\r\n%s\r\n' % fields.encode()
    head = b'Transfer-Encoding: chunked\r\n\r\n'
    with Origin(answer(b'HTTP/1.1 200 OK\r\n' + head + body)) as o:
        keys = ''.join('%s = %s\n' % (k % d, v) for d in ('', 'response_')
                       for k, v in (('set_%sheader', 'X-Set: own'),
                                    ('del_%sheader', 'X-Del')))
        with Weir('trusted_proxy = 192.0.2.9\n'
                  'client_address = cf-connecting-ip\n' + keys, o) as w:
            r = w.ask(b'POST / HTTP/1.1\r\nHost: a\r\n' + head + body, 'POST')
            same((r.body, r.get('x-set'), r.trailers),
                 (b'abc', 'own', [('CF-Connecting-IP', '192.0.2.1'),
                                  ('CF_Connecting_IP', '192.0.2.1'),
                                  ('X-Sum', '1')]), 'answer')
            q = o.requests[0]
            same((q.body, q.get('x-set'), q.trailers),
                 (b'abc', 'own', [('X-Sum', '1')]), 'request')


@case
def names_as_cgi_reads_them():
    """CGI and WSGI make one name of X-User and X_User."""
    keys = ('set_header = X-User: weir\ndel_header = X-Team\n'
            'trusted_proxy = 192.0.2.9\nclient_address = cf-connecting-ip\n')
    more = ('X_User: root\r\nX_Team: 1\r\nX_Forwarded_For: 192.0.2.1\r\n'
            'CF_Connecting_IP: 192.0.2.1\r\nX_Other: 2\r\n')
    with Origin() as o, Weir(keys, o) as w:
        q = request(w, o, more=more)
        seen = [(n, v) for n, v in q.fields if '_' in n]
        same(seen, [('X_Other', '2')], 'what passes')
        same((q.all('x-user'), q.all('x-forwarded-for')),
             (['weir'], ['127.0.0.1']), "weir's own")


@case
def rules_per_route():
    """Keys before the first route are the default of all of them."""
    with Origin() as o:
        conf = ('set_header = X-A: global\nroute = /\nupstream = %s\n'
                'route = /own\nupstream = %s\nset_header = X-B: own\n' %
                (o.url, o.url))
        with Weir(conf) as w:
            same(custom(request(w, o, '/').fields), [('X-A', 'global')],
                 'default')
            got = custom(request(w, o, '/own').fields)
            assert ('X-B', 'own') in got, got


@case
def rules_for_handshakes():
    """Handshakes and their answers are rewritten as well."""
    def serve(peer):
        q = peer.read_request()
        if q is not None:
            peer.send(ws_101(q.get('sec-websocket-key'), 'X-A: 1\r\n'))
            peer.recv_all()
    keys = ('set_header = X-B: up\nset_response_header = X-C: down\n'
            'del_response_header = X-A\nstrip_prefix = /ws\n')
    with Origin(serve) as o, Weir(with_route(o, keys)) as w:
        with w.connect() as c:
            r = c.ask(ws_request('/ws/x'))
            same(r.status, 101, 'status')
            same(custom(r.fields), [('X-C', 'down')], 'response')
            same(r.get('sec-websocket-accept'), ws_accept(), 'Accept')
        q = o.requests[0]
        same((q.target, q.get('x-b')), ('/x', 'up'), 'request')
        same(q.get('x-forwarded-proto'), 'http', 'never ws')


@case
def secrets():
    """Values from the environment and from files."""
    import tempfile
    with tempfile.NamedTemporaryFile('w', suffix='.secret') as f:
        f.write('  from a file\n')
        f.flush()
        keys = ('set_header = X-A: ${WEIR_TEST_A}\n'
                'set_header = X-B: Bearer ${file:%s}\n' % f.name)
        with Origin() as o, Weir(with_route(o, keys),
                                 env={'WEIR_TEST_A': 'from outside'}) as w:
            got = custom(request(w, o).fields)
            same(got, [('X-A', 'from outside'), ('X-B',
                                                 'Bearer from a file')],
                 'fields')


@case
def big_heads():
    """Rules still fit where the head is as large as it may be."""
    keys = ''.join('add_header = X-%d: %s\n' % (i, 'v' * 1000)
                   for i in range(20))
    with Origin() as o, Weir(with_route(o, keys)) as w:
        head = b'GET / HTTP/1.1\r\nHost: a\r\nA: '
        data = head + b'b' * (16384 - len(head) - 4) + b'\r\n\r\n'
        same(w.ask(data).status, 200, 'status')
        q = o.requests[0]
        same((len(q.get('a')), q.get('x-19')), (16384 - len(head) - 4,
                                                'v' * 1000), 'fields')


@case
def not_added():
    """A response gets nothing that nobody asked for."""
    data = (b'HTTP/1.1 200 OK\r\nDate: x\r\nServer: y\r\n'
            b'Content-Length: 2\r\n\r\nok')
    with Origin(answer(data)) as o, Weir('', o) as w:
        same(w.get().fields, [('Date', 'x'), ('Server', 'y'),
                              ('Content-Length', '2')], 'fields')


@case
def prefixes():
    """strip_prefix, rewrite and add_prefix; the query stays."""
    def check(keys, target, want):
        with Origin() as o, Weir(with_route(o, keys)) as w:
            same(request(w, o, target).target, want, 'target')
            # a WebSocket goes the same way
            w.ask(ws_request(target))
            same(o.requests[-1].target, want, 'target of a handshake')
    each([
        ('add_prefix = /api', '/x?y=/z', '/api/x?y=/z'),
        ('add_prefix = /api/', '/', '/api/'),
        ('add_prefix = /', '/x', '/x'),
        ('strip_prefix = /a\nadd_prefix = /b/c', '/a/x', '/b/c/x'),
        ('strip_prefix = /a\nadd_prefix = /b', '/a?x', '/b?x'),
        ('strip_prefix = /a\nadd_prefix = /b', '/x', '/b/x'),
        ('rewrite = /old /new/deep', '/old/x%2Fy?z', '/new/deep/x%2Fy?z'),
        ('rewrite = /old /new', '//%6Fld', '/new'),
        ('rewrite = /old /new', '/older', '/older'),
        ('rewrite = /old /', '/old?x', '/?x'),
        ('rewrite = / /new', '/x', '/new/x'),
        ('rewrite = /old /new\nadd_prefix = /api', '/old/x', '/api/new/x'),
    ], check)


@case
def prefixes_hold():
    """No request gets out of what was put in front of it."""
    with Origin() as o, Weir(with_route(o, 'add_prefix = /api')) as w:
        for target in '/../x', '/a/../../x', '/%2e%2e/x', '/.%2E':
            same(w.get(target).status, 400, target)
        same(request(w, o, '*', method='OPTIONS').target, '*', 'all')
        same(len(o.requests), 1, 'requests')


@case
def locations():
    """Location is changed back, if that is asked for."""
    def moved(value):
        return answer(b'HTTP/1.1 302 Found\r\nContent-Length: 0\r\n'
                      b'Location: %s\r\nX: /new\r\n\r\n' % value.encode())

    def check(value, want, keys='rewrite = /old /new'):
        with Origin() as o:
            value = value.replace('@UP@', o.authority)
            o.handler = moved(value)
            keys += '\nrewrite_location = '
            with Weir(with_route(o, keys + 'yes')) as w:
                r = w.get('/old', host='a.example:8080')
                same((r.get('location'), r.get('x')), (want, '/new'), 'yes')
            with Weir(with_route(o, keys + 'no')) as w:
                same(w.get('/old').get('location'), value, 'no')
    each([
        ('http://@UP@/new/x?y', '/old/x?y'),
        ('http://@UP@', '/'),
        ('/new/x', '/old/x'),
        ('/login', '/login'),
        ('//b.example/new', '//b.example/new'),
        ('http://a.example:8080/new/x', 'http://a.example:8080/old/x'),
        ('https://a.example/new/x', 'https://a.example/new/x'),
        ('https://login.example/new?a=/new', 'https://login.example/new?a=/new'),
        ('http://@UP@//evil/x', '/.//evil/x'),
        ('/x', '/app/x', 'strip_prefix = /app'),
        ('http://b.example/x', '/app/x',
         'strip_prefix = /app\nhost_header = b.example'),
        ('http://@UP@/x', '/app/x',
         'strip_prefix = /app\nhost_header = upstream'),
    ], check)


@case
def locations_of_others():
    """What an upstream is called is its own name, not that of the first."""
    moved = answer(b'HTTP/1.1 302 Found\r\nContent-Length: 0\r\n'
                   b'Location: http://localhost/x\r\n\r\n')
    with tempfile.TemporaryDirectory() as top, Origin() as first, \
            Origin(moved, path=top + '/sock') as o:
        first.stop()
        with Weir('route = /\nupstream = %s\nupstream = unix:%s\n'
                  'host_header = upstream\nrewrite_location = yes\n'
                  % (first.url, top + '/sock')) as w:
            r = w.get('/')
            same((r.get('location'), o.requests[0].get('host')),
                 ('/x', 'localhost'), 'location')


@case
def long_prefixes():
    """What prefixes add to a head has room in it."""
    prefix = '/' + 'p' * 1500
    keys = 'rewrite = /old %s\nadd_prefix = %s' % (prefix, prefix)
    conf = 'header_max = 2k\nline_max = 1k\nbuffer = %s\n'
    with Origin() as o:
        with Weir(conf % '6k' + with_route(o, keys), ready=False,
                  status=2) as w:
            w.wait_end()
        with Weir(conf % '8k' + with_route(o, keys)) as w:
            q = request(w, o, '/old', 'X: ' + 'x' * 1800 + '\r\n')
            same(q.target, prefix * 2, 'target')


if __name__ == '__main__':
    main()
