"""Chromium through weir: a page whose sockets and events pass through it.

The page runs its cases (js/page.html) and posts what came of them.
"""
# timeout: 240
import os
import sys

from weir import HERE, WAIT, Weir, case, main, same, within
sys.path.insert(0, os.path.join(HERE, 'js'))
from chromium import chromium  # noqa: E402
from node import Script  # noqa: E402


def visit(check, *options):
    """Calls check with what the page says, the server and weir."""
    with Script('server.js', *options) as s, Weir('', s.url) as w:
        with chromium('http://127.0.0.1:%d/page' % w.port):
            results = s.wait('result', wait=6 * WAIT)[0]['body']
            s.wait('events_gone')
        # all tunnels have ended
        w.wait_log('tunnel_close', len(w.log('tunnel_open')))
        check(results, s, w)


def value(results, name):
    r = results[name]
    assert 'error' not in r, '%s: %s' % (name, r)
    return r.get('value')


def check(results, s, w):
    value(results, 'text')
    for name in 'binary', 'big', 'parallel':
        value(results, name)
    same(value(results, 'protocol'), 'chat.v2', 'subprotocol')
    same(value(results, 'close_server'),
         {'code': 4001, 'reason': 'Grüße', 'wasClean': True},
         "the server's close")
    same(value(results, 'close_client'),
         {'code': 4002, 'reason': 'tschüs', 'wasClean': True},
         "the client's close")
    same(value(results, 'killed'),
         {'code': 1011, 'reason': 'upstream_closed', 'wasClean': True},
         'no close of its own')
    same(value(results, 'refused'), 'refused', 'a 403')
    same(value(results, 'events'), ['event %d' % i for i in range(20)],
         'events')
    same([(x['code'], x['reason']) for x in s.of('close')
          if x['path'] == '/quiet'], [(4002, 'tschüs')], 'at the server')
    closes = w.log('tunnel_close')
    same([(x['by'], x['code']) for x in closes if x['code'] in
          ('4001', '4002')], [('upstream', '4001'), ('client', '4002')],
         'closes in the log')
    same([x['code'] for x in closes if x['by'] == 'upstream'],
         ['4001', '1011'], 'ended by the upstream')
    same(len(w.log('tunnel_open', protocol='chat.v2')), 1, 'protocols')
    same(len(w.log('request', status=403)), 1, 'refusals')


@case
def page():
    def all_of_it(results, s, w):
        same(value(results, 'text'), '', 'extensions')
        check(results, s, w)
    visit(all_of_it)


@case
def compressed():
    """The same with permessage-deflate, which the browser offers."""
    def all_of_it(results, s, w):
        within(value(results, 'text'), 'permessage-deflate', 'extensions')
        check(results, s, w)
        assert all('permessage-deflate' in x['extensions']
                   for x in s.of('open'))
        # 100,000 bytes of one letter, and little more
        first = w.log('tunnel_close')[0]
        assert int(first['bytes_in']) < 50000, first
    visit(all_of_it, 'deflate')


main()
