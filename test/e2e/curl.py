"""curl through weir."""
# timeout: 240
import hashlib
import http.server
import json
import os
import random
import shutil
import subprocess
import tempfile
import threading

from weir import (Origin, Skip, WAIT, Weir, answer, case, describe, main,
                  same, ws_serve)

CHUNKED = (b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n'
           b'Trailer: X-Sum\r\n\r\n5\r\nhello\r\n1;ext=1\r\n \r\n'
           b'5\r\nworld\r\n0\r\nX-Sum: abc\r\n\r\n')


class Curl:
    """Runs curl against weir, in a directory of its own."""

    def __init__(self, w):
        if not shutil.which('curl'):
            raise Skip('no curl')
        self.url = 'http://127.0.0.1:%d' % w.port
        self.dir = tempfile.mkdtemp(prefix='weir-curl-')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.dir, ignore_errors=True)

    def file(self, name, data):
        path = os.path.join(self.dir, name)
        with open(path, 'wb') as f:
            f.write(data)
        return path

    def read(self, name):
        with open(os.path.join(self.dir, name), 'rb') as f:
            return f.read()

    def run(self, *args, stdin=None, status=0):
        p = subprocess.run(
            ['curl', '-q', '-sS', '--noproxy', '*', '--max-time',
             str(int(3 * WAIT))] + list(args), cwd=self.dir,
            input=stdin or b'', capture_output=True)
        same(p.returncode, status, 'exit status of curl, which said %r'
             % p.stderr)
        return p.stdout

    def __call__(self, path, *args, **more):
        return self.run(*args, self.url + path, **more)

    def seen(self, path, *args, **more):
        """The request as the upstream saw it."""
        return json.loads(self(path, *args, **more))


def fields(seen):
    return {k.lower(): v for k, v in seen['fields']}


@case
def methods():
    with Origin(describe) as o, Weir('', o) as w, Curl(w) as curl:
        for m in 'GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'FOO':
            got = curl.seen('/a?b=c', '-X', m)
            same((got['method'], got['target']), (m, '/a?b=c'), m)
        same(curl('/', '-X', 'TRACE', '-o', '/dev/null', '-w',
                  '%{http_code}'), b'405', 'TRACE')
        same(fields(curl.seen('/'))['x-forwarded-for'], '127.0.0.1', 'for')


@case
def head():
    with Origin(answer(b'HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n'
                       b'X-Mine: y\r\n\r\n')) as o, Weir('', o) as w, \
            Curl(w) as curl:
        out = curl('/', '-I', '--next', '-I', curl.url + '/')
        same(out.lower().count(b'content-length: 1000'), 2, 'lengths')
        same(len(w.wait_log('request', 2, method='HEAD')), 2, 'requests')


@case
def uploads():
    """With and without Expect, by length and in chunks."""
    data = random.Random(4).randbytes(3000000)
    with Origin(describe) as o, Weir('', o) as w, Curl(w) as curl:
        path = curl.file('data', data)

        def check(framing, *args, **more):
            got = curl.seen('/up', *args, **more)
            same((got['framing'], len(got['body'])), (framing, len(data)),
                 repr(args))
            same(got['body'].encode('latin-1') == data, True, 'the body')
        post = ('--data-binary', '@' + path)
        check('length', *post)
        check('length', '-H', 'Expect: 100-continue', *post)
        check('length', '-H', 'Expect:', *post)
        check('length', '-T', path)
        check('chunked', '-T', '-', stdin=data)
        check('chunked', '-T', '-', '-H', 'Expect:', stdin=data)
        check('chunked', '-T', '-', '-H', 'Expect: 100-continue',
              stdin=data)
        check('chunked', '-H', 'Transfer-Encoding: chunked', *post)
        check('length', '--http1.0', *post)
        same({(x['status'], x['bytes_in']) for x in
              w.wait_log('request', 9)}, {('200', '3000000')}, 'log')
        got = curl.seen('/', '-d', 'a=b', '-d', 'c=d')
        same(got['body'], 'a=b&c=d', 'form')
        got = curl.seen('/', '-F', 'f=@' + path)
        assert len(got['body']) > len(data), 'multipart'
        got = curl.seen('/', '-X', 'POST', '-d', '')
        same((got['body'], got['framing']), ('', 'length'), 'empty')
        got = curl.seen('/', '-T', '-', stdin=b'')
        same(got['body'], '', 'empty in chunks')


@case
def refused_upload():
    """A final status instead of 100: curl sends no body, or stops."""
    data = b'x' * 3000000

    def serve(peer):
        q = peer.request_head()
        if q is not None:
            peer.send(b'HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno')
            peer.recv_all()
    with Origin(serve) as o, Weir('', o) as w, Curl(w) as curl:
        path = curl.file('data', data)
        out = curl('/', '-H', 'Expect: 100-continue', '--data-binary',
                   '@' + path, '--expect100-timeout', '20', '-w',
                   ' %{http_code} %{size_upload}')
        same(out, b'no 401 0', 'with Expect')
    with Weir('body_max = 100k\nroute = /\nupstream = http://127.0.0.1:9'
              ) as w, Curl(w) as curl:
        path = curl.file('data', data)
        out = curl('/', '-H', 'Expect:', '--data-binary', '@' + path,
                   '-o', '/dev/null', '-w', '%{http_code}')
        same(out, b'413', 'too large')


@case
def downloads():
    data = random.Random(4).randbytes(5000000)
    plain = b'HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n' % len(data)
    chunked = b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
    eof = b'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n'
    chunks = b''.join(b'%x\r\n%s\r\n' % (len(p), p) for p in (
        data[i:i + 12345] for i in range(0, len(data), 12345)))

    def serve(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            if q.target == '/length':
                peer.send(plain + data)
            elif q.target == '/chunked':
                peer.send(chunked + chunks + b'0\r\n\r\n')
            else:
                peer.send(eof + data)
                return
    want = hashlib.sha256(data).digest()
    with Origin(serve) as o, Weir('', o) as w, Curl(w) as curl:
        for path in '/length', '/chunked', '/eof':
            for more in ((), ('--http1.0',), ('--limit-rate', '20M')):
                got = curl(path, *more)
                same(hashlib.sha256(got).digest(), want, path)
    # cut answers are told from whole ones
    for reply in plain + data[:4000000], chunked + b'5\r\nhello\r\n':
        with Origin(answer(reply, close=True)) as o, Weir('', o) as w, \
                Curl(w) as curl:
            p = subprocess.run(['curl', '-q', '-sS', '--noproxy', '*',
                                curl.url + '/'], stdin=subprocess.DEVNULL,
                               capture_output=True)
            # partial file, or receive error
            assert p.returncode in (18, 56), (p.returncode, p.stderr)


@case
def trailers():
    with Origin(answer(CHUNKED)) as o, Weir('', o) as w, Curl(w) as curl:
        same(curl('/'), b'hello world', 'body')
        same(curl('/', '--http1.0'), b'hello world', 'body')
        assert b'X-Sum: abc' not in curl('/', '--http1.0', '--raw')


@case
def old():
    """HTTP/1.0, with and without keep-alive."""
    with Origin(describe) as o, Weir('', o) as w, Curl(w) as curl:
        got = curl.seen('/', '--http1.0')
        same(got['method'], 'GET', 'method')
        out = curl('/a', '--http1.0', '-H', 'Connection: keep-alive', '-o',
                   '/dev/null', '-w', '%{num_connects} ', '--next',
                   '--http1.0', '-sS', '-H', 'Connection: keep-alive', '-o',
                   '/dev/null', '-w', '%{num_connects} ', curl.url + '/b')
        same(out, b'1 0 ', 'connects')


@case
def kept():
    """Many requests over one connection."""
    with Origin(describe) as o, Weir('', o) as w, Curl(w) as curl:
        out = curl('/[1-200]', '-w', '\n%{num_connects} %{http_code}\n')
        lines = [x for x in out.split(b'\n') if x in (b'1 200', b'0 200')]
        same(lines, [b'1 200'] + [b'0 200'] * 199, 'connects')
        same(len(o.peers), 1, 'upstream connections')


@case
def redirects():
    def serve(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            n = int(q.target[1:])
            if n == 0:
                peer.send(b'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nend')
            else:
                peer.send(b'HTTP/1.1 %d Found\r\nLocation: /%d\r\n'
                          b'Content-Length: 4\r\n\r\nmore'
                          % ((301, 302, 303, 307, 308)[n % 5], n - 1))
    with Origin(serve) as o, Weir('', o) as w, Curl(w) as curl:
        same(curl('/20', '-L', '-w', ' %{num_redirects} %{num_connects}'),
             b'end 20 1', 'followed')


@case
def cookies():
    def serve(peer):
        while True:
            q = peer.read_request()
            if q is None:
                return
            body = (q.get('cookie') or 'none').encode()
            peer.send(b'HTTP/1.1 200 OK\r\nSet-Cookie: a=1; Path=/\r\n'
                      b'Set-Cookie: b=2; HttpOnly\r\nContent-Length: %d\r\n'
                      b'\r\n%s' % (len(body), body))
    with Origin(serve) as o, Weir('', o) as w, Curl(w) as curl:
        same(curl('/', '-c', 'jar', '-b', 'jar'), b'none', 'first')
        got = curl('/', '-c', 'jar', '-b', 'jar')
        same(sorted(got.split(b'; ')), [b'a=1', b'b=2'], 'second')


@case
def parallel():
    with Origin(describe) as o, Weir('', o) as w, Curl(w) as curl:
        curl('/[1-300]', '-Z', '--parallel-max', '50', '-o', 'out-#1')
        for i in range(1, 301):
            same(json.loads(curl.read('out-%d' % i))['target'], '/%d' % i,
                 'target')


@case
def old_server():
    """Python's own server, which speaks HTTP/1.0 and ends connections."""
    top = tempfile.mkdtemp(prefix='weir-curl-')
    try:
        with open(os.path.join(top, 'file'), 'wb') as f:
            f.write(b'0123456789' * 1000)

        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *args):
                super().__init__(*args, directory=top)

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Weir('', 'http://127.0.0.1:%d' % server.server_port) as w, \
                Curl(w) as curl:
            for _ in range(3):
                same(curl('/file'), b'0123456789' * 1000, 'file')
            same(curl('/none', '-o', '/dev/null', '-w', '%{http_code}'),
                 b'404', 'none')
        server.shutdown()
    finally:
        shutil.rmtree(top, ignore_errors=True)


@case
def websocket():
    """curl asks for a WebSocket by hand, as people do."""
    with Origin(ws_serve) as o, Weir('', o) as w, Curl(w) as curl:
        same(curl('/', '-o', '/dev/null', '-w', '%{http_code}', '-H',
                  'Upgrade: websocket', '-H', 'Sec-WebSocket-Version: 13',
                  '-H', 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='),
             b'400', 'without Connection')
        out = curl('/', '-i', '--max-time', '1', '-H', 'Upgrade: websocket',
                   '-H', 'Connection: Upgrade', '-H',
                   'Sec-WebSocket-Version: 13', '-H',
                   'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==', status=28)
        assert b'HTTP/1.1 101 ' in out, out


main()
