"""nginx behind weir: what it serves arrives as it is."""
# timeout: 240
import gzip
import hashlib
import os
import random
import re
import shutil
import subprocess
import tempfile
import threading

from weir import (Skip, Weir, case, main, plain, same, until, within,
                  ws_request)

CONF = '''
daemon off;
master_process off;
pid %(dir)s/pid;
error_log %(dir)s/error.log;
worker_rlimit_nofile 4096;
events { worker_connections 1024; }
http {
    types { text/plain txt; text/html html; application/octet-stream bin; }
    access_log %(dir)s/access.log;
    client_body_temp_path %(dir)s/t1;
    proxy_temp_path %(dir)s/t2;
    fastcgi_temp_path %(dir)s/t3;
    uwsgi_temp_path %(dir)s/t4;
    scgi_temp_path %(dir)s/t5;
    keepalive_requests 100000;
    large_client_header_buffers 8 16k;
    client_max_body_size 100m;
    gzip_min_length 100;
    gzip_types text/plain;
    server {
        listen unix:%(dir)s/nginx.sock;
        root %(dir)s/www;
        location /zip/ { alias %(dir)s/www/; gzip on; }
        location /list/ { alias %(dir)s/www/many/; autoindex on; }
        location /moved { return 301 /text.txt; }
        location /gone { return 410 "it is gone\\n"; }
        location /none { return 204; }
        location /fields { %(fields)s return 200 "fields\\n"; }
        location /few/ { alias %(dir)s/www/; keepalive_timeout 0; }
        location /cut { return 444; }
        location /put/ { alias %(dir)s/www/; dav_methods PUT DELETE; }
    }
}
'''


class Nginx:
    """nginx on a socket in weir's own directory."""

    def __init__(self):
        program = shutil.which('nginx') or '/usr/sbin/nginx'
        if not os.access(program, os.X_OK):
            raise Skip('no nginx')
        self.dir = tempfile.mkdtemp(prefix='weir-nginx-')
        os.makedirs(self.dir + '/www/many')
        dice = random.Random(3)
        self.text = b''.join(b'line %d of a text\n' % i
                             for i in range(5000))
        self.big = dice.randbytes(1 << 20)
        self.write('text.txt', self.text)
        self.write('empty.txt', b'')
        self.write('big.bin', self.big)
        self.write('huge.bin', self.big * 20)
        for i in range(300):
            self.write('many/file-%d.txt' % i, b'%d' % i)
        fields = ''.join('add_header X-Field-%d "%s";\n' % (i, 'v' * 180)
                         for i in range(60))
        path = self.dir + '/nginx.conf'
        conf = CONF % {'dir': self.dir, 'fields': fields}
        p = self.start(program, path, conf)
        if p.poll() is not None:
            # one that was built without WebDAV
            p = self.start(program, path, re.sub('.*dav_methods.*', '',
                                                 conf))
        self.proc = p
        self.url = 'unix:%s/nginx.sock' % self.dir
        assert p.poll() is None, self.log()

    def start(self, program, path, conf):
        with open(path, 'w') as f:
            f.write(conf)
        p = subprocess.Popen(
            [program, '-p', self.dir, '-e', self.dir + '/error.log', '-c',
             path], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(lambda: p.poll() is not None or
              os.path.exists(self.dir + '/nginx.sock'), 'nginx to start')
        return p

    def write(self, name, data):
        with open(os.path.join(self.dir, 'www', name), 'wb') as f:
            f.write(data)

    def log(self, name='error.log'):
        with open(os.path.join(self.dir, name)) as f:
            return f.read()

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        self.proc.terminate()
        self.proc.wait()
        if kind is not None:
            print(self.log()[-2000:], flush=True)
        shutil.rmtree(self.dir, ignore_errors=True)


def sum_of(data):
    return hashlib.sha256(data).hexdigest()


@case
def files():
    with Nginx() as n, Weir('', n) as w:
        for name, data in (('text.txt', n.text), ('empty.txt', b''),
                           ('big.bin', n.big), ('huge.bin', n.big * 20)):
            r = w.get('/' + name)
            same((r.status, r.framing, len(r.body)),
                 (200, 'length', len(data)), name)
            same(sum_of(r.body), sum_of(data), 'sum of ' + name)
            same(w.next()['bytes_out'], str(len(data)), 'log')
        same(w.get('/missing').status, 404, 'missing')
        r = w.get('/none')
        same((r.status, r.body), (204, b''), 'none')
        r = w.get('/gone')
        same((r.status, r.body), (410, b'it is gone\n'), 'gone')
        r = w.get('/moved')
        same(r.status, 301, 'moved')
        within(r.get('location'), '/text.txt|http://example.com/text.txt',
               'Location')


@case
def head():
    with Nginx() as n, Weir('', n) as w, w.connect() as c:
        for name, length in ('text.txt', len(n.text)), ('empty.txt', 0), \
                ('huge.bin', 20 << 20), ('missing', None):
            r = c.ask(plain('/' + name, method='HEAD'))
            if length is not None:
                same((r.status, r.get('content-length')),
                     (200, str(length)), name)
            else:
                same(r.status, 404, name)
            # the next on the same connection shows that no body came
            same(c.ask(plain('/text.txt')).body, n.text, 'the next')
        same(c.ask(plain('/zip/text.txt', 'Accept-Encoding: gzip\r\n',
                         method='HEAD')).status, 200, 'chunked')
        same(c.ask(plain('/text.txt')).body, n.text, 'the next')


@case
def ranges():
    with Nginx() as n, Weir('', n) as w, w.connect() as c:
        def ask(value, more=''):
            return c.ask(plain('/big.bin', 'Range: bytes=%s\r\n%s' % (
                value, more)))
        for value, part in (('0-0', n.big[:1]), ('0-99', n.big[:100]),
                            ('1000-', n.big[1000:]), ('-7', n.big[-7:]),
                            ('1048575-', n.big[-1:])):
            r = ask(value)
            same((r.status, sum_of(r.body)), (206, sum_of(part)), value)
            assert r.get('content-range').endswith('/1048576'), r
        same(ask('2000000-').status, 416, 'beyond')
        r = ask('0-9,20-29')
        same(r.status, 206, 'two')
        assert r.get('content-type').startswith('multipart/byteranges'), r
        assert n.big[:10] in r.body and n.big[20:30] in r.body
        # put together from pieces
        got = b''.join(ask('%d-%d' % (i, i + 99999)).body
                       for i in range(0, len(n.big), 100000))
        same(sum_of(got), sum_of(n.big), 'pieces')


@case
def conditional():
    with Nginx() as n, Weir('', n) as w, w.connect() as c:
        r = c.ask(plain('/text.txt'))
        etag, date = r.get('etag'), r.get('last-modified')
        assert etag and date, r
        for more in ('If-None-Match: %s\r\n' % etag,
                     'If-Modified-Since: %s\r\n' % date):
            r = c.ask(plain('/text.txt', more))
            same((r.status, r.body), (304, b''), more)
            same(r.get('etag'), etag, 'ETag')
        r = c.ask(plain('/text.txt', 'If-None-Match: "x"\r\n'))
        same((r.status, r.body), (200, n.text), 'changed')
        same(c.ask(plain('/text.txt', 'If-Match: "x"\r\n')).status, 412,
             'If-Match')


@case
def compressed():
    """gzip, which nginx sends in chunks."""
    with Nginx() as n, Weir('', n) as w, w.connect() as c:
        for _ in range(3):
            r = c.ask(plain('/zip/text.txt', 'Accept-Encoding: gzip\r\n'))
            same((r.status, r.framing, r.get('content-encoding')),
                 (200, 'chunked', 'gzip'), 'answer')
            same(gzip.decompress(r.body), n.text, 'text')
            r = c.ask(plain('/zip/text.txt'))
            same((r.get('content-encoding'), r.body), (None, n.text),
                 'without')
        # in chunks from nginx, without for an old client
        r = w.ask(b'GET /zip/text.txt HTTP/1.0\r\nHost: a\r\n'
                  b'Accept-Encoding: gzip\r\n\r\n')
        same(r.framing in ('eof', 'length'), True, 'framing')
        body = gzip.decompress(r.body) if r.has('content-encoding') \
            else r.body
        same(body, n.text, 'text')


@case
def autoindex():
    with Nginx() as n, Weir('', n) as w:
        r = w.get('/list/')
        same((r.status, r.framing), (200, 'chunked'), 'list')
        same(len(set(re.findall(rb'file-\d+\.txt"', r.body))), 300, 'files')


@case
def methods():
    with Nginx() as n, Weir('', n) as w, w.connect() as c:
        r = c.ask(plain('/text.txt', method='POST', body=b'x' * 100000))
        same(r.status, 405, 'POST')
    with Nginx() as n, Weir('', n) as w, w.connect() as c:
        r = c.ask(plain('/text.txt', method='OPTIONS'))
        same(r.status, 405, 'OPTIONS')
        r = c.ask(plain('/text.txt', method='DELETE'))
        same(r.status, 405, 'DELETE')
        same(c.ask(plain('/text.txt')).body, n.text, 'the next')


@case
def put():
    with Nginx() as n, Weir('', n) as w:
        with w.connect() as c:
            r = c.ask(plain('/put/new.bin', method='PUT', body=n.big))
            if r.status == 405:
                raise Skip('nginx without WebDAV')
            within(str(r.status), '201|204', 'PUT')
        with w.connect() as c:
            data = b''.join(b'%x\r\n%s\r\n' % (len(p), p) for p in (
                n.big[i:i + 7777] for i in range(0, len(n.big), 7777)))
            r = c.ask(b'PUT /put/two.bin HTTP/1.1\r\nHost: a\r\n'
                      b'Transfer-Encoding: chunked\r\n\r\n' + data +
                      b'0\r\n\r\n')
            within(str(r.status), '201|204', 'chunked PUT')
        for name in 'new.bin', 'two.bin':
            same(sum_of(w.get('/' + name).body), sum_of(n.big), name)


@case
def large_heads():
    """16 KB of head in all, one way and the other."""
    with Nginx() as n, Weir('', n) as w:
        r = w.get('/fields')
        same((r.status, r.body), (200, b'fields\n'), 'answer')
        same(len([f for f in r.fields if f[0].startswith('X-Field-')]), 60,
             'fields')
        more = ''.join('X-%d: %s\r\n' % (i, 'y' * 200) for i in range(60))
        same(w.get('/text.txt', more).status, 200, 'large request')
        more = 'Cookie: c=%s\r\n' % ('z' * 7000)
        same(w.get('/text.txt', more).status, 200, 'large cookie')
        same(w.get('/text.txt?' + 'q' * 7900).status, 200, 'large target')


@case
def pool():
    """Connections to nginx are used again and again."""
    with Nginx() as n, Weir('', n) as w:
        with w.connect() as c:
            for i in range(300):
                same(c.ask(plain('/many/file-%d.txt' % i)).body, b'%d' % i,
                     'body')
            # weir's own: listener, pipes and the like; then one each
            assert len(unix_of(w.pid)) <= 2, unix_of(w.pid)
        for i in range(50):
            same(w.get('/many/file-%d.txt' % i).body, b'%d' % i, 'body')
        assert len(unix_of(w.pid)) <= 2, unix_of(w.pid)
        # those that nginx closes are not used again
        for i in range(50):
            same(w.get('/few/empty.txt' if i % 2 else '/text.txt').status,
                 200, 'mixed')


def unix_of(pid):
    """The unix sockets that a process holds."""
    found = []
    for fd in os.listdir('/proc/%d/fd' % pid):
        try:
            name = os.readlink('/proc/%d/fd/%s' % (pid, fd))
        except OSError:
            continue
        if name.startswith('socket:'):
            found.append(name[8:-1])
    with open('/proc/net/unix') as f:
        inodes = {line.split()[6] for line in f.readlines()[1:]}
    return [i for i in found if i in inodes]


@case
def pipelined():
    with Nginx() as n, Weir('', n) as w, w.connect() as c:
        c.send(b''.join(plain('/many/file-%d.txt' % i) for i in range(200)))
        for i in range(200):
            same(c.final().body, b'%d' % i, 'body')


@case
def no_answer():
    with Nginx() as n, Weir('', n) as w:
        r = w.get('/cut')
        same(r.status, 502, 'status')
        same(w.next()['reason'], 'upstream_no_answer', 'log')


@case
def many():
    """1 MB twenty times over each of ten connections."""
    with Nginx() as n, Weir('', n) as w:
        failed = []
        want = sum_of(n.big)

        def client():
            try:
                with w.connect() as c:
                    for _ in range(20):
                        same(sum_of(c.ask(plain('/big.bin')).body), want,
                             'sum')
            except Exception as e:
                failed.append(e)
        threads = [threading.Thread(target=client) for _ in range(10)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        same(failed, [], 'failures')
        lines = w.wait_log('request', 200)
        same({(x['status'], x['reason'], x['bytes_out']) for x in lines},
             {('200', 'ok', '1048576')}, 'log')
        until(lambda: len(unix_of(w.pid)) <= 11, 'a pool of ten')


@case
def websocket_refused():
    """A handshake with what is no WebSocket server."""
    with Nginx() as n, Weir('', n) as w, w.connect() as c:
        same(c.ask(ws_request('/text.txt')).body, n.text, 'body')
        same(c.ask(ws_request('/missing')).status, 404, 'status')


main()
