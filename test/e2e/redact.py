"""Secrets are in nothing that is written, by whatever way they came.

A marked secret goes through each place where one may stand and each end that
a request can come to; then nothing of it is in a log, in an answer, or in
what -n prints.
"""
import base64
import os
import shutil
import tempfile
import time

from weir import (BRIEF, OK, Origin, Weir, answer, at_end, case, main, plain,
                  run_weir, same, ws_101, ws_close, ws_request)

MARK = 'SECRETmark'
CODED = base64.b64encode(('me:' + MARK).encode()).decode()
LABEL = 'openai-insecure-api-key'

top = tempfile.mkdtemp(prefix='weir-redact-')
at_end.append(lambda: shutil.rmtree(top, ignore_errors=True))


def write(name, text):
    path = os.path.join(top, name)
    with open(path, 'w') as f:
        f.write(text)
    return path


# (query, fields): each a place of its own, and all at once
PLACES = [('?%s=%s' % (name, MARK), '') for name in (
    'token', 'key', 'api_key', 'access_token', 'ticket', 'ak', 'AK', '%61k')]
PLACES += [('', '%s: %s\r\n' % (name, value)) for name, value in (
    ('Authorization', 'Bearer ' + MARK), ('Authorization', 'Basic ' + CODED),
    ('Authorization', 'Digest ' + MARK), ('Authorization', MARK),
    ('Proxy-Authorization', 'Basic ' + CODED), ('X-Api-Key', MARK),
    ('Api-Key', MARK), ('Cookie', 'session=' + MARK),
    ('Sec-WebSocket-Protocol', '%s.%s' % (LABEL, MARK)),
    ('Sec-WebSocket-Protocol', 'a, %s, %s' % (LABEL, MARK)),
    ('Sec-WebSocket-Protocol', 'a, Bearer.' + MARK),
    ('Sec-WebSocket-Protocol', 'a, sk-' + MARK))]
PLACES += [('?a=b&' + '&'.join(q[1:] for q, _ in PLACES if q),
            'Authorization: Bearer %s\r\nX-Api-Key: %s\r\nCookie: %s\r\n'
            'Sec-WebSocket-Protocol: a, %s.%s\r\n' % (
                MARK, MARK, MARK, LABEL, MARK))]

TARGETS = ['/open', '/keys', '/jwt', '/basic', '/dead', '/bad', '/full',
           '/ws', '/nothing', '/cut', '/refuse']


def bad_101(peer):
    q = peer.read_request()
    if q is not None:
        peer.send(ws_101('AAAAAAAAAAAAAAAAAAAAAA=='))


def first_offered(peer):
    """Chooses what it was offered first, whatever that is."""
    q = peer.read_request()
    if q is None or not q.has('sec-websocket-key'):
        return
    offered = (q.get('sec-websocket-protocol') or '').split(',')[-1].strip()
    peer.send(ws_101(q.get('sec-websocket-key'), offered and
                     'Sec-WebSocket-Protocol: %s\r\n' % offered))
    peer.recv_all()


def config(form, o, ws, bad, cut, refuse):
    keys = write('keys', 'alice = %s\nbob = another-key-0123456789 '
                 'requests=1/h\n' % MARK)
    users = write('users', 'bob:{SHA256}%s\n' % ('A' * 43 + '='))
    text = 'log_format = %s\nlog_level = debug\nline_max = 1k\n' % form
    for path, upstream, more in (
            ('/open', o, ''), ('/keys', ws, 'keys = %s\nkey_query = ak' %
                               keys),
            ('/jwt', o, 'jwt = hs256 %s\nkey_query = ak' % (MARK * 4)),
            ('/basic', o, 'basic = ' + users), ('/bad', bad, ''),
            ('/full', o, 'max_connections = 1'), ('/ws', ws, ''),
            ('/cut', cut, ''), ('/refuse', refuse, '')):
        text += 'route = %s\nupstream = %s\n%s\n' % (path, upstream.url, more)
    return (text + 'route = /dead\nupstream = http://127.0.0.1:1\n'
            'set_header = Authorization: Bearer %s\n' % MARK)


def everything(w):
    for target in TARGETS:
        for query, more in PLACES:
            for data in (
                    plain(target + query, more),
                    plain(target + query, more, method='HEAD'),
                    plain(target + query, more + 'Bad Name: x\r\n'),
                    plain(target + query, more + 'Accept: '
                          'application/json\r\n'),
                    plain(target + query + '&x=' + 'x' * 1100, more),
                    plain('http://me:%s@h%s%s' % (MARK, target, query), more),
                    ws_request(target + query, more=more),
                    ws_request(target + query, more=more).replace(
                        b': 13', b': 12')):
                with w.connect() as c:
                    c.send(data)
                    raw = c.head() or b''
                    if b' 101 ' in raw[:14]:
                        c.send(ws_close(1000))
                    c.shut()
                    raw += c.recv_all()
                # a subprotocol that an upstream chose is its own to tell
                if target != '/ws':
                    assert MARK.encode() not in raw, (target, data, raw)
            with w.connect() as c:
                c.send(plain(target + query, more)[:-2])
                c.reset()


@case
def logs():
    for form in ('text', 'json'):
        with Origin() as o, Origin(first_offered) as ws, \
                Origin(bad_101) as bad, \
                Origin(answer(OK[:-1], close=True)) as cut, \
                Origin(answer(b'HTTP/1.1 403 No\r\nContent-Length: 0\r\n'
                              b'\r\n')) as refuse, \
                Weir(config(form, o, ws, bad, cut, refuse)) as w:
            everything(w)
            w.reload()
            # and one that fails, with secrets in the wrong places
            write('keys', 'alice %s\n' % MARK)
            w.signal(1)
            w.wait_log('message', level='error')
            write('keys', 'alice = %s %s\n' % (MARK, MARK))
            w.signal(1)
            w.wait_log('message', 2, level='error')
            time.sleep(BRIEF)
            lines = w.stderr()
            for word in (b'wrong_key', b'token_malformed', b'wrong_password',
                         b'no_route', b'connect_refused', b'proof_accept',
                         b'upstream_cut', b'ws_version', b'line_too_long',
                         b'tunnel_open', b'"ok"' if form == 'json' else
                         b'reason=ok'):
                assert word in lines, 'no %s was seen' % word
            for line in lines.split(b'\n'):
                assert MARK.encode() not in line, line
                assert CODED.encode() not in line, line


@case
def printed():
    """-n, and errors in the configuration."""
    keys = write('keys', 'alice = %s\n' % MARK)
    text = ('listen = :8080\nroute = /\nupstream = http://127.0.0.1:1\n'
            'keys = %s\nkey_query = ak\njwt = hs256 %s\n'
            'set_header = Authorization: Bearer %s\n'
            'add_header = X-Api-Key: %s\nset_header = Api-Key: %s\n'
            'set_header = Cookie: a=%s\nset_response_header = Set-Cookie: %s\n'
            % ((keys,) + (MARK,) * 6))
    status, out, err = run_weir('-n', '-c', write('good.conf', text))
    same(status, 0, err)
    assert out.count(b'***') == 6, out
    assert MARK.encode() not in out + err, out + err
    status, out, err = run_weir('-v', '-n', '-c', os.path.join(
        top, 'good.conf'))
    assert MARK.encode() not in out + err, out + err
    for line in ('jwt = ' + MARK, 'jwt = hs256', 'set_header = Authorization '
                 'Bearer ' + MARK, 'set_header = Authorization:Bearer %s\n'
                 'set_header = Authorization: %s' % (MARK, MARK),
                 'keys = %s' % write('bad', 'alice: %s\n' % MARK),
                 'keys = %s' % write('bad1', 'alice = a-%s b-%s' % (
                     MARK, MARK)),
                 'basic = %s' % write('bad2', 'alice:' + MARK),
                 'jwt = %s' % write('bad3', '{"keys":[{"kty":"oct","k":"%s"'
                                    % MARK),
                 'set_header = X(: ' + MARK,
                 'set_header = Authorization: Bearer %s${%s' % (MARK, MARK),
                 'jwt = hs256 %s${' % MARK,
                 'set_header = Authorization Bearer %s:' % MARK):
        status, out, err = run_weir(
            '-n', '-o', 'listen=:8080', '-c', write(
                'x.conf', 'route = /\nupstream = http://127.0.0.1:1\n' + line))
        same(status, 2, line)
        assert MARK.encode() not in out + err, out + err


@case
def environment():
    """Nothing of them is left where others look: the command's line."""
    with Origin() as o, Weir('jwt = hs256 ${S}', o, env={'S': MARK * 4}) as w:
        with open('/proc/%d/cmdline' % w.pid, 'rb') as f:
            assert MARK.encode() not in f.read(), 'command line'


main()
