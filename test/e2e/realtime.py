"""A realtime service behind weir: clients have keys of their own.

The service takes one key alone, which weir has. Browsers show theirs in the
two ways that they can, the ws package of npm as a field; over TLS on both
sides. The service never sees a client's key, a client never the service's,
and the log neither.
"""
# timeout: 240
import json
import os
import re
import sys

from certs import root, write
from tls_peer import HOST, Secure, SecureOrigin
from weir import CLOSE, HERE, WAIT, Origin, case, main, same, until, ws_101
from weir import ws_frame
sys.path.insert(0, os.path.join(HERE, 'js'))
from chromium import chromium  # noqa: E402
from node import run  # noqa: E402

REAL = 'sk-the-real-one-0123456789abcdef'
KEY = 'weir_a-clients-own-0123456789abcdef'
LABEL = 'openai-insecure-api-key'
NO = (b'HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n'
      b'Connection: close\r\n\r\n')

PAGE = '''<!DOCTYPE html>
<meta charset="utf-8">
<script>
'use strict';
const url = location.origin.replace('http', 'ws') + '/v1/realtime?model=m';

function talk(protocols, query) {
	return new Promise((done) => {
		const got = [], s = new WebSocket(url + (query || ''), protocols);
		s.onmessage = (e) => {
			got.push(e.data);
			if (got.length < 3)
				s.send('message ' + got.length);
			else
				s.close(1000);
		};
		s.onclose = (e) => done({protocol: s.protocol, got: got,
		    code: e.code});
	});
}

async function all() {
	const key = '%s', label = '%s', results = {
		two: await talk([label, key]),
		one: await talk(['realtime', label + '.' + key]),
		three: await talk([label, key, 'realtime']),
		query: await talk([], '&token=' + key),
		alone: await talk([label + '.' + key]),
		wrong: await talk(['realtime', label + '.' + key + 'x']),
		none: await talk(['realtime']),
	};
	await fetch('/result', {method: 'POST',
	    body: JSON.stringify(results)});
}
all();
</script>
''' % (KEY, LABEL)


def service(choose):
    """The endpoint; it chooses realtime, if it does and that was offered."""
    def serve(peer):
        q = peer.read_request()
        if q is None:
            return
        if q.all('authorization') != ['Bearer ' + REAL]:
            peer.send(NO)
            return
        chosen = choose and q.lists('sec-websocket-protocol', 'realtime')
        peer.send(ws_101(q.get('sec-websocket-key'), chosen and
                         'Sec-WebSocket-Protocol: realtime\r\n' or ''))
        peer.send(ws_frame(1, b'session.created', None))
        while True:
            f = peer.frame()
            if f is None:
                return
            peer.send(ws_frame(f.op, f.data, None))
            if f.op == CLOSE:
                return
    return serve


def site(peer):
    """Where the page comes from, and where it reports to."""
    while True:
        q = peer.read_request()
        if q is None:
            return
        body = PAGE.encode()
        peer.send(b'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n'
                  b'Content-Length: %d\r\n\r\n%s' % (len(body), body))


def weir(o, pages, form='text'):
    keys = write('keys', ('carol = %s max_tunnels=2\n' % KEY).encode())
    return Secure(
        'log_level = debug\nlog_format = %s\n'
        'route = /v1/realtime\nupstream = %s\nupstream_ca = %s\n'
        'host_header = upstream\nkeys = %s\nkey_query = token\n'
        'set_header = Authorization: Bearer ${REAL}\n'
        'route = /\nupstream = %s\n' % (
            form, o.url, root().cert, keys, pages.url),
        env={'REAL': REAL}, certs=[root().leaf(HOST, '127.0.0.1')])


def check_secrets(o, w):
    sent = b''.join(q.raw for q in o.requests)
    assert sent.count(REAL.encode()) == len(o.requests), 'at the service'
    log = w.stderr().decode('latin-1')
    for name, where in (('the service', sent.decode('latin-1')),
                        ('the log', log)):
        assert KEY not in where, 'a key of a client at ' + name
        assert LABEL + '.' not in where.replace(LABEL + '.***', ''), name
    assert REAL not in log, "the service's key in the log"


@case
def browser():
    """Chromium, with a service that chooses and one that does not."""
    for choose, form in ((True, 'text'), (False, 'json')):
        with SecureOrigin(root().leaf('127.0.0.1'), service(choose)) as o, \
                Origin(site) as pages, weir(o, pages, form) as w:
            with chromium('https://127.0.0.1:%d/' % w.port,
                          '--ignore-certificate-errors'):
                report = until(lambda: [
                    q for q in pages.requests if q.target == '/result'],
                    'the page', 6 * WAIT)[0]
            results = json.loads(report.body)
            talk = ['session.created', 'message 1', 'message 2']
            for name, protocol in (('two', LABEL), ('one', 'realtime'),
                                   ('three', 'realtime'), ('query', '')):
                same(results[name], {'protocol': protocol, 'got': talk,
                                     'code': 1000}, name)
            # a key alone leaves nothing to choose, and Chromium ends it
            for name in 'alone', 'wrong', 'none':
                same((results[name]['got'], results[name]['code']),
                     ([], 1006), name)
            same([x['reason'] for x in w.log('request', route='/v1/realtime')],
                 ['wrong_key', 'no_key'], 'refusals')
            w.wait_log('tunnel_close', 5)
            same({x['key'] for x in w.log('tunnel_open')}, {'carol'}, 'name')
            assert REAL not in report.body.decode(), 'at the client'
            check_secrets(o, w)


@case
def npm():
    """The ws package, as the SDKs for servers use it."""
    with SecureOrigin(root().leaf('127.0.0.1'), service(True)) as o, \
            Origin(site) as pages, weir(o, pages) as w:
        text = run('realtime.js', 'wss://127.0.0.1:%d/v1/realtime?model=m'
                   % w.port, KEY, root().cert)
        same(len(re.findall('ok', text)), 4, 'cases')
        assert REAL not in text, 'at the client'
        w.wait_log('tunnel_close', 3)
        same(len(w.log('request', reason='wrong_key')), 1, 'refusals')
        check_secrets(o, w)


main()
