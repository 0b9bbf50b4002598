"""What a route asks of its tunnels: well-formed frames, sizes, rates, age."""
# timeout: 300
import asyncio
import os
import signal
import struct
import time

from weir import (BINARY_OP, CLOSE, PING, PONG, TEXT, WAIT, Skip, Weir,
                  case, each, main, plain, same, ws_close, ws_frame,
                  ws_request)
from ws_ends import (Ends, both_told, finish, frame, logged, mask_of,
                     next_frame, passes, told)

try:
    import websockets
except ImportError:
    websockets = None

CONT = 0
QUIET = 'ping = 0\n'
STRICT = QUIET + 'ws_check = strict\n'


def head(m, first, length, long=None):
    """A head with that first byte, its length in long bytes more."""
    n = {None: length, 2: 126, 8: 127}[long]
    more = b'' if long is None else length.to_bytes(long, 'big')
    return bytes([first, (128 if m else 0) | n]) + more + (m or b'')


def close_of(data):
    return lambda m: ws_frame(CLOSE, data, m)


def code(n):
    return close_of(struct.pack('>H', n))


# name, the frames with mask m, the reason
FAULTS = [
    ('rsv1', lambda m: ws_frame(TEXT, b'x', m, 1, 4), 'frame_rsv'),
    ('rsv2', lambda m: ws_frame(TEXT, b'x', m, 1, 2), 'frame_rsv'),
    ('rsv3', lambda m: ws_frame(BINARY_OP, b'x', m, 1, 1), 'frame_rsv'),
    ('rsv of a ping', lambda m: ws_frame(PING, b'x', m, 1, 4), 'frame_rsv'),
    ('rsv of a Close', lambda m: ws_frame(CLOSE, b'', m, 1, 4), 'frame_rsv'),
    ('opcode 3', lambda m: ws_frame(3, b'x', m), 'frame_opcode'),
    ('opcode 7', lambda m: ws_frame(7, b'', m), 'frame_opcode'),
    ('opcode 11', lambda m: ws_frame(11, b'x', m), 'frame_opcode'),
    ('opcode 15', lambda m: ws_frame(15, b'', m), 'frame_opcode'),
    ('half a ping', lambda m: ws_frame(PING, b'x', m, 0), 'frame_control'),
    ('half a pong', lambda m: ws_frame(PONG, b'x', m, 0), 'frame_control'),
    ('half a Close', lambda m: ws_frame(CLOSE, b'', m, 0), 'frame_control'),
    ('a long ping', lambda m: ws_frame(PING, b'x' * 126, m),
     'frame_control'),
    ('a long Close', lambda m: ws_frame(CLOSE, b'\3\xe8' + b'x' * 124, m),
     'frame_control'),
    ('a huge pong', lambda m: head(m, 0x8a, 1 << 40, 8), 'frame_control'),
    ('a continuation of nothing', lambda m: ws_frame(CONT, b'x', m),
     'frame_order'),
    ('a first fragment of nothing', lambda m: ws_frame(CONT, b'x', m, 0),
     'frame_order'),
    ('5 in 16 bits', lambda m: head(m, 0x81, 5, 2) + b'hello',
     'frame_length'),
    ('125 in 16 bits', lambda m: head(m, 0x82, 125, 2), 'frame_length'),
    ('65535 in 64 bits', lambda m: head(m, 0x82, 65535, 8), 'frame_length'),
    ('the top bit', lambda m: head(m, 0x82, 1 << 63, 8), 'frame_length'),
    ('a Close of one byte', close_of(b'\3'), 'frame_close'),
    ('code 0', code(0), 'frame_close'),
    ('code 999', code(999), 'frame_close'),
    ('code 1004', code(1004), 'frame_close'),
    ('code 1005', code(1005), 'frame_close'),
    ('code 1006', code(1006), 'frame_close'),
    ('code 1015', code(1015), 'frame_close'),
    ('code 2999', code(2999), 'frame_close'),
    ('code 5000', code(5000), 'frame_close'),
    ('code 65535', code(65535), 'frame_close'),
    ('no UTF-8', close_of(b'\3\xe8\xff'), 'frame_close'),
    ('UTF-8 cut short', close_of(b'\3\xe8ab\xe4\xb8'), 'frame_close'),
    ('a surrogate', close_of(b'\3\xe8\xed\xa0\x80'), 'frame_close'),
    ('UTF-8 too long', close_of(b'\3\xe8\xc0\xaf'), 'frame_close'),
    ('a surplus of Unicode', close_of(b'\3\xe8\xf4\x90\x80\x80'),
     'frame_close'),
]


def wrong_mask(m):
    return ws_frame(TEXT, b'x', None if m else b'abcd')


def begun(m):
    """A message that has begun."""
    return ws_frame(TEXT, b'first', m, 0) + ws_frame(PING, b'p', m)


@case
def faults():
    """Each fault, from either side: both are told, and the other side gets
    what stood before it and nothing of it."""
    rows = [('%s from the %s%s' % (name, by, how), by, bad, reason, how)
            for name, bad, reason in
            FAULTS + [('wrong mask', wrong_mask, 'frame_mask')]
            for by in ('client', 'upstream')
            for how in ('', ', byte by byte')]
    with Ends() as o, Weir(STRICT, o) as w:
        def one(name, by, bad, reason, how):
            c, s = o.pair(w)
            a, b = (c, s) if by == 'client' else (s, c)
            data = frame(a, TEXT, b'before') + bad(mask_of(a))
            a.drip(data) if how else a.send(data)
            same(next_frame(b).data, b'before', 'before it')
            both_told(c, s, 1002, reason)
            line = logged(w, 'weir', 1002, reason)
            same(line['messages_in' if by == 'client' else 'messages_out'],
                 '1', 'messages')
            finish(c, s)
        each(rows, one, lambda: w.skip('tunnel_close'))
        o.quiet()


@case
def order():
    """Within a message another begins: what came before it has passed."""
    with Ends() as o, Weir(STRICT, o) as w:
        for by in 'client', 'upstream':
            for op in TEXT, BINARY_OP:
                c, s = o.pair(w)
                a, b = (c, s) if by == 'client' else (s, c)
                m = mask_of(a)
                a.send(begun(m) + ws_frame(op, b'x', m))
                same([next_frame(b).op for _ in range(2)], [TEXT, PING],
                     'before it')
                both_told(c, s, 1002, 'frame_order')
                logged(w, 'weir', 1002, 'frame_order')
                finish(c, s)


def well_formed(m, sizes=(0, 1, 125, 126, 127, 65535, 65536, 70000)):
    out = b''
    for n in sizes:
        out += ws_frame(BINARY_OP, os.urandom(n), m)
    out += ws_frame(TEXT, b'a', m, 0)
    for n in 0, 12, 125:
        out += ws_frame(PING, b'i' * n, m) + ws_frame(PONG, b'o' * n, m)
        out += ws_frame(CONT, b'b' * n, m, 0)
    return out + ws_frame(CONT, b'', m) + ws_frame(TEXT, b'\xff', m)


CLOSES = [b''] + [struct.pack('>H', n) + t for n in
                  (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
                   1012, 1013, 1014, 3000, 4999)
                  for t in (b'', 'Grüße, 世界 \U0001f30a'.encode())] + \
    [b'\3\xe8' + b'x' * 123]


@case
def strict_passes():
    """What is well-formed passes unchanged, however it is cut."""
    with Ends() as o, Weir(STRICT, o) as w:
        for by in 'client', 'upstream':
            for close in CLOSES:
                c, s = o.pair(w)
                a, b = (c, s) if by == 'client' else (s, c)
                data = frame(a, CLOSE, close)
                a.drip(data)
                same(b.recv_n(len(data)), data, 'Close %r' % close)
                b.send(frame(b, CLOSE, close[:2]))
                same(next_frame(a).data, close[:2], 'its echo')
                finish(c, s)
        for size in 1, 2, 3, 7, 100, 4096, 1 << 20:
            c, s = o.pair(w)
            for a, b in (c, s), (s, c):
                # what is cut small is not long
                data = well_formed(mask_of(a), (0, 1)) if size < 100 else \
                    well_formed(mask_of(a))
                a.send_cuts(data, range(size, len(data), size),
                            0 if size > 7 else 0.0003)
                got = b.recv_n(len(data))
                assert got == data, 'other bytes, cut by %d' % size
            finish(c, s)


@case
def relaxed_passes():
    """Whatever the fault, nothing is changed or ended."""
    with Ends() as o, Weir(QUIET, o) as w:
        for name, bad, _ in FAULTS + [('wrong mask', wrong_mask, '')]:
            for by in 'client', 'upstream':
                c, s = o.pair(w)
                a, b = (c, s) if by == 'client' else (s, c)
                data = frame(a, TEXT, b'before') + bad(mask_of(a))
                a.send(data)
                same(b.recv_n(len(data)), data, name)
                passes(b, a, TEXT, b'back')
                finish(c, s)


@case
def off_passes():
    """The same with ws_check = off, and no Close is ever put in."""
    with Ends() as o, Weir('ws_check = off\nlifetime = 1s\nping = 50ms', o) \
            as w:
        c, s = o.pair(w)
        for a, b in (c, s), (s, c):
            a.send(b'\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff none of it')
            same(len(b.recv_n(21)), 21, 'bytes')
        c.ended('eof')
        s.ended('eof')
        logged(w, 'weir', 1006, 'lifetime')
        finish(c, s)


DEFLATE = 'Sec-WebSocket-Extensions: permessage-deflate\r\n'
ODD = 'Sec-WebSocket-Extensions: x-odd; a=1\r\n'


@case
def reserved_bits():
    """An extension that was chosen gives them a meaning."""
    rows = [
        ('deflate', DEFLATE, 4, TEXT, None),
        ('deflate, rsv2', DEFLATE, 2, TEXT, 'frame_rsv'),
        ('deflate, rsv1 and 3', DEFLATE, 5, TEXT, 'frame_rsv'),
        ('deflate, a ping', DEFLATE, 4, PING, 'frame_rsv'),
        ('unknown', ODD, 7, TEXT, None),
        ('unknown, a ping', ODD, 7, PING, None),
        ('offered, not chosen', '', 4, TEXT, 'frame_rsv'),
    ]

    def one(name, more, rsv, op, reason):
        with Ends(more) as o, Weir(STRICT, o) as w:
            for by in 'client', 'upstream':
                c, s = o.pair(w, more or DEFLATE)
                a, b = (c, s) if by == 'client' else (s, c)
                data = frame(a, op, b'x', 1, rsv)
                a.send(data)
                if reason:
                    both_told(c, s, 1002, reason)
                else:
                    same(b.recv_n(len(data)), data, 'frame')
                finish(c, s)
    each(rows, one)
    # of the first frame alone
    with Ends(DEFLATE) as o, Weir(STRICT, o) as w:
        c, s = o.pair(w, DEFLATE)
        c.send(frame(c, TEXT, b'x', 0, 4) + frame(c, CONT, b'y', 0) +
               frame(c, CONT, b'z', 1, 4))
        same([next_frame(s).data for _ in range(2)], [b'x', b'y'], 'first')
        both_told(c, s, 1002, 'frame_rsv')
        finish(c, s)


@case
def compressed():
    """Libraries that compress, with strict rules and limits in between."""
    if websockets is None:
        raise Skip('no websockets for Python')

    async def echo(ws, *_):
        async for m in ws:
            await ws.send(m)

    async def run():
        async with websockets.serve(echo, '127.0.0.1', 0, max_size=None) as s:
            url = 'http://127.0.0.1:%d' % s.sockets[0].getsockname()[1]
            with Weir(STRICT + 'max_message = 2m\n', url) as w:
                async with websockets.connect(
                        'ws://127.0.0.1:%d/' % w.port, max_size=None) as c:
                    same([str(x) for x in c.extensions] != [], True,
                         'extensions')
                    for n in 0, 1, 125, 126, 1000, 65536, 1 << 20:
                        for m in 'ä' * n, os.urandom(n):
                            await c.send(m)
                            same(await c.recv() == m, True, '%d' % n)
                    await c.send(['frag', 'ments', ' of one'])
                    same(await c.recv(), 'fragments of one', 'fragments')
                logged(w, 'client', 1000, 'client_closed')
    asyncio.run(asyncio.wait_for(run(), 6 * WAIT))


# Sizes

def message(a, parts, op=BINARY_OP):
    """A message in fragments of these sizes."""
    last = len(parts) - 1
    return b''.join(frame(a, CONT if i else op, b'm' * n, int(i == last))
                    for i, n in enumerate(parts))


# conf, the fragments that pass, those that do not, frames before it, reason
SIZES = [
    ('max_message = 1000', [1000], [1001], 0, 'message_too_big'),
    ('max_message = 1000', [500, 500], [500, 501], 1, 'message_too_big'),
    ('max_message = 1000', [0, 999, 1, 0], [1000, 0, 1], 2,
     'message_too_big'),
    ('max_message = 1000', [1] * 10, [1000, 1], 1, 'message_too_big'),
    ('max_message = 1', [1], [2], 0, 'message_too_big'),
    ('max_message = 70000', [70000], [65536, 65536], 1, 'message_too_big'),
    ('max_message = 70000', [69999], [1 << 20], 0, 'message_too_big'),
    ('max_frame = 1000', [1000, 1000, 1000], [1000, 1001], 1,
     'frame_too_big'),
    ('max_frame = 125', [125], [126], 0, 'frame_too_big'),
    ('max_frame = 65535', [65535], [65536], 0, 'frame_too_big'),
    ('max_frame = 100\nmax_message = 150', [100, 50], [100, 51], 1,
     'message_too_big'),
    ('max_frame = 100\nmax_message = 150', [100], [101], 0,
     'frame_too_big'),
]


@case
def sizes():
    rows = [('%s %s, %s' % (conf.replace('\n', ' '), bad, check), conf,
             check, good, bad, before, reason)
            for conf, good, bad, before, reason in SIZES
            for check in ('relaxed', 'strict')]

    def one(name, conf, check, good, bad, before, reason):
        with Ends() as o, Weir('%s%s\nws_check = %s\n' % (QUIET, conf, check),
                               o) as w:
            for drip in False, True:
                if drip and sum(good) + sum(bad) > 5000:
                    continue
                c, s = o.pair(w)
                # the upstream's are not limited
                data = message(s, [100000, 10])
                s.send(data)
                same(len(c.recv_n(len(data))), len(data), 'from upstream')
                good_ones = message(c, good) + frame(c, PING, b'p' * 100)
                data = good_ones * 2 + message(c, bad)
                c.drip(data) if drip else c.send(data)
                same(s.recv_n(2 * len(good_ones)) == 2 * good_ones, True,
                     'what is not too big')
                same([len(next_frame(s).data) for _ in range(before)],
                     bad[:before], 'fragments before')
                both_told(c, s, 1009, reason)
                logged(w, 'weir', 1009, reason)
                finish(c, s)
    each(rows, one)


@case
def early():
    """Frames that come with the handshake, or with the 101."""
    def handshake(w, o, data):
        c = w.connect()
        c.send(ws_request() + data)
        same(c.final().status, 101, 'status')
        return c, o.taken()

    mask = b'abcd'
    for conf in QUIET, STRICT, QUIET + 'max_message = 10\n':
        with Ends(after=ws_frame(TEXT, b'welcome!', None)) as o, \
                Weir(conf, o) as w:
            c, s = handshake(w, o, ws_frame(TEXT, b'early', mask) +
                             ws_frame(TEXT, b'too', mask)[:4])
            same(next_frame(c).data, b'welcome!', 'with the 101')
            same(next_frame(s).data, b'early', 'with the handshake')
            c.send(ws_frame(TEXT, b'too', mask)[4:])
            same(next_frame(s).data, b'too', 'the rest')
            passes(c, s, TEXT, b'later')
            passes(s, c, TEXT, b'later')
            finish(c, s)
    big = ws_frame(TEXT, b'ok', mask) + ws_frame(TEXT, b'x' * 11, mask)
    for conf, data, reason, number in (
            ('max_message = 10\n', big, 'message_too_big', 1009),
            ('ws_check = strict\n', ws_frame(TEXT, b'ok', mask) + b'\x83\x80',
             'frame_opcode', 1002)):
        with Ends() as o, Weir(QUIET + conf, o) as w:
            c, s = handshake(w, o, data + b'abcd')
            same(next_frame(s).data, b'ok', 'before it')
            both_told(c, s, number, reason)
            logged(w, 'weir', number, reason)
            finish(c, s)
    with Ends(after=b'\x81\x02ok\x93\x00') as o, Weir(STRICT, o) as w:
        c, s = handshake(w, o, b'')
        same(next_frame(c).data, b'ok', 'before it')
        both_told(c, s, 1002, 'frame_opcode')
        logged(w, 'weir', 1002, 'frame_opcode')
        finish(c, s)


# Rates

def numbered(c, n, size=20):
    return b''.join(frame(c, TEXT, (b'%06d' % i).ljust(size, b'.'))
                    for i in range(n))


def arrive(s, n):
    """Messages come in their order; when the first and the last came."""
    for i in range(n):
        same(next_frame(s).data[:6], b'%06d' % i, 'message')


@case
def slow_messages():
    """All arrive, in their order and no faster than allowed."""
    for check in 'relaxed', 'strict':
        with Ends() as o, Weir(QUIET + 'messages = 40\nws_check = %s\n'
                               % check, o) as w:
            c, s = o.pair(w)
            c.send(numbered(c, 100))
            arrive(s, 100)
            # the upstream's are not limited
            s.send(frame(s, TEXT, b'x') * 200)
            for _ in range(200):
                next_frame(c)
            c.close()
            s.ended('eof')
            s.close()
            line = logged(w, 'client', 1006, 'client_closed')
            finish(s)
            # 40 at once, and 60 more
            assert float(line['seconds']) > 1.4, line


@case
def slow_messages_cut():
    """The same, byte by byte, and fragments count as one."""
    with Ends() as o, Weir(QUIET + 'messages = 10\n', o) as w:
        c, s = o.pair(w)
        data = b''.join(message(c, [3, 0, 3]) + frame(c, PING, b'p')
                        for i in range(14))
        c.drip(data)
        same(s.recv_n(len(data)) == data, True, 'bytes')
        finish(c, s)


@case
def slow_few():
    """Less than one in a tenth of a second."""
    with Ends() as o, Weir(QUIET + 'messages = 2\n', o) as w:
        c, s = o.pair(w)
        c.send(numbered(c, 5) + ws_close())
        arrive(s, 5)
        same(next_frame(s).op, CLOSE, 'Close')
        s.send(ws_close(1000, b'', None))
        same(next_frame(c).op, CLOSE, 'its echo')
        finish(c, s)
        line = logged(w, 'client', 1000, 'client_closed')
        assert float(line['seconds']) > 1.4, line


@case
def slow_end():
    """What a client sent before it went still arrives, and is still looked
    at."""
    for how in 'shut', 'close':
        with Ends() as o, Weir(QUIET + 'messages = 5\n', o) as w:
            c, s = o.pair(w)
            c.send(numbered(c, 12))
            getattr(c, how)()
            arrive(s, 12)
            s.ended('eof')
            finish(c, s)
    with Ends() as o, Weir(STRICT + 'messages = 2\n', o) as w:
        c, s = o.pair(w)
        c.send(numbered(c, 4) + frame(c, 3, b'bad') + numbered(c, 1))
        c.shut()
        arrive(s, 4)
        both_told(c, s, 1002, 'frame_opcode')
        finish(c, s)


@case
def ends_early():
    """Frames with the handshake and the end behind them are looked at like
    others; so is half a frame."""
    for bad in b'', frame(None, 4, b'bad'):
        with Ends() as o, Weir(STRICT, o) as w:
            c = w.connect()
            c.send(ws_request() + frame(c, TEXT, b'ok') + bad)
            c.shut()
            same(c.final().status, 101, 'status')
            s = o.taken()
            same(next_frame(s).data, b'ok', 'before')
            if bad:
                both_told(c, s, 1002, 'frame_opcode')
            else:
                s.ended('eof')
            finish(c, s)
    with Ends() as o, Weir(STRICT, o) as w:
        c, s = o.pair(w)
        s.send(frame(s, TEXT, b'ok') + b'\x88\x02\x03')
        s.shut()
        same(next_frame(c).data, b'ok', 'before')
        told(c, 1011, 'upstream_closed')
        finish(c, s)


@case
def slow_bytes():
    for check in 'relaxed', 'strict':
        with Ends() as o, Weir(QUIET + 'rate = 100k\nws_check = %s\n'
                               % check, o) as w:
            c, s = o.pair(w)
            data = frame(c, BINARY_OP, os.urandom(250000))
            c.send(data)
            same(s.recv_n(len(data)) == data, True, 'bytes')
            c.close()
            s.ended('eof')
            s.close()
            line = logged(w, 'client', 1006, 'client_closed')
            assert float(line['seconds']) > 1.3, line
            finish(s)


@case
def slow_little():
    """A rate of a byte or two."""
    with Ends() as o, Weir(QUIET + 'rate = 10\n', o) as w:
        c, s = o.pair(w)
        data = numbered(c, 1, 20)
        c.send(data)
        same(s.recv_n(len(data)), data, 'bytes')
        finish(c, s)


@case
def too_fast():
    for conf, n in ('messages = 10', 30), ('rate = 1000', 200):
        with Ends() as o, Weir(QUIET + conf + '\nexcess = close\n', o) as w:
            c, s = o.pair(w)
            # as many as are allowed at once
            c.send(numbered(c, 10))
            arrive(s, 10)
            c.send(numbered(c, n))
            f = next_frame(s)
            while f.op != CLOSE:
                f = next_frame(s)
            same((f.code(), f.data[2:]), (1008, b'too_fast'), 'to upstream')
            told(c, 1008, 'too_fast')
            logged(w, 'weir', 1008, 'too_fast')
            finish(c, s)


# Age, drain, reload

@case
def lifetime():
    """Tunnels end at 90 to 100 percent of it, each at its own time."""
    with Ends() as o, Weir('lifetime = 1s\n', o) as w:
        pairs = [o.pair(w) for _ in range(20)]
        for c, s in pairs:
            both_told(c, s, 1001, 'lifetime')
        ages = []
        for c, s in pairs:
            ages.append(float(logged(w, 'weir', 1001, 'lifetime')['seconds']))
            finish(c, s)
        assert min(ages) >= 0.899, ages
        assert len(set(ages)) > 1, ages


@case
def lifetime_busy():
    """What moves does not keep it, and is not cut."""
    with Ends() as o, Weir('lifetime = 1s\n', o) as w:
        c, s = o.pair(w)
        n = 0
        while True:
            if not c.send(frame(c, TEXT, b'%06d' % n)):
                break
            f = next_frame(s)
            if f.op == CLOSE:
                break
            same(f.data, b'%06d' % n, 'message')
            n += 1
        same((f.op, f.code(), f.data[2:]), (CLOSE, 1001, b'lifetime'),
             'to upstream')
        told(c, 1001, 'lifetime')
        finish(c, s)


@case
def drain():
    """Spread over the time that there is."""
    with Ends() as o, Weir('drain = 3s\n', o) as w:
        pairs = [o.pair(w) for _ in range(30)]
        w.signal(signal.SIGTERM)
        for c, s in pairs:
            both_told(c, s, 1001, 'drain')
            finish(c, s)
        ages = [float(logged(w, 'weir', 1001, 'drain')['seconds'])
                for _ in pairs]
        assert max(ages) - min(ages) > 0.5, ages
        w.wait_end()


@case
def drain_before_lifetime():
    """A tunnel on a connection that the drain lets have one more request."""
    with Ends() as o, Weir('drain = 60s\nlifetime = 30s\n', o) as w:
        with w.connect() as c:
            same(c.ask(plain()).status, 200, 'status')
            w.signal(signal.SIGTERM)
            w.wait_log('drain')
            same(c.ask(ws_request()).status, 101, 'status')
            s = o.taken()
            both_told(c, s, 1001, 'drain')
            logged(w, 'weir', 1001, 'drain')
            finish(c, s)
            w.wait_end()


@case
def route_gone():
    def route(o, *paths):
        return 'drain = 200ms\n' + ''.join(
            'route = %s\nupstream = %s\n' % (p, o.url) for p in paths)

    with Ends() as o, Weir('', o) as w:
        w.reload(route(o, '/a', '/b'))
        c, s = w.tunnel('/a'), o.taken()
        d, t = w.tunnel('/b'), o.taken()
        w.reload(route(o, '/a'))
        both_told(d, t, 1012, 'route_gone')
        logged(w, 'weir', 1012, 'route_gone')
        passes(c, s, TEXT, b'still')
        passes(s, c, TEXT, b'there')
        finish(c, s, d, t)


@case
def half_through():
    """In one direction a frame is half through: the other end is told at
    once, this one when the frame has come."""
    for by in 'client', 'upstream':
        for drip in False, True:
            with Ends() as o, Weir('lifetime = 500ms\n', o) as w:
                c, s = o.pair(w)
                a, b = (c, s) if by == 'client' else (s, c)
                data = frame(a, BINARY_OP, os.urandom(1000))
                a.send(data[:300])
                same(b.recv_n(300), data[:300], 'the half')
                f = next_frame(a)
                same((f.op, f.code(), f.data[2:]), (CLOSE, 1001,
                                                    b'lifetime'), 'at once')
                b.silent()
                rest = data[300:] + frame(a, TEXT, b'more') * 3
                a.drip(rest) if drip else a.send(rest)
                same(b.recv_n(len(data) - 300) == data[300:], True,
                     'the rest of it')
                both = b.frame()
                same((both.op, both.code(), both.data[2:]),
                     (CLOSE, 1001, b'lifetime'), 'then')
                b.ended('eof')
                a.ended('eof')
                line = logged(w, 'weir', 1001, 'lifetime')
                same(line['messages_in' if by == 'client' else
                          'messages_out'], '1', 'messages')
                finish(c, s)


@case
def half_for_ever():
    """The rest never comes: it is cut after linger."""
    for by in 'client', 'upstream':
        with Ends() as o, Weir('lifetime = 300ms\nlinger = 500ms\n', o) as w:
            c, s = o.pair(w)
            a, b = (c, s) if by == 'client' else (s, c)
            data = frame(a, BINARY_OP, b'x' * 1000)
            a.send(data[:300])
            same(b.recv_n(300), data[:300], 'the half')
            told(a, 1001, 'lifetime')
            b.ended()
            logged(w, 'weir', 1001, 'lifetime')
            finish(c, s)
            o.quiet()


@case
def first_cause():
    """A route goes while a tunnel waits for a frame's end: both ends and the
    log name the first cause."""
    def route(o, *paths):
        return STRICT + 'drain = 100ms\n' + ''.join(
            'route = %s\nupstream = %s\n' % (p, o.url) for p in paths)

    with Ends() as o, Weir('', o) as w:
        w.reload(route(o, '/a', '/b'))
        c, s = w.tunnel('/a'), o.taken()
        data = frame(c, TEXT, b'x' * 50)
        c.send(data[:20])
        same(s.recv_n(20), data[:20], 'the half')
        s.send(frame(s, 5, b'?'))
        same(next_frame(c).data[2:], b'frame_opcode', 'at once')
        w.reload(route(o, '/b'))
        time.sleep(0.3)
        c.send(data[20:])
        same(s.recv_n(len(data) - 20), data[20:], 'the rest')
        told(s, 1002, 'frame_opcode')
        logged(w, 'weir', 1002, 'frame_opcode')
        finish(c, s)


@case
def half_both():
    """Both directions are half through, and end one after the other."""
    with Ends() as o, Weir('lifetime = 300ms\n', o) as w:
        c, s = o.pair(w)
        up, down = frame(c, TEXT, b'u' * 50), frame(s, TEXT, b'd' * 50)
        c.send(up[:-1])
        s.send(down[:1])
        same(s.recv_n(len(up) - 1), up[:-1], 'a frame half through')
        same(c.recv_n(1), down[:1], 'a head half through')
        time.sleep(0.3)
        c.silent()
        s.silent()
        s.send(down[1:])
        same(c.recv_n(51), down[1:], 'the rest')
        f = next_frame(c)
        same((f.op, f.code()), (CLOSE, 1001), 'to the client')
        s.silent()
        c.send(up[-1:])
        s.recv_n(1)
        told(s, 1001, 'lifetime')
        c.ended('eof')
        logged(w, 'weir', 1001, 'lifetime')
        finish(c, s)


@case
def after_a_close():
    """A side that has closed hears nothing more, the other does."""
    for by in 'client', 'upstream':
        with Ends() as o, Weir('lifetime = 500ms\n', o) as w:
            c, s = o.pair(w)
            a, b = (c, s) if by == 'client' else (s, c)
            a.send(frame(a, CLOSE, b'\x0f\xa1bye'))
            f = next_frame(b)
            same((f.op, f.code(), f.data[2:]), (CLOSE, 4001, b'bye'),
                 'the Close')
            # no other one for b; a gets one in place of b's
            told(a, 1001, 'lifetime')
            b.ended('eof')
            logged(w, by, 4001, by + '_closed')
            finish(c, s)


@case
def fault_in_the_other_half():
    """One side breaks the rules while a frame of the other is half
    through."""
    with Ends() as o, Weir(STRICT, o) as w:
        c, s = o.pair(w)
        data = frame(s, BINARY_OP, b'x' * 300)
        s.send(data[:100])
        same(c.recv_n(100), data[:100], 'the half')
        c.send(frame(c, 5, b'?'))
        f = next_frame(s)
        same((f.op, f.code(), f.data[2:]), (CLOSE, 1002, b'frame_opcode'),
             'the other side, at once')
        c.silent()
        s.send(data[100:])
        same(c.recv_n(len(data) - 100), data[100:], 'the rest')
        told(c, 1002, 'frame_opcode')
        s.ended('eof')
        logged(w, 'weir', 1002, 'frame_opcode')
        finish(c, s)


main()
