"""Clients that want to shake hands again, in the midst of a tunnel.

OpenSSL's own end the connection when that is refused. So this one takes the
keys from it after the handshake and makes its records itself (RFC 5246 6,
RFC 5288 3).
"""
import ctypes
import ctypes.util
import hashlib
import hmac
import os
import struct
import tempfile

from tls_peer import HOST, Secure, TlsPeer, client
from weir import (TEXT, Origin, Peer, Skip, case, main, same, until, ws_frame,
                  ws_request, ws_serve)

SUITE = 'ECDHE-ECDSA-AES128-GCM-SHA256'
ALERT, HANDSHAKE, DATA = 21, 22, 23
HELLO = (b'\x01\x00\x00\x2b\x03\x03' + bytes(32) + b'\x00\x00\x02\xc0\x2b' +
         b'\x01\x00\x00\x00')
REFUSED = b'\x01\x64'   # a warning: no_renegotiation
MANY = 100              # more than anybody is answered


def gcm(encrypt, key, nonce, aad, data, tag=None):
    """AES-128-GCM by libcrypto: the other text, and the tag."""
    c = ctypes.CDLL(ctypes.util.find_library('crypto') or 'libcrypto.so.3')
    for f in c.EVP_CIPHER_CTX_new, c.EVP_aes_128_gcm:
        f.restype = ctypes.c_void_p
    ctx = ctypes.c_void_p(c.EVP_CIPHER_CTX_new())
    n, out = ctypes.c_int(), ctypes.create_string_buffer(len(data) + 16)
    mark = ctypes.create_string_buffer(tag or bytes(16), 16)
    c.EVP_CipherInit_ex(ctx, ctypes.c_void_p(c.EVP_aes_128_gcm()), None, key,
                        nonce, int(encrypt))
    c.EVP_CipherUpdate(ctx, None, ctypes.byref(n), aad, len(aad))
    c.EVP_CipherUpdate(ctx, out, ctypes.byref(n), data, len(data))
    if not encrypt:
        c.EVP_CIPHER_CTX_ctrl(ctx, 0x11, 16, mark)
    rest = ctypes.create_string_buffer(16)
    fine = c.EVP_CipherFinal_ex(ctx, rest, ctypes.byref(n))
    if encrypt:
        c.EVP_CIPHER_CTX_ctrl(ctx, 0x10, 16, mark)
    c.EVP_CIPHER_CTX_free(ctx)
    assert fine == 1, 'a record is forged'
    return out.raw[:len(data)], mark.raw


def key_block(secret, seed, n):
    """RFC 5246 5 and 6.3."""
    def sha(data):
        return hmac.new(secret, data, hashlib.sha256).digest()
    a, out = b'key expansion' + seed, b''
    seed = a
    while len(out) < n:
        a = sha(a)
        out += sha(a + seed)
    return out[:n]


class Noted(TlsPeer):
    """One that knows its keys: .log is OpenSSL's file of them."""
    heard = b''

    def pull(self):
        self.push()
        data = self.sock.recv(262144)
        self.heard += data
        self.come.write(data) if data else self.come.write_eof()

    def keys(self):
        with open(self.log) as f:
            _, random, secret = f.read().split()[-3:]
        # behind a record's head, a message's, and the version
        theirs = self.heard[11:43]
        return key_block(bytes.fromhex(secret),
                         theirs + bytes.fromhex(random), 40)


class Records(Peer):
    """The same connection, record by record."""

    def __init__(self, tls):
        super().__init__(tls.sock)
        keys = tls.keys()
        self.key = {True: keys[:16], False: keys[16:32]}
        self.iv = {True: keys[32:36], False: keys[36:40]}
        # Finished was the first of each side
        self.number = {True: 1, False: 1}

    def aad(self, out, kind, n):
        number = self.number[out]
        self.number[out] += 1
        return struct.pack('>QBHH', number, kind, 0x303, n)

    def put(self, kind, data):
        nonce = os.urandom(8)
        text, tag = gcm(True, self.key[True], self.iv[True] + nonce,
                        self.aad(True, kind, len(data)), data)
        body = nonce + text + tag
        return self.send(struct.pack('>BHH', kind, 0x303, len(body)) + body)

    def record(self):
        """The next one: its kind and text; None at the end."""
        if not self.buf and not self.fill():
            return None
        kind, _, n = struct.unpack('>BHH', self.recv_n(5))
        body = self.recv_n(n)
        text, _ = gcm(False, self.key[False], self.iv[False] + body[:8],
                      self.aad(False, kind, n - 24), body[8:-16], body[-16:])
        return kind, text


def tunnel(w):
    """A client whose tunnel stands, with the keys in its own hands."""
    with tempfile.TemporaryDirectory() as top:
        context = client(ciphers=SUITE)
        try:
            context.keylog_filename = top + '/keys'
        except AttributeError:
            raise Skip('OpenSSL is too old') from None
        c = w.connect(context=context)
        c.log = top + '/keys'
        r = Records(c)
    r.put(DATA, ws_request(host=HOST))
    kind, text = r.record()
    same((kind, text[:12]), (DATA, b'HTTP/1.1 101'), 'handshake')
    return r


def echoed(r, text):
    r.put(DATA, ws_frame(TEXT, text))
    same(r.record(), (DATA, ws_frame(TEXT, text, mask=None)), 'echo')


class Server(Secure):
    peer = Noted


@case
def refused():
    """Now and then: it is refused, and the tunnel goes on."""
    with Origin(ws_serve) as o, Server('', o) as w:
        r = tunnel(w)
        for i in range(3):
            echoed(r, b'before %d' % i)
            r.put(HANDSHAKE, HELLO)
            same(r.record(), (ALERT, REFUSED), 'answer')
            echoed(r, b'after %d' % i)
        r.close()


@case
def asleep():
    """The same of an end that has been idle for long."""
    with Origin(ws_serve) as o, Server('', o) as w:
        r = tunnel(w)
        echoed(r, b'before')
        w.idle(1.0)
        r.put(HANDSHAKE, HELLO)
        same(r.record(), (ALERT, REFUSED), 'answer')
        echoed(r, b'after')
        r.close()


@case
def flood():
    """Again and again: the connection is closed, and the log says why."""
    with Origin(ws_serve) as o, Server('', o) as w:
        r, other = tunnel(w), tunnel(w)
        answers = 0
        while answers < MANY and r.put(HANDSHAKE, HELLO) and \
                r.record() == (ALERT, REFUSED):
            answers += 1
        assert 0 < answers < 20, answers
        line = w.next('tunnel_close')
        assert 'another handshake' in line.get('tls', ''), line
        until(lambda: not o.live or len(o.live) == 1, 'the upstream to go')
        echoed(other, b'beside it')
        other.close()


main()
