"""Tokens: each way to be wrong is refused with its own reason."""
import base64
import hashlib
import hmac
import json
import time

from certs import key, openssl, read, root, write
from weir import (Origin, Weir, case, each, main, refusal, same, ws_request,
                  until, ws_serve)

SECRET = 'a secret of more than thirty-two bytes'


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b'=').decode()


def signed_part(header, claims):
    return '.'.join(b64(json.dumps(x).encode()) for x in (header, claims))


def hs256(claims, secret=SECRET, **header):
    text = signed_part(dict({'alg': 'HS256', 'typ': 'JWT'}, **header), claims)
    mac = hmac.new(secret if isinstance(secret, bytes) else secret.encode(),
                   text.encode(), hashlib.sha256)
    return text + '.' + b64(mac.digest())


def numbers(der):
    """The two of a signature in DER, each in 32 bytes."""
    assert der[0] == 0x30, der
    at, out = 2, b''
    for _ in range(2):
        n = der[at + 1]
        out += der[at + 2:at + 2 + n].lstrip(b'\0').rjust(32, b'\0')
        at += 2 + n
    return out


def signed(alg, k, claims, **header):
    """By openssl, with the key in the file k."""
    text = signed_part(dict({'alg': alg}, **header), claims)
    sig = openssl('dgst', '-sha256', '-sign', k, stdin=text.encode())
    return text + '.' + b64(numbers(sig) if alg == 'ES256' else sig)


def public(k):
    return write('public.pem', openssl('pkey', '-in', k, '-pubout'))


def jwk(kind, k, **more):
    der = openssl('pkey', '-in', k, '-pubout', '-outform', 'DER')
    if kind == 'EC':
        return dict({'kty': 'EC', 'crv': 'P-256', 'x': b64(der[-64:-32]),
                     'y': b64(der[-32:])}, **more)
    n = openssl('rsa', '-in', k, '-noout', '-modulus').split(b'=')[1]
    return dict({'kty': 'RSA', 'n': b64(bytes.fromhex(n.strip().decode())),
                 'e': 'AQAB'}, **more)


def bearer(token):
    return 'Authorization: Bearer %s\r\n' % token


def soon(seconds):
    return int(time.time()) + seconds


def good(**more):
    return dict({'sub': 'alice', 'exp': soon(600), 'iss': 'me',
                 'aud': ['us', 'them']}, **more)


def conf(jwt):
    return ('jwt = %s\njwt_issuer = me\njwt_audience = us\n'
            'key_query = access_token\ntrusted_proxy = 127.0.0.1\n' % jwt)


def refused(w, rows):
    """Rows of (reason, token), twice each: what was wrong stays so."""
    clients = iter(range(1, 250))

    def check(word, token):
        # each from an address of its own, which may get some wrong
        client = 'X-Forwarded-For: 192.0.2.%d\r\n' % next(clients)
        for _ in range(2):
            r = w.get('/', client + bearer(token))
            refusal(r, 401, word)
            assert r.get('www-authenticate').startswith(
                'Bearer realm="weir", error="invalid_token", '
                'error_description="The '), r
            same(w.next()['reason'], word, 'line')
    each(rows, check)


@case
def secret():
    now = soon(0)
    text = signed_part({'alg': 'none'}, good())
    whole = hs256(good())
    rows = [
        ('token_expired', hs256(good(exp=now - 31))),
        ('token_expired', hs256(good(exp=0))),
        ('token_not_yet', hs256(good(nbf=now + 60))),
        ('token_signature', hs256(good(), 'another secret')),
        ('token_signature', hs256(good(exp=now - 60), 'another secret')),
        ('token_signature', hs256(good()).rsplit('.', 1)[0] + '.'),
        ('token_signature', signed_part({'alg': 'HS256'}, good(sub='root')) +
         '.' + whole.rsplit('.', 1)[1]),
        ('token_algorithm', text + '.'),
        ('token_algorithm', text + '.' + whole.rsplit('.', 1)[1]),
        ('token_algorithm', hs256(good(), alg='None')),
        ('token_algorithm', hs256(good(), alg='HS384')),
        ('token_algorithm', signed('RS256', key('rsa'), good())),
        ('token_algorithm', signed('ES256', key('ec'), good())),
        ('token_issuer', hs256(good(iss='you'))),
        ('token_issuer', hs256({'aud': 'us'})),
        ('token_audience', hs256(good(aud='them'))),
        ('token_audience', hs256(good(aud=[]))),
        ('token_malformed', 'x'), ('token_malformed', 'a.b.c'),
        ('token_malformed', '..'), ('token_malformed', whole + '.x'),
        ('token_malformed', whole + '='), ('token_malformed', ''),
        ('token_malformed', whole[:len(whole) // 3]),
        ('token_malformed', hs256(good(exp='soon'))),
        ('token_malformed', hs256(good(), crit=['x'])),
        ('token_malformed', 'x' * 9000)]
    with Origin() as o, Weir(conf('hs256 ${SECRET}'), o,
                             env={'SECRET': SECRET}) as w:
        refusal(w.get('/'), 401, 'no_key')
        same(w.next()['reason'], 'no_key', 'line')
        refused(w, rows)
        same(o.requests, [], 'upstream')
        fine = [hs256(good()), hs256(good(exp=now - 1)),
                hs256(good(nbf=now + 20)), hs256(good(aud='us')),
                hs256(good(exp=now + 600.5)),
                hs256({'iss': 'me', 'aud': 'us'}),
                hs256(good(), kid='any')]
        for token in fine:
            for more, target in (
                    (bearer(token), '/'), (bearer(token), '/'),
                    ('X-Api-Key: %s\r\n' % token, '/'),
                    ('', '/?access_token=' + token),
                    ('Sec-WebSocket-Protocol: a, openai-insecure-api-key.'
                     + token + '\r\n', '/')):
                same(w.get(target, more).status, 200, token)
                q = o.requests[-1]
                assert token not in q.raw.decode('latin-1'), q
                line = w.next()
                same(line.get('key'), 'alice' if 'sub' in json.loads(
                    base64.urlsafe_b64decode(token.split('.')[1] + '==='))
                    else None, 'subject')
        assert whole.encode() not in w.stderr(), 'a token in the log'


@case
def expires():
    """One that was remembered is not good for longer."""
    token = hs256({'exp': soon(2)})
    with Origin() as o, Weir('jwt = hs256 %s\njwt_leeway = 0' % SECRET,
                             o) as w:
        same(w.get('/', bearer(token)).status, 200, 'status')
        time.sleep(2.1)
        refusal(w.get('/', bearer(token)), 401, 'token_expired')


@case
def many():
    """More than are remembered; each keeps its own name."""
    with Origin() as o, Weir('jwt = hs256 %s' % SECRET, o) as w, \
            w.connect() as c:
        for _ in range(2):
            for i in range(600):
                r = c.ask(('GET / HTTP/1.1\r\nHost: a\r\n%s\r\n' % bearer(
                    hs256({'sub': 'user-%d' % i}))).encode())
                same(r.status, 200, 'status')
        same([x['key'] for x in w.wait_log('request', 1200)],
             2 * ['user-%d' % i for i in range(600)], 'names')


@case
def public_keys():
    """RS256 and ES256, in PEM and as certificates."""
    rsa, ec = key('rsa'), key('ec')
    for alg, k, kind in (('RS256', rsa, 'rsa'), ('ES256', ec, 'ec')):
        other = signed('ES256' if alg == 'RS256' else 'RS256',
                       ec if alg == 'RS256' else rsa, good())
        cert = root().leaf('signer', kind=kind)
        for path in public(k), cert.cert:
            with Origin() as o, Weir(conf(path), o) as w:
                token = signed(alg, k, good())
                for _ in range(3):
                    same(w.get('/', bearer(token)).status, 200, alg)
                    same(w.next()['key'], 'alice', 'subject')
                head, claims, sig = token.split('.')
                pem = read(path)
                refused(w, [
                    ('token_expired', signed(alg, k, good(exp=1))),
                    ('token_signature', signed(alg, key(kind, 9), good())),
                    ('token_signature', '.'.join((head, b64(json.dumps(
                        good(sub='root')).encode()), sig))),
                    ('token_signature', token[:-6]),
                    ('token_algorithm', other),
                    # the public key, which all know, as a secret
                    ('token_algorithm', hs256(good(), pem)),
                    ('token_algorithm', hs256(good(), pem.strip())),
                    ('token_algorithm', hs256(good(), alg='none')),
                    ('token_issuer', signed(alg, k, good(iss='you'))),
                    ('token_audience', signed(alg, k, good(aud='x')))])


@case
def key_set():
    """Several keys, chosen by name, and changed by a reload."""
    one, two, rsa = key('ec', 1), key('ec', 2), key('rsa')
    keys = [jwk('EC', one, kid='one'), jwk('RSA', rsa, kid='rsa',
                                           alg='RS256', use='sig'),
            {'kty': 'OKP', 'crv': 'Ed25519', 'x': 'AA', 'kid': 'ed'}]
    path = write('set.json', json.dumps({'keys': keys}).encode())
    with Origin(ws_serve) as o, Weir(conf(path), o) as w:
        first = bearer(signed('ES256', one, good(), kid='one'))
        t = w.tunnel('/', more=first)
        same(w.next('tunnel_open')['key'], 'alice', 'subject')
        w.tunnel(more=bearer(signed('RS256', rsa, good(), kid='rsa'))).close()
        w.tunnel(more=bearer(signed('RS256', rsa, good()))).close()
        refused(w, [
            ('token_key', signed('ES256', two, good(), kid='two')),
            ('token_key', signed('ES256', one, good(), kid='ed')),
            ('token_algorithm', signed('ES256', one, good(), kid='rsa')),
            ('token_signature', signed('ES256', two, good(), kid='one')),
            ('token_signature', signed('ES256', two, good()))])
        keys[0] = jwk('EC', two, kid='two')
        with open(path, 'w') as f:
            json.dump({'keys': keys}, f)
        w.reload()
        # what was remembered is forgotten, and the tunnel goes on
        refusal(w.ask(ws_request(more=first)), 401, 'token_key')
        w.tunnel(more=bearer(signed('ES256', two, good(), kid='two'))).close()
        t.send(b'\x81\x80aaaa')
        same(t.frame().op, 1, 'the tunnel')
        t.close()


@case
def made_up():
    """Wrong signatures cost time: an address gets a few of them tried."""
    ec = key('ec')
    path = write('many.json', json.dumps({'keys': [
        jwk('EC', ec) for _ in range(32)]}).encode())

    def ask(token, client=1):
        return w.get('/', 'X-Forwarded-For: 192.0.2.%d\r\n' % client +
                     bearer(token))

    known, wrong = signed('ES256', ec, good()), signed('ES256', key('ec', 9),
                                                       good())
    with Origin() as o, Weir(conf(path), o) as w:
        for i in range(40):
            same(ask(signed('ES256', ec, good(n=i))).status, 200, 'good')
        for _ in range(100):
            refusal(ask('x.y.z'), 401, 'token_malformed')
        same(ask(known).status, 200, 'good')
        refusal(ask(wrong), 401, 'token_signature')
        # tried with all 32 keys, which uses up four seconds

        def limited():
            r = ask(wrong)
            if r.status == 429:
                refusal(r, 429, 'token_rate')
                assert 1 <= int(r.get('retry-after')) <= 5, r
            return r.status == 429
        until(limited, 'the limit')
        until(lambda: w.log('request', status='429', reason='token_rate'),
              'the line')
        same(ask(known).status, 200, 'one that is known')
        same(ask(signed('ES256', ec, good()), 2).status, 200, 'another client')
        # its own again, in time
        until(lambda: ask(signed('ES256', ec, good(n=99))).status == 200,
              'the end')


@case
def with_keys():
    """keys and jwt on one route."""
    path = write('keys', b'carol = carol-key-0123456789\n')
    with Origin() as o, Weir('keys = %s\njwt = hs256 %s' % (path, SECRET),
                             o) as w:
        same(w.get('/', bearer('carol-key-0123456789')).status, 200, 'key')
        same(w.get('/', bearer(hs256({'sub': 'carol'}))).status, 200, 'token')
        refusal(w.get('/', bearer('x')), 401, 'wrong_key')
        refusal(w.get('/', bearer(hs256({}, 'x'))), 401, 'token_signature')
        refusal(w.get('/', bearer('carol-key-0123456789') +
                      'X-Api-Key: %s\r\n' % hs256({'sub': 'carol'})), 401,
                'wrong_key')


@case
def short_secret():
    with Origin() as o, Weir('jwt = hs256 hunter2', o) as w:
        said = [x['msg'] for x in w.log('message', level='warn')]
        assert any('shorter than 32' in x for x in said), said
        assert b'hunter2' not in w.stderr(), 'the secret in the log'
    path = write('short.json', json.dumps({'keys': [
        {'kty': 'oct', 'k': b64(SECRET.encode())},
        {'kty': 'oct', 'k': b64(b'hunter2')}]}).encode())
    with Origin() as o, Weir('jwt = ' + path, o) as w:
        said = [x['msg'] for x in w.log('message', level='warn')]
        same(len(said), 1, 'warnings')
        assert '%s: the secret of key 2 is shorter' % path in said[0], said


main()
