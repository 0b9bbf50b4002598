"""Runs Chromium on a page."""
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile

from weir import Hang, Skip


@contextlib.contextmanager
def chromium(url, *flags):
    """A browser that shows that page, until the end of the block."""
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
         '--user-data-dir=' + os.path.join(top, 'data')] + list(flags) +
        [url],
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
