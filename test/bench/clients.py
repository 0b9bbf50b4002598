"""What puts the proxies under load: load.c's tunnels, and wrk's requests.

Both run on the second CPU, where there is one, and speak TLS with a proxy that
has a CA.
"""
import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Failed(Exception):
    """A measurement that could not be made."""


class Load:
    """The WebSocket client, with its tunnels through one proxy."""

    def __init__(self, proxy):
        ca = [proxy.ca] if proxy.ca else []
        self.process = subprocess.Popen(
            [os.path.join(HERE, 'load'), str(proxy.ws_port), *ca],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, preexec_fn=on_load_cpu)

    def do(self, command):
        try:
            self.process.stdin.write(command + '\n')
            self.process.stdin.flush()
        except BrokenPipeError:
            pass
        line = self.process.stdout.readline()
        if not line:
            raise Failed(self.process.stderr.read().strip()
                         or 'the client ended')
        return json.loads(line)

    def settle(self, idle, busy):
        """Opens tunnels, and lets those that are idle come to rest."""
        self.do('tunnels %d' % (idle + busy))
        self.do('echo 0.2 125 1 %d' % busy)

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def on_load_cpu():
    if os.cpu_count() > 1:
        os.sched_setaffinity(0, {1})


def wrk(proxy, path, connections, seconds):
    """wrk knows whole seconds alone; what is less ends it by a signal."""
    cut = ['timeout', '-s', 'INT', str(seconds)] if seconds < 1 else []
    scheme = 'https' if proxy.ca else 'http'
    run = subprocess.run(
        [*cut, 'wrk', '-t1', '-c%d' % connections,
         '-d%ds' % max(1, round(seconds)),
         '-s', os.path.join(HERE, 'wrk.lua'),
         '%s://127.0.0.1:%d%s' % (scheme, proxy.http_port, path)],
        capture_output=True, text=True, preexec_fn=on_load_cpu)
    last = run.stdout.strip().rsplit('\n', 1)[-1]
    try:
        got = json.loads(last)
    except ValueError:
        raise Failed('wrk: ' + (run.stderr.strip() or last)) from None
    if got['errors']:
        raise Failed('wrk: %d errors in %d requests'
                     % (got['errors'], got['messages']))
    return got


def used(proxy, work):
    """Does work. Returns what it took of the proxy's CPU in nanoseconds, and
    what came of it."""
    before = proxy.cpu_ns()
    got = work()
    return proxy.cpu_ns() - before, got


def figure(cpu_ns, got):
    """One figure of a scenario: the cost of a unit, and its latencies."""
    if got['messages'] <= 0:
        raise Failed('nothing came back')
    return {'cpu_us': cpu_ns / 1000 / got['messages'], 'rate': got['rate'],
            'p50': got['p50'], 'p99': got['p99'], 'p999': got['p999']}
