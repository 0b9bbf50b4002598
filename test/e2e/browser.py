"""Chromium through weir: a page whose sockets and events pass through it.

The page runs its cases (js/page.html) and posts what came of them.
"""
# timeout: 240
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile

from weir import HERE, Hang, Skip, WAIT, Weir, case, main, same, within
sys.path.insert(0, os.path.join(HERE, 'js'))
from node import Script  # noqa: E402


@contextlib.contextmanager
def chromium(url):
    program = shutil.which('chromium') or shutil.which('chromium-browser')
    if not program:
        raise Skip('no chromium')
    top = tempfile.mkdtemp(prefix='weir-browser-')
    log = open(os.path.join(top, 'log'), 'wb')
    p = subprocess.Popen(
        [program, '--headless', '--no-sandbox', '--disable-gpu',
         '--disable-quic', '--no-first-run', '--disable-dev-shm-usage',
         '--disable-background-networking', '--disable-component-update',
         '--disable-sync', '--no-proxy-server',
         '--user-data-dir=' + os.path.join(top, 'data'), url],
        stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        env=dict(os.environ, HOME=top), start_new_session=True)
    try:
        yield p
    except Hang:
        log.flush()
        with open(os.path.join(top, 'log'), errors='replace') as f:
            print('--- chromium\n%s' % f.read()[-3000:], flush=True)
        raise
    finally:
        # its session, which is ours alone
        with contextlib.suppress(ProcessLookupError):
            os.killpg(p.pid, signal.SIGKILL)
        p.wait()
        log.close()
        shutil.rmtree(top, ignore_errors=True)


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
         {'code': 1006, 'reason': '', 'wasClean': False}, 'no close')
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
         ['4001', '1006'], 'ended by the upstream')
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
