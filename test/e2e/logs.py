"""What weir writes down: in which form, where, and what it leaves out."""
import os
import re
import signal
import time

from weir import (BRIEF, Origin, Weir, case, each, main, parse_log, plain,
                  same, until, within, ws_101, ws_close, ws_frame, ws_request,
                  ws_serve)

REQUEST = ['time', 'level', 'event', 'id', 'client', 'method', 'target',
           'host', 'route', 'upstream', 'status', 'reason', 'ms', 'bytes_in',
           'bytes_out']
OPEN = ['time', 'level', 'event', 'id', 'client', 'target', 'host', 'route',
        'upstream', 'protocol']
CLOSE = ['time', 'level', 'event', 'id', 'client', 'route', 'upstream', 'by',
         'code', 'reason', 'seconds', 'bytes_in', 'bytes_out',
         'messages_in', 'messages_out']


def lines_of(w):
    """All that came, and every line of it can be read."""
    raw = [x for x in w.stderr().split(b'\n') if x]
    lines = parse_log(w.stderr())
    same(len(lines), len(raw), 'lines that can be read')
    return lines


@case
def forms():
    """The same lines as text and as JSON, with the same keys."""
    for form in ('text', 'json'):
        with Origin(ws_serve) as a, Origin() as b:
            conf = ('log_format = %s\nroute = /ws\nupstream = %s\nroute = /'
                    '\nupstream = %s\n' % (form, a.url, b.url))
            with Weir(conf) as w:
                w.get('/x?y=z', method='POST', body=b'hello')
                q = w.next('request')
                same(list(q), REQUEST, 'keys of request')
                want = dict(level='info', client='127.0.0.1', method='POST',
                            target='/x?y=z', host='example.com', route='/',
                            upstream=b.url, status='200', reason='ok',
                            bytes_in='5', bytes_out='2')
                same({k: str(q[k]) for k in want}, want, 'request')
                assert re.match(r'[0-9a-f]{16}\Z', str(q['id'])), q['id']
                t = w.tunnel('/ws')
                t.send(ws_frame(1, b'hello') + ws_frame(1, b'a' * 200))
                t.frame()
                t.frame()
                t.send(ws_close(1000))
                t.frame()
                t.close()
                q = w.next('tunnel_open')
                same(list(q), OPEN, 'keys of tunnel_open')
                c = w.next('tunnel_close')
                same(list(c), CLOSE, 'keys of tunnel_close')
                same(c['id'], q['id'], 'id')
                same([str(c[k]) for k in ('code', 'messages_in',
                                          'messages_out')],
                     ['1000', '2', '2'], 'tunnel_close')
                # 6+5, 8+200, 6+2 in; 2+5, 4+200, 2+2 out
                same([str(c['bytes_in']), str(c['bytes_out'])],
                     ['227', '215'], 'bytes')
                assert re.match(r'\d+\.\d{3}\Z', str(c['seconds'])) or \
                    isinstance(c['seconds'], float), c['seconds']
                lines_of(w)


@case
def events():
    """The life of a process, in its log."""
    with Origin() as o:
        w = Weir('', o)
        with w:
            w.get()
            w.reload()
        # the directory is gone now
    with Origin() as o:
        w = Weir('log = @DIR@/../weir-test-%d.log' % os.getpid(), o)
        path = os.path.join(os.path.dirname(w.dir),
                            'weir-test-%d.log' % os.getpid())
        with w:
            w.get()
            w.signal(signal.SIGHUP)
            until(lambda: w.log('reload', path=path), 'the reload')
        lines = w.log(path=path)
        os.unlink(path)
        words = [x['event'] for x in lines if x['event'] != 'message']
        same(words, ['start', 'listening', 'ready', 'reload', 'drain',
                     'stop'], 'events')
        assert re.match(r'\d+\.\d+', lines[0]['version']), lines[0]
        same(lines[1]['address'], 'http://127.0.0.1:%d' % w.port, 'address')


SECRETS = ['token', 'key', 'api_key', 'access_token', 'ticket']


@case
def redaction():
    """Secrets in a query do not reach the log, however they are written."""
    targets = ['/?%s=SECRET' % s for s in SECRETS]
    targets += ['/a/b?x=y&%s=SECRET&z=1' % s for s in SECRETS]
    targets += ['/?%s=SECRET&%s=SECRET' % (s, s) for s in SECRETS]
    targets += ['/?TOKEN=SECRET', '/?Api_Key=SECRET', '/?%74oken=SECRET',
                '/?t%6fken=SECRET', '/?a=b&&token=SECRET',
                '/?token=SECRET=SECRET', '/?token=%53ECRET-SECRET',
                '/?token=a?token=SECRET', 'http://h/?token=SECRET']

    def check(target):
        w.get(target)
        q = w.next()
        same(o.requests[-1].target, target.replace('http://h', ''),
             'target upstream')
        assert 'SECRET' not in q['target'], q['target']
        assert '***' in q['target'], q['target']
    with Origin() as o, Weir('log_level = debug', o) as w:
        each([(t,) for t in targets], check)
        w.ask(ws_request('/?token=SECRET'))
        w.get('/nowhere?key=SECRET', 'Authorization: Bearer SECRET\r\n'
              'Cookie: a=SECRET\r\n')
        w.ask(b'GET /?token=SECRET HTTP/1.1\r\nHost: a\r\nBad : x\r\n\r\n')
        time.sleep(BRIEF)
        assert b'SECRET' not in w.stderr(), 'a secret in the log'


@case
def not_redacted():
    def check(target):
        w.get(target)
        same(w.next()['target'], target, 'target')
    with Origin() as o, Weir('', o) as w:
        each([('/token=x',), ('/?a=token',), ('/?mytoken=x',),
              ('/?tokens=x',), ('/?monkey=x',), ('/token/key',), ('/?',),
              ('/?a=b&c=d',)], check)


@case
def protocols():
    """Keys that hide in the list of subprotocols."""
    def serve(peer):
        q = peer.read_request()
        if q is not None:
            peer.send(ws_101(q.get('sec-websocket-key'),
                             'Sec-WebSocket-Protocol: realtime\r\n'))
            peer.recv_all()
    offers = ['realtime, openai-insecure-api-key.SECRET',
              'realtime, openai-insecure-api-key, SECRET',
              'realtime, sk-SECRET', 'realtime, Bearer.SECRET',
              'realtime, eyJhbGciOi.SECRET.x']
    with Origin(serve) as o, Weir('log_level = debug', o) as w:
        for offer in offers:
            with w.connect() as c:
                r = c.ask(ws_request(more='Sec-WebSocket-Protocol: %s\r\n' %
                                     offer))
                same(r.status, 101, 'status')
            same(o.requests[-1].get('sec-websocket-protocol'), offer,
                 'upstream')
            w.next('tunnel_close')
        assert b'SECRET' not in w.stderr(), 'a secret in the log'


@case
def hostile():
    """Nothing that a client sends makes a line of its own."""
    for form in ('text', 'json'):
        with Origin() as o, Weir('log_format = ' + form, o) as w:
            for target in ('/" event="x', '/\\', '/\\"', '/=', "/'",
                           '/%0a%0d', '/\x80\xff', '/a\xe4b'):
                r = w.ask(plain(target))
                q = w.next()
                if r.status == 200:
                    same(q['target'], target, 'target')
            w.ask(b'GET /\x01\x1b[2J HTTP/1.1\r\nHost: a\r\n\r\n')
            w.ask(b'GET / HTTP/1.1\r\nHost: "a=b c"\r\n\r\n')
            w.ask(b'\x00\xff" x=y / HTTP/1.1\r\n\r\n')
            w.next(), w.next(), w.next()
            for line in w.stderr().split(b'\n'):
                assert all(32 <= c < 127 for c in line), line
            lines_of(w)


@case
def long_targets():
    """A long target is cut in the log, not upstream, and keeps its line."""
    with Origin() as o, Weir('', o) as w:
        for n in (900, 1000, 1023, 1024, 1025, 2000, 8000):
            w.get('/' + 'a' * n, host='h' * 200)
            same(len(o.requests[-1].target), n + 1, 'upstream')
            q = w.next()
            assert q['target'].startswith('/aaa'), q['target'][:20]
            same((q['status'], q['method']), ('200', 'GET'), 'line')
        w.get('/' + 'b' * 1020 + '?token=SECRET')
        w.next()
        assert b'SECRET' not in w.stderr(), 'a secret in the log'


@case
def unfinished_request_line():
    """A refused request that was never read has a line all the same."""
    with Origin() as o, Weir('', o) as w:
        w.ask(b'GET\r\n\r\n')
        q = w.next()
        same(q['status'], '400', 'status')
        for k in ('id', 'client', 'reason', 'bytes_in', 'bytes_out'):
            assert k in q, 'no ' + k


@case
def levels():
    """log_level says which lines are written."""
    def check(level, ok, refused, dead):
        with Origin() as o:
            conf = ('log_level = %s\nroute = /\nupstream = %s\nroute = /dead'
                    '\nupstream = http://127.0.0.1:1\n' % (level, o.url))
            with Weir(conf) as w:
                w.get('/')
                w.ask(b'GET / HTTP/1.1\r\nHost : a\r\n\r\n')
                w.get('/dead')
                time.sleep(BRIEF)
                lines = [x['reason'] for x in w.log('request')]
                same(['ok' in lines, 'bad_field_name' in lines,
                      'connect_refused' in lines], [ok, refused, dead],
                     'lines')
                same(bool(w.log('ready')), ok, 'ready')
    each([('debug', True, True, True), ('info', True, True, True),
          ('warn', False, True, True), ('error', False, False, True)],
         check)


@case
def access_off():
    with Origin(ws_serve) as o, Weir('access_log = off', o) as w:
        w.tunnel().close()
        w.ask(b'x\r\n\r\n')
        time.sleep(BRIEF)
        for event in ('request', 'tunnel_open', 'tunnel_close'):
            same(w.log(event), [], event)
        assert w.log('ready'), 'the other log is not off'


@case
def files():
    """Logs in files, apart and together."""
    conf = 'log = @DIR@/main.log\naccess_log = @DIR@/access.log'
    with Origin() as o, Weir(conf, o) as w:
        main_log, access = w.dir + '/main.log', w.dir + '/access.log'
        w.get()
        until(lambda: w.log('request', path=access), 'the line')
        same([x['event'] for x in w.log(path=access)], ['request'],
             'access')
        same([x['event'] for x in w.log(path=main_log)][-1], 'ready', 'log')
        same(w.stderr(), b'', 'stderr')
    with Origin() as o, Weir('log = @DIR@/l\naccess_log = @DIR@/l', o) as w:
        w.get()
        until(lambda: w.log('request', path=w.dir + '/l'), 'the line')
        assert w.log('ready', path=w.dir + '/l'), 'both in one'


@case
def rotation():
    """SIGUSR1 opens the files again; no line is lost."""
    conf = 'log = @DIR@/main.log\naccess_log = @DIR@/access.log'
    with Origin() as o, Weir(conf, o) as w:
        path = w.dir + '/access.log'
        total = 0
        for i in range(5):
            for _ in range(10):
                w.get()
            total += 10
            os.rename(path, '%s.%d' % (path, i))
            os.rename(w.dir + '/main.log', '%s/main.%d' % (w.dir, i))
            w.get()
            total += 1
            w.signal(signal.SIGUSR1)
            until(lambda: os.path.exists(path), 'the new file')
        w.get()
        total += 1

        def lines():
            return sum(len(w.log('request', path=p)) for p in
                       [path] + ['%s.%d' % (path, i) for i in range(5)])
        until(lambda: lines() == total, '%d lines, there are %d' %
              (total, lines()))
        assert os.path.exists(w.dir + '/main.log'), 'no main.log'


@case
def rotation_without_files():
    """SIGUSR1 does no harm where there is no file."""
    with Origin() as o, Weir('', o) as w:
        for _ in range(5):
            w.signal(signal.SIGUSR1)
        same(w.get().status, 200, 'status')
        w.next()


@case
def bad_file():
    """A log that cannot be opened is told of at start."""
    from weir import free_port, run_weir
    status, out, err = run_weir(
        '-o', 'listen=http://127.0.0.1:%d' % free_port(), '-o',
        'log=/nonexistent/x', '-o', 'route=/', '-o',
        'upstream=http://127.0.0.1:1')
    within(str(status), '1|2', 'status')
    assert b'/nonexistent/x' in err, err


@case
def stuck():
    """A log that nobody reads does not block anything."""
    with Origin() as o:
        w = Weir('access_log = @DIR@/fifo', o, ready=False)
        w.kill()
        fifo = os.path.join(w.dir, 'fifo')
        if os.path.exists(fifo):
            os.unlink(fifo)
        os.mkfifo(fifo)
        reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
        with Weir('access_log = ' + fifo, o) as v, v.connect() as c:
            for _ in range(3000):
                same(c.ask(plain('/' + 'x' * 500)).status, 200, 'status')
            v.idle(0.5)
        os.close(reader)


if __name__ == '__main__':
    main()
