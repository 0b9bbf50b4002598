"""WebSocket over TLS in Chromium."""
# timeout: 240
import os
import sys

import certs
from tls_peer import Secure, here, nginx, to
from weir import HERE, WAIT, case, main, same, until
sys.path.insert(0, os.path.join(HERE, 'js'))
import node  # noqa: E402
from chromium import chromium  # noqa: E402


@case
def page():
    """The page of browser.py through https: and wss:."""
    leaf = here()
    flag = '--ignore-certificate-errors-spki-list=' + certs.pin_base64(
        leaf.key)
    with node.Script('server.js') as s, nginx(s.url) as n:
        for url in s.url, n:
            with Secure(to(url)) as w:
                with chromium('https://127.0.0.1:%d/page' % w.port, flag):
                    results = until(lambda: s.of('result'), 'the page',
                                    6 * WAIT)[-1]['body']
                failed = {k: v for k, v in results.items() if 'error' in v}
                same(failed, {}, 'failures in the browser')
                same(results['close_server']['value'],
                     {'code': 4001, 'reason': 'Grüße', 'wasClean': True},
                     "the server's close")
                same(results['killed']['value']['code'], 1011, 'killed')
                same(results['events']['value'], ['event %d' % i for i in
                                                  range(20)], 'events')
                w.wait_log('tunnel_close', len(w.log('tunnel_open')))
                s.lines[:] = [x for x in s.lines if x['event'] == 'port']


main()
