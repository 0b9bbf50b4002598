"""accept_errors: refusals told in a WebSocket, for clients that see nothing
else."""
# timeout: 240
import asyncio
import json
import os
import subprocess
import sys
import threading

from tls_peer import Secure
from weir import (CLOSE, HERE, OK, TEXT, Deaf, Origin, Peer, Response, Skip,
                  WAIT, Weir, case, each, main, refusal, same, until,
                  ws_101, ws_accept, ws_close, ws_frame, ws_request, ws_serve)
sys.path.insert(0, os.path.join(HERE, 'js'))
import node  # noqa: E402
from chromium import chromium  # noqa: E402

try:
    import websockets
except ImportError:
    websockets = None


def serve(peer):
    """What a handshake gets is its path: a status, or one of these."""
    while True:
        q = peer.read_request()
        if q is None:
            return
        name = q.target.split('?')[0].split('/')[1]
        if not q.has('sec-websocket-key'):
            peer.send(OK)
        elif name.isdigit():
            peer.send(b'HTTP/1.1 %s Some\r\nSet-Cookie: a=b\r\n'
                      b'Content-Length: 100000\r\n\r\n' % name.encode() +
                      b'x' * 100000)
        elif name == 'wrong':
            peer.send(ws_101('AAAAAAAAAAAAAAAAAAAAAA=='))
        elif name == 'interim':
            peer.send(b'HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 403 No\r\n'
                      b'Content-Length: 0\r\n\r\n')
        elif name == 'junk':
            peer.send(b'SSH-2.0\r\n\r\n')
        elif name == 'mute':
            peer.recv_all()
        elif name == 'die':
            return
        else:
            peer.send(ws_101(q.get('sec-websocket-key')))
            peer.recv_all()
            return


SENTENCE = {
    'upstream_status': 'The upstream answered %d.',
    'no_route': 'No route serves this host and path.',
}


def told(c, status, word, kind='json', protocol=None):
    """c gets a 101 and then that refusal; returns the message."""
    r = Response(c.head())
    if r.status == 103:
        r = Response(c.head())
    same(r.status, 101, 'status')
    same(r.get('sec-websocket-accept'), ws_accept(), 'Accept')
    same(r.get('sec-websocket-protocol'), protocol, 'subprotocol')
    same(sorted(k.lower() for k, _ in r.fields if 'protocol' not in
                k.lower()), ['connection', 'sec-websocket-accept', 'upgrade'],
         'fields')
    f = c.frame()
    same((f.op, f.fin, f.rsv, f.mask), (TEXT, 1, 0, None), 'message')
    m = json.loads(f.data)
    same(m['type'], 'error', 'type')
    e = m['error']
    same((e['status'], e['code']), (status, word), 'error')
    same(e['type'], 'server_error' if status >= 500 else
         'invalid_request_error', 'type of the error')
    if word in SENTENCE:
        same(e['message'], SENTENCE[word].replace('%d', str(status)), 'text')
    if kind == 'openai':
        same(sorted(m), ['error', 'event_id', 'type'], 'members')
        same(sorted(e), ['code', 'event_id', 'message', 'param', 'status',
                         'type'], 'members of the error')
        same((e['param'], e['event_id']), (None, None), 'nulls')
        assert m['event_id'].startswith('event_'), m
    else:
        same(sorted(m), ['error', 'type'], 'members')
        same(sorted(e), ['code', 'message', 'status', 'type'],
             'members of the error')
    f = c.frame()
    same((f.op, f.fin, f.mask), (CLOSE, 1, None), 'close')
    same((f.code(), f.data[2:].decode()), (4000 + status, word), 'code')
    return m


def goodbye(c):
    """The client closes as well, and the connection ends."""
    c.send(ws_close(1000))
    c.ended('eof')
    c.close()


def check_log(w, status, word, n=1):
    line = w.wait_log('request', n)[n - 1]
    same((line['status'], line['reason'], line.get('accepted')),
         (str(status), word, 'yes'), 'log')
    return line


@case
def refusals():
    """Each of weir's own, and what an upstream may do."""
    with Origin(serve) as o, Deaf() as deaf:
        def check(name, conf, request, status, word):
            with Weir('accept_errors = yes\nretries = 0\n' + conf) as w, \
                    w.connect() as c:
                c.send(request)
                told(c, status, word)
                goodbye(c)
                line = check_log(w, status, word)
                same(line['bytes_out'], '0', 'bytes')
                same(w.log('tunnel_open') + w.log('tunnel_close'), [],
                     'tunnels')

        def to(more='', url=o.url):
            return '%s\nroute = example.com\nupstream = %s\n' % (more, url)
        each([
            ('no route', to(), ws_request(host='other'), 404, 'no_route'),
            ('origin', to(), ws_request(
                more='Origin: null\r\nCookie: a=b\r\n'), 403, 'origin'),
            ('redirect', 'listen = http://127.0.0.1:@PORT@\n' +
             to('redirect = https'), ws_request(), 308, 'redirect'),
            ('refused', to(url='http://127.0.0.1:1'), ws_request(), 502,
             'connect_refused'),
            ('deaf', to('connect_timeout = 50ms', deaf.url), ws_request(),
             504, 'connect_timeout'),
            ('mute', to('handshake_timeout = 50ms'), ws_request('/mute'),
             504, 'handshake_timeout'),
            ('ends', to(), ws_request('/die'), 502, 'upstream_no_answer'),
            ('wrong', to(), ws_request('/wrong'), 502, 'proof_accept'),
            ('junk', to(), ws_request('/junk'), 502, 'bad_response'),
            ('unresolved', to('connect_timeout = 50ms',
                              'http://no.such.invalid'), ws_request(), 503,
             'unresolved'),
            ('401', to(), ws_request('/401'), 401, 'upstream_status'),
            ('403', to(), ws_request('/403'), 403, 'upstream_status'),
            ('behind a 103', to(), ws_request('/interim'), 403,
             'upstream_status'),
            ('200', to(), ws_request('/200'), 200, 'upstream_status'),
            ('302', to(), ws_request('/302'), 302, 'upstream_status'),
            ('500', to(), ws_request('/500'), 500, 'upstream_status'),
            ('999', to(), ws_request('/999'), 999, 'upstream_status'),
        ], check)


@case
def limits():
    """Those that depend on what else there is."""
    with Origin(serve) as o, Weir('accept_errors = yes\nmax_tunnels = 1',
                                  o) as w:
        t = w.tunnel()
        with w.connect() as c:
            c.send(ws_request())
            told(c, 503, 'too_many_tunnels')
            goodbye(c)
        t.close()
    with Origin(serve) as o, Weir('accept_errors = yes\n'
                                  'max_tunnels_per_address = 1', o) as w:
        t = w.tunnel()
        with w.connect() as c:
            c.send(ws_request())
            told(c, 429, 'too_many_tunnels_address')
            goodbye(c)
        t.close()
    # the route says so, though the limits are for all
    with Origin(serve) as o, Weir(
            'handshakes_per_address = 1\nroute = /\naccept_errors = yes\n'
            'upstream = ' + o.url) as w:
        cs = [w.connect() for _ in range(20)]
        for c in cs:
            c.send(ws_request('/none'))
        until(lambda: w.log('request', reason='too_many_handshakes'), 'one')
        for c in cs:
            c.close()
    with Origin(serve) as o, Weir(
            'max_connections_per_address = 1\nroute = /\n'
            'accept_errors = yes\nupstream = ' + o.url) as w:
        a = w.tunnel()
        with w.connect() as c:
            c.send(ws_request())
            told(c, 429, 'too_many_address')
            goodbye(c)
        a.close()


@case
def given_back():
    """A refusal that is told is no tunnel, however long its client stays."""
    with Origin(serve) as o, Weir('accept_errors = yes\nmax_tunnels = 1\n'
                                  'max_connections = 9', o) as w:
        cs = [w.connect() for _ in range(4)]
        for c in cs:
            c.send(ws_request('/403'))
            told(c, 403, 'upstream_status')
        w.tunnel().close()
        for c in cs:
            goodbye(c)


@case
def subprotocols():
    """Browsers want one of those that they offered; no secret is sent back."""
    def check(name, offer, want, conf='', status=403,
              word='upstream_status'):
        with Origin(serve) as o, Weir('accept_errors = yes\n' + conf,
                                      o) as w, w.connect() as c:
            c.send(ws_request('/403', more=''.join(
                'Sec-WebSocket-Protocol: %s\r\n' % x for x in offer)))
            told(c, status, word, protocol=want)
            goodbye(c)
    each([
        ('none', [], None),
        ('empty', [' , '], None),
        ('one', ['chat'], 'chat'),
        ('first', ['b, a'], 'b'),
        ('two lines', ['b', 'a'], 'b'),
        ('key first', ['openai-insecure-api-key.K, realtime'], 'realtime'),
        ('key in two items', ['openai-insecure-api-key, K, realtime'],
         'openai-insecure-api-key'),
        ('token', ['eyJh.eyJz.c2ln, v1'], 'v1'),
        ('only keys', ['openai-insecure-api-key.K, sk-1'], None),
        ('no token', ['a b, c'], 'c'),
        ('none is listed', ['x, y'], 'x', 'subprotocol = a', 400,
         'subprotocol'),
        ('some are listed', ['x, a'], 'a', 'subprotocol = a'),
    ], check)


@case
def formats():
    """The shape of OpenAI's errors, and the other."""
    def check(name, kind):
        with Origin(serve) as o, Weir('accept_errors = yes\n'
                                      'error_format = ' + name, o) as w:
            for path, status in ('/401', 401), ('/503', 503):
                with w.connect() as c:
                    c.send(ws_request(path))
                    told(c, status, 'upstream_status', kind)
                    goodbye(c)
    each([('openai', 'openai'), ('auto', 'json'), ('json', 'json'),
          ('text', 'json')], check)


@case
def stays_http():
    """What is no handshake, or almost one, and where the route says no."""
    with Origin(serve) as o, Weir(
            'accept_errors = yes\nupstream = %s\nroute = example.com\n'
            'route = example.com/off\naccept_errors = no\n' % o.url) as w:
        key = 'Sec-WebSocket-Key: short\r\nUpgrade: websocket\r\n' \
            'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
        refusal(w.get(host='other'), 404, 'no_route')
        refusal(w.get(more=key), 400, 'ws_key')
        refusal(w.ask(ws_request().replace(b'13', b'12')), 426, 'ws_version')
        refusal(w.ask(ws_request(more='Origin: null\r\nOrigin: null\r\n')),
                400, 'ws_origin')
        refusal(w.ask(b'G@T / HTTP/1.1\r\nHost: a\r\n\r\n'), 400,
                'bad_method')
        same(w.ask(ws_request('/off')).status, 101, 'accepted upstream')
        refusal(w.ask(ws_request('/off/', more='Origin: null\r\n'
                                 'Cookie: a=b\r\n')), 403, 'origin')
        same(w.log('request', accepted='yes'), [], 'told')
    with Origin(serve) as o, Weir('', o) as w:
        r = w.ask(ws_request('/401'))
        same((r.status, len(r.body)), (401, 100000), 'an answer')


@case
def retried():
    """Other upstreams are tried first."""
    with Origin(ws_serve) as o, Weir('accept_errors = yes',
                                     'http://127.0.0.1:1', o) as w:
        for _ in range(4):
            w.tunnel().close()
        same(w.log('request', accepted='yes'), [], 'told')


@case
def early():
    """What the client sent before the answer is thrown away."""
    with Origin(serve) as o, Weir('accept_errors = yes', o) as w, \
            w.connect() as c:
        c.send(ws_request('/403') + ws_frame(TEXT, b'x' * 20000))
        told(c, 403, 'upstream_status')
        c.send(ws_frame(TEXT, b'y' * 100000))
        goodbye(c)


@case
def silent_client():
    """One that does not close is waited for as long as linger says."""
    with Origin(serve) as o, Weir('accept_errors = yes\nlinger = 200ms',
                                  o) as w, w.connect() as c:
        c.send(ws_request('/403'))
        told(c, 403, 'upstream_status')
        n = w.fds()
        w.wait_fds(n - 1)
        same(w.get().status, 200, 'alive')


@case
def leaving_client():
    """Clients that leave at any time do no harm."""
    with Origin(serve) as o, Weir('accept_errors = yes\npool = 0', o) as w:
        before = w.fds()
        for leave in Peer.reset, Peer.close:
            c = w.connect()
            c.send(ws_request('/403'))
            told(c, 403, 'upstream_status')
            leave(c)
            c = w.connect()
            c.send(ws_request('/403'))
            leave(c)
        c = w.connect()
        c.send(ws_request('/403'))
        c.shut()
        told(c, 403, 'upstream_status')
        c.ended('eof')
        c.close()
        w.get('/', 'Connection: close\r\n')
        w.wait_fds(before)


@case
def over_tls():
    with Origin(serve) as o, Secure('accept_errors = yes\nroute = /\n'
                                    'upstream = ' + o.url) as w:
        for _ in range(3):
            with w.connect() as c:
                c.send(ws_request('/403'))
                told(c, 403, 'upstream_status')
                c.send(ws_close(1000))
                c.ended()
            check_log(w, 403, 'upstream_status')


@case
def python():
    """Python's websockets sees the message and the code."""
    if websockets is None:
        raise Skip('no websockets')

    async def one(w, path, protocols):
        async with websockets.connect(
                'ws://127.0.0.1:%d%s' % (w.port, path),
                subprotocols=protocols) as ws:
            m = json.loads(await ws.recv())
            try:
                await ws.recv()
            except websockets.ConnectionClosed:
                pass
            return (m['error']['status'], m['error']['code'], ws.close_code,
                    ws.close_reason, ws.subprotocol)
    with Origin(serve) as o, Weir('accept_errors = yes', o) as w:
        for protocols, want in (None, None), (['a', 'b'], 'a'):
            same(asyncio.run(asyncio.wait_for(
                one(w, '/401', protocols), WAIT)),
                (401, 'upstream_status', 4401, 'upstream_status', want),
                'seen')


NPM = '''
const WebSocket = require('ws');
const [url, ...protocols] = process.argv.slice(1);
const ws = new WebSocket(url, protocols), got = [];
ws.on('message', (data, binary) => got.push([String(data), binary]));
ws.on('error', (e) => got.push(String(e)));
ws.on('close', (code, reason) => console.log(JSON.stringify(
    {code, reason: String(reason), got, protocol: ws.protocol})));
'''


@case
def npm():
    """So does npm's ws."""
    with Origin(serve) as o, Weir('accept_errors = yes', o) as w:
        for protocols in [], ['a', 'b']:
            p = subprocess.run(
                [node.node(), '-e', NPM, 'ws://127.0.0.1:%d/429' % w.port] +
                protocols, env=node.ENV, stdin=subprocess.DEVNULL,
                capture_output=True, timeout=3 * WAIT)
            seen = json.loads(p.stdout)
            same((seen['code'], seen['reason'], seen['protocol']),
                 (4429, 'upstream_status', ''.join(protocols[:1])), 'seen')
            same(len(seen['got']), 1, 'messages')
            same(json.loads(seen['got'][0][0])['error']['status'], 429,
                 'status')
            same(seen['got'][0][1], False, 'binary')


PAGE = '''<!DOCTYPE html><script>
'use strict';
function open(path, protocols) {
	return new Promise((done) => {
		const s = new WebSocket(location.origin.replace('http', 'ws') +
		    path, protocols), seen = {path, got: [], opened: false};
		s.onopen = () => { seen.opened = true;
			seen.protocol = s.protocol; };
		s.onmessage = (e) => seen.got.push(e.data);
		s.onerror = () => seen.error = true;
		s.onclose = (e) => done(Object.assign(seen, {code: e.code,
		    reason: e.reason, clean: e.wasClean}));
	});
}
(async () => {
	const all = [];
	for (const [path, protocols] of PATHS)
		all.push(await open(path, protocols));
	await fetch('/result', {method: 'POST', body: JSON.stringify(all)});
})();
</script>'''

KEY_ITEM = 'openai-insecure-api-key.sk-1'


@case
def browser():
    """And so does Chromium, which would see 1006 and nothing else."""
    paths = [('/403', []), ('/403', ['chat', 'v2']),
             ('/503', [KEY_ITEM, 'realtime']), ('/wrong', []),
             ('/off/403', []), ('/302', ['chat'])]
    page = PAGE.replace('PATHS', json.dumps(paths)).encode()
    results, done = [], threading.Event()

    def web(peer):
        while True:
            q = peer.request_head()
            if q is None:
                return
            peer.read_body(q)
            if q.has('sec-websocket-key'):
                name = q.target.rsplit('/', 1)[1]
                peer.send(ws_101('AAAAAAAAAAAAAAAAAAAAAA==')
                          if name == 'wrong' else
                          b'HTTP/1.1 %s No\r\nContent-Length: 2\r\n\r\nno'
                          % name.encode())
            elif q.target == '/result':
                results.extend(json.loads(q.body))
                peer.send(OK)
                done.set()
            else:
                peer.send(b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n'
                          b'Content-Length: %d\r\n\r\n%s' % (len(page), page))
    with Origin(web) as o, Weir(
            'accept_errors = yes\nupstream = %s\nroute = /\n'
            'route = /off\naccept_errors = no\n' % o.url) as w:
        with chromium('http://127.0.0.1:%d/page' % w.port):
            assert done.wait(6 * WAIT), 'nothing from the page'
    want = [(403, 'upstream_status', ''), (403, 'upstream_status', 'chat'),
            (503, 'upstream_status', 'realtime'),
            (502, 'proof_accept', ''), None,
            (302, 'upstream_status', 'chat')]
    for seen, x in zip(results, want, strict=True):
        if x is None:
            same((seen['opened'], seen['code'], seen['got']),
                 (False, 1006, []), seen['path'])
            continue
        status, word, protocol = x
        same((seen['opened'], seen['code'], seen['reason'], seen['clean'],
              seen['protocol']), (True, 4000 + status, word, True, protocol),
             seen['path'])
        same([json.loads(m)['error']['status'] for m in seen['got']],
             [status], seen['path'])


if __name__ == '__main__':
    main()
