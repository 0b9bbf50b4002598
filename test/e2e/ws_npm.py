"""The ws package of npm on both sides of weir."""
# timeout: 240
import json
import os
import sys

from weir import HERE, Weir, case, main, same
sys.path.insert(0, os.path.join(HERE, 'js'))
from node import Script, run  # noqa: E402

CODES = [(1000, ''), (1000, 'done'), (1001, 'going away'), (1003, ''),
         (1008, 'a policy'), (1011, 'an error'), (1012, ''), (3000, 'three'),
         (4000, 'Grüße, 世界 \U0001f30a'), (4999, 'é' * 61 + 'x'),
         (None, '')]


def both(name, *args, deflate=False):
    """Runs that case of client.js; yields the server's and weir's lines."""
    with Script('server.js', *(['deflate'] if deflate else [])) as s, \
            Weir('', s.url) as w:
        run('client.js', name, 'ws://127.0.0.1:%d' % w.port, *args)
        opened = len(w.log('tunnel_open'))
        closes = w.wait_log('tunnel_close', opened) if opened else []
        s.wait('close', opened)
        same(s.of('error'), [], 'errors at the server')
        return s.lines, closes


def code_of(code):
    return 1005 if code is None else code


@case
def echo():
    """Texts and binaries of all sizes, alone and many at once."""
    lines, closes = both('echo')
    c = closes[0]
    same((c['by'], c['code'], c['reason']), ('client', '1000',
                                            'client_closed'), 'close')
    same((c['messages_in'], c['messages_out']), ('1016', '1016'), 'messages')


@case
def deflate():
    """permessage-deflate is negotiated, and what passes is compressed."""
    lines, closes = both('deflate', deflate=True)
    opened = [x for x in lines if x['event'] == 'open'][0]
    assert 'permessage-deflate' in opened['extensions'], opened
    same(closes[0]['messages_in'], '1017', 'messages')
    # well over a million bytes were sent each way
    for way in 'bytes_in', 'bytes_out':
        assert int(closes[0][way]) < 100000, closes[0]


@case
def deflate_refused():
    """A client that offers it, and a server that does not want it."""
    both('echo', deflate=True)


@case
def fragments():
    lines, closes = both('fragments')
    same(closes[0]['messages_in'], '2', 'messages in')
    same(closes[0]['messages_out'], '2', 'messages out')


@case
def big():
    """16 MB down, up, and both."""
    lines, closes = both('big')
    n = 16 << 20
    assert int(closes[0]['bytes_out']) > n and int(closes[1]['bytes_in']) > n
    assert int(closes[2]['bytes_out']) > n and int(closes[2]['bytes_in']) > n


@case
def protocol():
    with Script('server.js') as s, Weir('', s.url) as w:
        run('client.js', 'protocol', 'ws://127.0.0.1:%d' % w.port)
        same([x['protocol'] for x in s.wait('open', 3)],
             ['chat.v2', 'only', ''], 'at the server')
        same([x['protocol'] for x in w.wait_log('tunnel_open', 3)],
             ['chat.v2', 'only', ''], 'in the log')


@case
def close_client():
    """The code and the reason that the client gives reach the server."""
    lines, closes = both('close_client', json.dumps(CODES))
    same([(x['code'], x['reason']) for x in lines if x['event'] == 'close'],
         [(code_of(c), r) for c, r in CODES], 'at the server')
    same([(x['by'], x['code'], x['reason']) for x in closes],
         [('client', str(code_of(c)), 'client_closed') for c, _ in CODES],
         'in the log')


@case
def close_server():
    """And those that the server gives reach the client."""
    lines, closes = both('close_server', json.dumps(CODES))
    # a tunnel is over when its client's side is, which may take longer than
    # the next one
    same(sorted((x['by'], x['code'], x['reason']) for x in closes),
         sorted(('upstream', str(code_of(c)), 'upstream_closed')
                for c, _ in CODES), 'in the log')


@case
def pings():
    """Pings and pongs of both sides pass, and count as no message."""
    lines, closes = both('pings')
    same([x['data'] for x in lines if x['event'] == 'ping'],
         ['from the client', ''], 'pings at the server')
    same([x['data'] for x in lines if x['event'] == 'pong'],
         ['from the server', 'unasked'], 'pongs at the server')
    same((closes[0]['messages_in'], closes[0]['messages_out']), ('0', '2'),
         'messages')


@case
def parallel():
    lines, closes = both('parallel')
    same(len(closes), 200, 'tunnels')
    same({(x['by'], x['code'], x['messages_in'], x['messages_out'])
          for x in closes}, {('client', '1000', '20', '20')}, 'closes')


@case
def server_dies():
    lines, closes = both('server_dies')
    c = closes[0]
    same((c['by'], c['code']), ('upstream', '1011'), 'close')
    assert c['reason'] in ('upstream_closed', 'upstream_reset'), c
    assert float(c['seconds']) < 2, c


@case
def client_dies():
    lines, closes = both('client_dies')
    c = closes[0]
    same((c['by'], c['code']), ('client', '1006'), 'close')
    assert c['reason'] in ('client_closed', 'client_reset'), c
    assert float(c['seconds']) < 2, c
    same([x['code'] for x in lines if x['event'] == 'close'], [1006],
         'at the server')


@case
def refused():
    """A refusal of the server's reaches the client whole."""
    with Script('server.js') as s, Weir('', s.url) as w:
        run('client.js', 'refused', 'ws://127.0.0.1:%d' % w.port)
        lines = w.wait_log('request', 6)
        same([x['status'] for x in lines],
             ['400', '401', '403', '404', '500', '503'], 'in the log')
        same({x['reason'] for x in lines}, {'ok'}, 'reasons')
        same(w.log('tunnel_open'), [], 'tunnels')


main()
