"""What scanners of TLS find: sslscan, and testssl.sh, which also grades.

Whatever they call worse than a fact is to be in ALLOWED, with the reason why
it cannot be otherwise, or why it is no matter of a server.
"""
# timeout: 300
import contextlib
import json
import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree as xml

from certs import DAY, root
from tls_peer import HOST, Secure
from weir import (WRAP, Origin, Skip, case, free_port, listening, main, same,
                  until)

ALLOWED = {
    'engine_problem': 'the tool has no ciphers of GOST to try',
    'cert_revocation': 'the CA of the tests tells nothing of revocation',
    'OCSP_stapling': 'BearSSL has none',
    'TLS1_3': 'BearSSL has none',
    'FS_KEMs': 'they are of TLS 1.3',
    'TLS_misses_extension_23': 'BearSSL has no extended master secret',
    'QUIC': 'the tool cannot ask for it, and there is none',
    'DNS_CAArecord': 'no matter of a server',
    'HSTS': "the upstream's matter, as all that a response says",
    'security_headers': 'the same',
}
# what has to have been looked at, and to be fine
FINE = [
    'SSLv2', 'SSLv3', 'TLS1_2', 'cipherlist_NULL', 'cipherlist_aNULL',
    'cipherlist_EXPORT', 'cipherlist_LOW', 'cipher_order', 'heartbleed',
    'CCS', 'ticketbleed', 'ROBOT', 'secure_renego', 'secure_client_renego',
    'CRIME_TLS', 'BREACH', 'POODLE_SSL', 'fallback_SCSV', 'SWEET32', 'FREAK',
    'DROWN', 'LOGJAM', 'BEAST', 'LUCKY13', 'RC4']
FINE_CERT = ['cert_signatureAlgorithm', 'cert_commonName',
             'cert_trust', 'cert_chain_of_trust',
             'cert_expirationStatus', 'cert_notAfter']
# what may keep the grade from being better
CAPS = ['TLS 1.3 is not supported', 'HSTS is not offered']
SUITES = {'ECDHE-%s-%s' % (a, b) for a in ('ECDSA', 'RSA') for b in (
    'AES128-GCM-SHA256', 'AES256-GCM-SHA384', 'CHACHA20-POLY1305')}


def leaf(kind):
    # good for as long as an authority's: those for less are warned of
    return root().leaf(HOST, kind=kind, end=89 * DAY)


def tool(name):
    if WRAP:
        raise Skip('takes too long')
    if not shutil.which(name):
        raise Skip('no ' + name)
    return name


def testssl(port, *sections):
    """What it finds: {id: (severity, text)}."""
    tool('testssl')
    with tempfile.TemporaryDirectory() as top:
        out = os.path.join(top, 'out.json')
        p = subprocess.run(
            ['testssl', '--quiet', '--warnings', 'off', '--color', '0',
             '--nodns', 'none', '--add-ca', root().cert, '--jsonfile', out,
             '--ip', '127.0.0.1', *sections, 'https://%s:%d' % (HOST, port)],
            stdin=subprocess.DEVNULL, capture_output=True, cwd=top)
        assert os.path.exists(out), p.stdout[-2000:] + p.stderr[-2000:]
        with open(out) as f:
            found = json.load(f)
    return {x['id']: (x['severity'], x['finding']) for x in found}


def bad(found):
    """The findings that are not allowed."""
    return sorted('%s %s: %s' % (severity, name, text)
                  for name, (severity, text) in found.items()
                  if severity not in ('OK', 'INFO') and
                  name.split(' ')[0] not in ALLOWED)


def sslscan(port):
    """Its document's part on the server."""
    p = subprocess.run(
        [tool('sslscan'), '--no-colour', '--show-sigs', '--no-groups',
         '--sni-name=' + HOST, '--xml=-', '127.0.0.1:%d' % port],
        stdin=subprocess.DEVNULL, capture_output=True)
    return xml.fromstring(p.stdout).find('ssltest')


def weak_points(t):
    """The same for sslscan."""
    points = []

    def note(tag, fine):
        rows = t.findall(tag)
        assert rows, 'sslscan has not looked at ' + tag
        points.extend('%s %r' % (tag, x.attrib) for x in rows
                      if not fine(x.attrib))
    note('protocol', lambda a: (a['type'] + a['version'] in (
        'tls1.2', 'tls1.3')) or a['enabled'] == '0')
    note('renegotiation', lambda a: a['supported'] == '0' or
         a['secure'] == '1')
    note('heartbleed', lambda a: a['vulnerable'] == '0')
    note('cipher', lambda a: a['strength'] == 'strong' and
         a['cipher'] in SUITES)
    note('connection-signature-algorithm', lambda a: re.search(
        '_sha(256|384|512)$', a['name']) is not None)
    return points


def sections():
    """What is to be looked at: all of it for a grade, if there are any."""
    p = subprocess.run([tool('testssl'), '--help'], capture_output=True)
    if b'rating' in p.stdout:
        return []
    return ['-p', '-s', '-f', '-P', '-S', '-U']


@case
def scanned():
    """testssl, with a certificate of each kind."""
    with Origin() as o, Secure('', o, certs=[leaf('ec'), leaf('rsa')]) as w:
        found = testssl(w.port, *sections())
        same(bad(found), [], 'findings')
        same([x for x in FINE if found.get(x, ' ')[0] != 'OK'], [],
             'what is not fine')
        for x in FINE_CERT:
            same([v[0] for k, v in found.items()
                  if k.startswith(x + ' <')], ['OK', 'OK'], x)
        for x in 'TLS1', 'TLS1_1':
            assert 'not offered' in found[x][1], found[x]
        if sections() == []:
            assert found['overall_grade'][1] in ('A-', 'A', 'A+'), found
            assert int(found['final_score'][1]) >= 90, found
            same([v[1] for k, v in found.items() if k.startswith('grade_cap')
                  and v[1] not in CAPS], [], 'what caps the grade')
        w.lives()


@case
def tolerated():
    """Hellos that are odd in many ways are understood, or refused."""
    with Origin() as o, Secure('', o, certs=[leaf('ec'), leaf('rsa')]) as w:
        found = testssl(w.port, '-g')
        same(bad(found), [], 'findings')
        assert 'GREASE' in found, found
        w.lives()


@case
def suites():
    """sslscan, with a certificate of one kind and of both."""
    for kinds in ('ec',), ('rsa',), ('ec', 'rsa'):
        certs = [leaf(k) for k in kinds]
        with Origin() as o, Secure('', o, certs=certs) as w:
            t = sslscan(w.port)
            same(weak_points(t), [], 'weak points of %r' % (kinds,))
            got = {x.get('cipher') for x in t.findall('cipher')}
            same(len(got), 3 * len(kinds), 'suites of %r' % (kinds,))
            first = t.find("cipher[@status='preferred']").get('cipher')
            same(first.split('-')[1], 'ECDSA' if 'ec' in kinds else 'RSA',
                 'preferred')
            if t.find('fallback') is not None:
                same(t.find('fallback').get('supported'), '1', 'fallback')
            w.lives()


# That all this can fail

NGINX = '''daemon off;
pid %(dir)s/pid;
error_log stderr error;
events { }
http {
    access_log off;
    client_body_temp_path %(dir)s; proxy_temp_path %(dir)s;
    fastcgi_temp_path %(dir)s; uwsgi_temp_path %(dir)s; scgi_temp_path %(dir)s;
    server {
        listen 127.0.0.1:%(port)d ssl;
        ssl_certificate %(cert)s;
        ssl_certificate_key %(key)s;
        ssl_protocols TLSv1 TLSv1.1 TLSv1.2;
        ssl_ciphers ALL:COMPLEMENTOFALL:@SECLEVEL=0;
    }
}
'''


@contextlib.contextmanager
def weak():
    """nginx as it should not be; yields its port."""
    binary = shutil.which('nginx') or shutil.which('/usr/sbin/nginx')
    if not binary:
        raise Skip('no nginx')
    cert = root().leaf(HOST, kind='rsa', end=9 * DAY)
    port = free_port()
    with tempfile.TemporaryDirectory() as top:
        conf = os.path.join(top, 'conf')
        with open(conf, 'w') as f:
            f.write(NGINX % {'dir': top, 'port': port, 'cert': cert.chain,
                             'key': cert.key})
        p = subprocess.Popen([binary, '-p', top, '-c', conf])
        try:
            until(lambda: listening(port) or p.poll() is not None, 'nginx')
            yield port
        finally:
            p.terminate()
            p.wait()


@case
def weak_is_found():
    with weak() as port:
        points = ' '.join(weak_points(sslscan(port)))
        for word in "'version': '1.0'", "'version': '1.1'", 'AES128-SHA':
            assert word in points, points
        found = bad(testssl(port, '-p', '-s'))
        names = ' '.join(found)
        for word in 'TLS1:', 'TLS1_1:', 'cipherlist_NULL:':
            assert word in names, found


main()
