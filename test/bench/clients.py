"""What puts the proxies under load: load.c's tunnels and requests.

It runs on the second CPU, where there is one, and speaks TLS with a proxy that
has a CA.
"""
import json
import os
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))


class Failed(Exception):
    """A measurement that could not be made."""


class Load:
    """The client, with its tunnels or connections through one proxy, opened
    by a command."""

    def __init__(self, proxy, opening='tunnels 0'):
        port = (proxy.ws_port if opening.startswith('tunnels')
                else proxy.http_port)
        ca = [proxy.ca] if proxy.ca else []
        self.opening = opening
        self.process = subprocess.Popen(
            [os.path.join(HERE, 'load'), str(port), *ca],
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
        try:
            self.do(self.opening)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *unused):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


def on_load_cpu():
    if os.cpu_count() > 1:
        os.sched_setaffinity(0, {1})


def used(proxy, load, command):
    """What the command took of the proxy's CPU in nanoseconds, and what came
    of it."""
    before = proxy.cpu_ns()
    got = load.do(command)
    return proxy.cpu_ns() - before, got


def figure(cpu_ns, got):
    """One figure of a scenario: the cost of a unit, and its latencies."""
    if got['messages'] <= 0:
        raise Failed('nothing came back')
    return {'cpu_us': cpu_ns / 1000 / got['messages'], 'rate': got['rate'],
            'p50': got['p50'], 'p99': got['p99'], 'p999': got['p999']}
