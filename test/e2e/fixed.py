"""Routes that answer by themselves: respond, and redirect with a URL."""
import tempfile

from weir import (OK, Origin, Weir, answer, case, each, main, plain, refusal,
                  run_weir, same, ws_request)

TEXT = 'text/plain; charset=utf-8'


def route(*keys, path='/'):
    return 'route = %s\n%s\n' % (path, '\n'.join(keys))


@case
def respond():
    """A status, and a text of that type."""
    def check(value, status, body, kind):
        with Weir(route('respond = ' + value)) as w, w.connect() as c:
            # one after the other: the connection stays
            for method in 'GET', 'HEAD', 'DELETE', 'GET':
                r = c.ask(plain('/x?y', method=method))
                line = w.next()
                same((r.status, r.get('content-type')), (status, kind),
                     'head')
                same(r.get('content-length'), str(len(body)), 'length')
                same(r.body, b'' if method == 'HEAD' else body, 'body')
                same((line['status'], line['reason']),
                     (str(status), 'respond'), 'log')
                assert r.has('date') and not r.has('connection'), r
    each([('200 ok', 200, b'ok', TEXT),
          ('200', 200, b'', None),
          ('200  ok   ok ', 200, b'ok   ok', TEXT),
          ('410 {"error": "gone"}', 410, b'{"error": "gone"}',
           'application/json'),
          ('404 nothing here', 404, b'nothing here', TEXT),
          ('599 odd', 599, b'odd', TEXT)], check)


@case
def without_content():
    """RFC 9110 8.6: some statuses have no length to tell, 205 has 0."""
    for status, length in (204, None), (304, None), (205, '0'):
        with Weir(route('respond = %d' % status)) as w, w.connect() as c:
            for _ in range(2):
                # nothing follows the head: the next answer is read at once
                c.send(plain())
                r = c.response('HEAD')
                same((r.status, r.get('content-length'),
                      r.get('content-type')), (status, length, None), 'head')


@case
def bodies():
    """What a request brings along is thrown away."""
    with Weir(route('respond = 200 ok')) as w:
        with w.connect() as c:
            for _ in range(3):
                r = c.ask(plain(method='POST', body=b'x' * 1000))
                same((r.status, r.get('connection')), (200, None), 'POST')
            r = c.ask(b'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: '
                      b'chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n')
            same(r.body, b'ok', 'chunked')
            # a part of it alone: no wait for what is not needed
            r = c.ask(b'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n'
                      b'\r\nabc')
            same((r.status, r.get('connection')), (200, 'close'), 'PUT')
            c.ended()
        with w.connect() as c:
            r = c.ask(b'PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n'
                      b'Expect: 100-continue\r\n\r\n')
            same((r.status, r.interims), (200, []), 'Expect')
        with w.connect() as c:
            # pipelined, and of the other version
            c.send(plain() * 3 + b'GET / HTTP/1.0\r\n\r\n')
            for close in None, None, None, 'close':
                r = c.response()
                same((r.body, r.get('connection')), (b'ok', close), 'next')
            c.ended()


@case
def of_a_file():
    """The variables bring lines along here, and nowhere else."""
    robots = 'User-agent: *\n\tx\r\nDisallow: /'
    with tempfile.TemporaryDirectory() as top:
        path = top + '/text'

        def content(text):
            with open(path, 'w', newline='') as f:
                f.write(text)
        content(robots + '\n\n')
        with Weir(route('respond = 200 ${file:%s}' % path,
                        path='/robots.txt')) as w:
            r = w.get('/robots.txt')
            same((r.body.decode(), r.get('content-type')), (robots, TEXT),
                 'file')
            refusal(w.get('/'), 404, 'no_route')

        def check(key, text, where):
            content(text)
            status, _, err = run_weir(
                '-o', 'listen=:1', '-o', 'route=*', '-o',
                '%s${file:%s}' % (key, path), '-n')
            same((status, where in err), (2, True), err)
        each([('respond=200 ', 'a\0b', b'control byte 0x00'),
              ('respond=200 ', 'a\x01b', b'control byte 0x01'),
              ('respond=200 ', 'a\x7fb', b'control byte 0x7f'),
              ('redirect=/', 'a\nb', b'control byte 0x0a'),
              ('add_response_header=X:', 'a\r\nb', b'control byte 0x0d')],
             check)


@case
def large():
    """As large as a buffer allows, to a client that reads late."""
    for n in 100, 20000, 60000:
        text = ('%07d ' % n * 10000)[:n - 1] + '.'
        with Weir('buffers = 8\n' + route('respond = 200 ' + text)) as w:
            with w.connect(rcvbuf=4096) as c:
                c.send(plain() * 20)
                for _ in range(20):
                    same(c.response().body.decode(), text, 'text')
    status, _, err = run_weir('-o', 'listen=:1', '-o', 'route=*', '-o',
                              'respond=200 ' + 'x' * 64000, '-n')
    same((status, b'its text needs a buffer of 65k' in err), (2, True), err)


@case
def rules():
    """Response rules hold: types, caching, what a status requires."""
    keys = ['set_response_header = Content-Type: text/html',
            'set_response_header = Cache-Control: max-age=60',
            'add_response_header = Allow: GET', 'del_response_header = Date',
            'respond = 405 <p>no']
    with Weir(route(*keys)) as w:
        r = w.get()
        same((r.get('content-type'), r.get('cache-control'), r.get('allow'),
              r.get('date'), r.body), ('text/html', 'max-age=60', 'GET',
                                       None, b'<p>no'), 'head')


@case
def handshakes():
    """A WebSocket gets that status too, whatever its Origin."""
    for more in '', 'accept_errors = yes':
        with Weir(route('respond = 410 gone', more)) as w, w.connect() as c:
            for _ in range(2):
                r = c.ask(ws_request(more='Origin: http://evil\r\n'
                                          'Cookie: a=b\r\n'))
                same((r.status, r.body), (410, b'gone'), 'handshake')
            r = c.ask(ws_request().replace(b'13', b'12'))
            same(r.status, 426, 'almost one')


@case
def beside():
    """Beside routes with upstreams, and under limits of the route."""
    conf = ('upstream = http://127.0.0.1:1\n' +
            route('respond = 200 fine', path='/healthz') +
            route('respond = 200 large', 'body_max = 10', path='/post') +
            'route = /\n')
    with Origin(answer(OK)) as o, Weir(conf.replace(
            'http://127.0.0.1:1', o.url)) as w:
        same(w.get('/healthz').body, b'fine', 'fixed')
        same(w.get('/').body, b'ok', 'upstream')
        same(len(o.requests), 1, 'requests upstream')
        refusal(w.get('/post', method='POST', body=b'x' * 11), 413,
                'body_too_large')
        w.reload('route = /healthz\nrespond = 503 down\n')
        same(w.get('/healthz').status, 503, 'after a reload')


def location(w, target='/', host='example.com', method='GET', body=None):
    r = w.get(target, host=host, method=method, body=body)
    line = w.next()
    same((line['status'], line['reason']), (str(r.status), 'moved'), 'log')
    return r.status, r.get('location')


@case
def redirect():
    """To a URL, with what is asked for in it."""
    def check(value, target, want, status=302, host='example.com'):
        with Weir(route('redirect = ' + value)) as w:
            same(location(w, target, host), (status, want), value)
    each([
        ('https://b.example', '/x?y', 'https://b.example'),
        ('https://b.example$path', '/x?y', 'https://b.example/x?y'),
        ('https://b.example$path', '//evil/x', 'https://b.example//evil/x'),
        ('https://b.example$path', '/@evil', 'https://b.example/@evil'),
        ('https://b.example/old$path?z', '/x', 'https://b.example/old/x?z'),
        ('https://www.$host$path', '/x', 'https://www.example.com/x'),
        ('https://$host:8443$path', '/x', 'https://a.example:8443/x', 302,
         'a.example:80'),
        ('https://$host$path', '/x', 'https://[::1]/x', 302, '[::1]:80'),
        ('/new$path', '/x?y', '/new/x?y'),
        ('/new$path', '//x', '/new//x'),
        ('/login?next=$path', '/x?a=b&c=%20', '/login?next='
         '/x%3Fa%3Db%26c%3D%2520'),
        ('/login?at=$host&next=$path', '/x', '/login?at=a.example&next=/x',
         302, 'a.example'),
        ('https://b.example$path', '/"<>\\^`{|}',
         'https://b.example/%22%3C%3E%5C%5E%60%7B%7C%7D'),
        ('https://b.example$path', '/%0d%0aX:y', 'https://b.example/%0d%0aX:y'),
        ('https://b.example$path', '/\xe4', 'https://b.example/%E4'),
    ] + [('%d https://b.example/' % n, '/', 'https://b.example/', n)
         for n in (301, 302, 303, 307, 308)], check)


@case
def redirect_others():
    with Weir(route('redirect = 301 https://$host$path')) as w:
        same(location(w, '*', method='OPTIONS'),
             (301, 'https://example.com'), '*')
        same(location(w, '/x', method='POST', body=b'x'),
             (301, 'https://example.com/x'), 'POST')
        with w.connect() as c:
            refusal(c.ask(b'GET / HTTP/1.0\r\n\r\n'), 400, 'bad_host')
            same(w.next()['reason'], 'bad_host', 'log')
        with w.connect() as c:
            for method in 'GET', 'HEAD', 'GET':
                r = c.ask(plain('/x', method=method))
                same(r.status, 301, method)
            r = c.ask(ws_request('/x'))
            same(r.get('location'), 'https://example.com/x', 'handshake')
        r = w.get('http://a.example/x', host='b.example')
        same(r.get('location'), 'https://a.example/x', 'absolute')
        # a long one
        path = '/' + 'x"' * 3500
        same(w.get(path).get('location'), 'https://example.com' +
             path.replace('"', '%22'), 'long')


@case
def https_first():
    """What comes without TLS goes to https before the route answers."""
    conf = 'redirect = https\n' + route('respond = 200 ok', path='/a') + \
        route('respond = 200 ok', 'redirect = off', path='/b')
    with Weir(conf) as w:
        r = w.get('/a')
        same((r.status, r.get('location')), (308, 'https://example.com/a'),
             'a')
        same(w.get('/b').status, 200, 'b')


main()
