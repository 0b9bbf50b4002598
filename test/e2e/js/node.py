"""Runs scripts under node, with its ws package.

The package is one that NODE_PATH names, that of test/need, or the
distribution's.
"""
import json
import os
import shutil
import subprocess
import threading

from weir import Hang, Skip, WAIT, until

HERE = os.path.dirname(os.path.abspath(__file__))
ENV = dict(os.environ, NODE_PATH=os.pathsep.join(
    p for p in (os.environ.get('NODE_PATH'),
                os.path.join(HERE, '../../node_modules'),
                '/usr/share/nodejs') if p))


def node():
    """The program, if it finds the package; else the test is skipped."""
    program = shutil.which('node') or shutil.which('nodejs')
    if not program:
        raise Skip('no node')
    p = subprocess.run([program, '-e', 'require("ws")'], env=ENV,
                       stdin=subprocess.DEVNULL, capture_output=True)
    if p.returncode != 0:
        raise Skip('node has no ws package')
    return program


class Script:
    """A script that goes on; what it prints are JSON objects, one a line."""

    def __init__(self, name, *args):
        self.lines = []
        self.proc = subprocess.Popen(
            [node(), os.path.join(HERE, name)] + [str(a) for a in args],
            env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        threading.Thread(target=self.read, daemon=True).start()
        self.port = self.wait('port')[0]['port']
        self.url = 'http://127.0.0.1:%d' % self.port

    def read(self):
        for line in self.proc.stdout:
            self.lines.append(json.loads(line))

    def of(self, event):
        return [x for x in list(self.lines) if x['event'] == event]

    def wait(self, event, n=1, wait=None):
        """Waits until there are n such lines; returns them all."""
        def enough():
            got = self.of(event)
            if len(got) < n and self.proc.poll() is not None:
                raise AssertionError('the script ended with status %d'
                                     % self.proc.returncode)
            return got if len(got) >= n else None
        return until(enough, '%d lines of %s from node' % (n, event), wait)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.proc.kill()
        self.proc.wait()


def run(name, *args, wait=None):
    """Runs a script to its end; it fails by its exit status."""
    try:
        p = subprocess.run(
            [node(), os.path.join(HERE, name)] + [str(a) for a in args],
            env=ENV, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, timeout=wait or 3 * WAIT)
    except subprocess.TimeoutExpired as e:
        raise Hang('%s %s hangs: %r' % (name, args[0], e.stdout)) from None
    text = p.stdout.decode('utf-8', 'replace')
    assert p.returncode == 0, '%s %s: %s' % (name, args[0], text)
    return text
