"""Certificates of all kinds for the tests, made with openssl as needed.

    ca = root()                   an authority; root('other') is another one
    c = ca.leaf('example.com')    .cert .chain .key: files; .pin: its key's
    c = ca.sub().leaf('a.b')      behind an intermediate: in .chain, not .cert

Everything lives in one directory, that goes when the test ends, and what is
asked for again is not made again. Without openssl the test is skipped.
"""
import base64
import functools
import hashlib
import ipaddress
import os
import re
import shutil
import subprocess
import tempfile
import time

from weir import Skip, at_end

DAY = 86400

CONF = '''
[req]
distinguished_name = dn
[dn]
[ca]
default_ca = any
[any]
database = %(dir)s/index
new_certs_dir = %(dir)s
rand_serial = yes
unique_subject = no
default_md = sha256
policy = policy
email_in_dn = no
[policy]
commonName = optional
'''

CA = ('basicConstraints = critical, CA:TRUE\n'
      'keyUsage = critical, keyCertSign, cRLSign\n'
      'subjectKeyIdentifier = hash\n')
LEAF = ('basicConstraints = CA:FALSE\n'
        'keyUsage = critical, digitalSignature%s\n'
        'extendedKeyUsage = %s\n')

KINDS = {'ec': ['EC', '-pkeyopt', 'ec_paramgen_curve:P-256'],
         'p384': ['EC', '-pkeyopt', 'ec_paramgen_curve:P-384'],
         'k1': ['EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1'],
         'rsa1024': ['RSA', '-pkeyopt', 'rsa_keygen_bits:1024'],
         'rsa': ['RSA', '-pkeyopt', 'rsa_keygen_bits:2048'],
         'rsa4096': ['RSA', '-pkeyopt', 'rsa_keygen_bits:4096'],
         'rsa5120': ['RSA', '-pkeyopt', 'rsa_keygen_bits:5120'],
         'ed25519': ['ED25519']}


@functools.lru_cache(None)
def top():
    """The directory, with what "openssl ca" wants in it."""
    if not shutil.which('openssl'):
        raise Skip('no openssl')
    path = tempfile.mkdtemp(prefix='weir-certs-')
    at_end.append(lambda: shutil.rmtree(path, ignore_errors=True))
    with open(os.path.join(path, 'conf'), 'w') as f:
        f.write(CONF % {'dir': path})
    open(os.path.join(path, 'index'), 'w').close()
    return path


def openssl(*args, stdin=b''):
    """Runs it; returns what it wrote."""
    p = subprocess.run(('openssl',) + args, input=stdin,
                       capture_output=True, cwd=top())
    assert p.returncode == 0, 'openssl %s: %s' % (
        args[0], p.stderr.decode('latin-1')[-1000:])
    return p.stdout


_numbers = iter(range(1, 1000000))


def new_path(name):
    return os.path.join(top(), '%d-%s' % (
        next(_numbers), re.sub('[^A-Za-z0-9.]', '-', name)))


def write(name, *parts):
    """A file of these parts: bytes, or files to copy from; its path."""
    path = new_path(name)
    with open(path, 'wb') as f:
        for p in parts:
            f.write(p if isinstance(p, bytes) else read(p))
    return path


def read(path):
    with open(path, 'rb') as f:
        return f.read()


# Keys

_keys = {}


def key(kind='ec', n=0):
    """The n-th key of that kind: a file, PKCS#8 in PEM."""
    if (kind, n) not in _keys:
        path = new_path('%s.key' % kind)
        openssl('genpkey', '-algorithm', *KINDS[kind], '-out', path)
        _keys[kind, n] = path
    return _keys[kind, n]


def pkcs1(k):
    """The RSA key as PKCS#1."""
    return write('pkcs1.key', openssl('rsa', '-in', k, '-traditional'))


def sec1(k, parameters=False):
    """The EC key as SEC1, perhaps behind its EC PARAMETERS."""
    data = openssl('ec', '-in', k)
    assert b'BEGIN EC PRIVATE KEY' in data
    if parameters:
        data = openssl('ec', '-in', k, '-param_out') + data
        assert b'BEGIN EC PARAMETERS' in data
    return write('sec1.key', data)


def encrypted(k, old=False):
    """The key behind a password: PKCS#8, or the old form of PKCS#1."""
    if old:
        data = openssl('rsa', '-in', k, '-traditional', '-aes128',
                       '-passout', 'pass:secret')
        assert b'Proc-Type: 4,ENCRYPTED' in data
    else:
        data = openssl('pkcs8', '-topk8', '-in', k, '-v2', 'aes128',
                       '-passout', 'pass:secret')
        assert b'BEGIN ENCRYPTED PRIVATE KEY' in data
    return write('encrypted.key', data)


def block(name, data):
    """A block of PEM, whatever is in it."""
    return b'-----BEGIN %s-----\n%s-----END %s-----\n' % (
        name, base64.encodebytes(data), name)


def pin(k):
    """What upstream_pin is for the certificates of that key."""
    der = openssl('pkey', '-in', k, '-pubout', '-outform', 'DER')
    return 'sha256:' + hashlib.sha256(der).hexdigest()


def pin_base64(k):
    """The same as browsers write it."""
    digest = bytes.fromhex(pin(k)[7:])
    return base64.b64encode(digest).decode()


# Certificates

def date(seconds):
    return time.strftime('%Y%m%d%H%M%SZ', time.gmtime(time.time() + seconds))


def san(names):
    parts = []
    for n in names:
        try:
            ipaddress.ip_address(n)
            parts.append('IP:' + n)
        except ValueError:
            parts.append('DNS:' + n)
    return 'subjectAltName = %s\n' % ', '.join(parts) if parts else ''


class Cert:
    """A certificate: files, all in PEM.

    cert   it alone
    chain  it and those between it and the root, in order
    key    its key
    """

    def __init__(self, name, cert, k, above=()):
        self.name = name
        self.cert = cert
        self.key = k
        self.above = tuple(above)   # files of intermediates

    @functools.cached_property
    def chain(self):
        return write(self.name + '.chain', self.cert, *self.above)

    @functools.cached_property
    def both(self):
        """The chain and the key in one file."""
        return write(self.name + '.both', self.cert, *self.above, self.key)

    @functools.cached_property
    def pin(self):
        return pin(self.key)

    @functools.cached_property
    def der(self):
        """As getpeercert(True) gives it."""
        return openssl('x509', '-in', self.cert, '-outform', 'DER')


class Authority(Cert):
    """One that signs others."""

    def sign(self, name, k, extensions, start, end):
        """A certificate's path; the times are seconds from now."""
        csr = openssl('req', '-new', '-config', 'conf', '-key', k, '-subj',
                      '/CN=' + name)
        path = new_path(name + '.pem')
        openssl('ca', '-config', 'conf', '-batch', '-notext', '-in',
                write('csr', csr), '-out', path, '-cert', self.cert,
                '-keyfile', self.key, '-startdate', date(start), '-enddate',
                date(end), '-extfile', write('ext', extensions.encode()))
        return path

    def between(self):
        """What stands in a chain between what it signs and the root."""
        return (self.cert,) + self.above

    @functools.lru_cache(None)
    def leaf(self, *names, kind='ec', n=0, start=-DAY, end=60 * DAY,
             usage='serverAuth', cn=None):
        """One for these names, host names or addresses."""
        k = key(kind, n)
        extensions = san(names) + LEAF % (
            ', keyEncipherment' if kind.startswith('rsa') else '', usage)
        cn = cn or (names[0] if names else 'no name')
        path = self.sign(cn, k, extensions, start, end)
        return Cert(cn, path, k, self.between())

    @functools.lru_cache(None)
    def sub(self, name='Between', kind='ec'):
        """An intermediate that this one has signed."""
        k = key(kind, name)
        path = self.sign(name, k, CA, -DAY, 60 * DAY)
        return Authority(name, path, k, self.between())


class Root(Authority):
    def between(self):
        return ()


@functools.lru_cache(None)
def root(name='Test Root', kind='ec'):
    """An authority that signs itself; its file is .cert."""
    k = key(kind, name)
    return Root(name, self_signed(name, k, CA), k)


def self_signed(name, k, extensions):
    """The file of a certificate that is signed with its own key."""
    conf = write('conf', read(os.path.join(top(), 'conf')),
                 b'[ext]\n' + extensions.encode())
    path = new_path(name + '.pem')
    openssl('req', '-x509', '-new', '-config', conf, '-extensions', 'ext',
            '-key', k, '-subj', '/CN=' + name, '-days', '60', '-out', path)
    return path


@functools.lru_cache(None)
def alone(*names, kind='ec', n=0):
    """A leaf that nobody but itself has signed."""
    k = key(kind, n)
    extensions = san(names) + LEAF % ('', 'serverAuth')
    return Cert(names[0], self_signed(names[0], k, extensions), k)


def client(name='client', authority=None, **more):
    """What a client shows."""
    return (authority or root('Client Root')).leaf(
        usage='clientAuth', cn=name, **more)
