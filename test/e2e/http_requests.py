"""Requests that could be read in two ways are refused, and others are not.

Every row is sent whole and byte by byte. The client gets the status and the
word of the reason, the log tells the same, the connection ends, and the
upstream has not heard of it.
"""
import os
import re

from weir import (OK, TOP, Origin, Weir, case, each, main, refusal, same,
                  until, within)

L = b'GET / HTTP/1.1\r\n'
P = b'POST / HTTP/1.1\r\n'
H = b'Host: a\r\n'
END = b'\r\n'
CHUNKED = b'Transfer-Encoding: chunked\r\n'
LINE = 'bad_request_line'
VERSION = 'bad_version|bad_request_line'
METHOD = 'bad_method|bad_request_line'


def statuses():
    """The status of every reason word, from the one list of them."""
    with open(os.path.join(TOP, 'inc', 'reasons.h')) as f:
        return {w: int(s) for w, s in
                re.findall(r'^R\(\w+, +"(\w+)", +(\d+)', f.read(), re.M)}


STATUS = statuses()


def line(text):
    return text + b'\r\n' + H + END


def field(text):
    return L + H + text + b'\r\n' + END


def host(text):
    return L + b'Host:' + text + b'\r\n' + END


def length(text):
    return P + H + b'Content-Length:' + text + b'\r\n' + END + b'x'


def coding(text):
    return P + H + text + END + b'0\r\n\r\n'


LINES = [
    ('lf ends the request line', b'GET / HTTP/1.1\n' + H + END, 'bare_lf'),
    ('cr ends the request line', b'GET / HTTP/1.1\r' + H + END, 'bare_cr'),
    ('cr cr lf', b'GET / HTTP/1.1\r\r\n' + H + END, 'bare_cr|' + VERSION),
    ('two spaces before the target', line(b'GET  / HTTP/1.1'),
     LINE + '|bad_target'),
    ('two spaces behind the target', line(b'GET /  HTTP/1.1'),
     VERSION + '|bad_target'),
    ('space in front', line(b' GET / HTTP/1.1'), METHOD),
    ('tab in front', line(b'\tGET / HTTP/1.1'), METHOD),
    ('tab behind the method', line(b'GET\t/ HTTP/1.1'), METHOD),
    ('tab behind the target', line(b'GET /\tHTTP/1.1'),
     LINE + '|bad_target'),
    ('space at the end', line(b'GET / HTTP/1.1 '), VERSION),
    ('space and word at the end', line(b'GET / HTTP/1.1 x'), VERSION),
    ('HTTP/0.9', b'GET /\r\n' + END, LINE + '|bad_target|bad_version'),
    ('HTTP/0.9 and fields', line(b'GET /'),
     LINE + '|bad_target|bad_version'),
    ('method alone', b'GET\r\n' + H + END, METHOD),
    ('no method', line(b'/ HTTP/1.1'), METHOD),
    ('two CRLF in front', b'\r\n\r\n' + line(L[:-2]), METHOD),
    ('LF in front', b'\n' + line(L[:-2]), METHOD + '|bare_lf'),
    ('CR in front', b'\r' + line(L[:-2]), METHOD + '|bare_cr'),
    ('CRLF and LF in front', b'\r\n\n' + line(L[:-2]), METHOD + '|bare_lf'),
    ('NUL in front', b'\0' + line(L[:-2]), METHOD),
    ('TLS', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03' + END + END,
     METHOD),
    ('the HTTP/2 preface', b'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
     'bad_version|bad_target'),
]

VERSIONS = [(v.decode('latin-1'), line(b'GET / ' + v), VERSION) for v in (
    b'HTTP/2.0', b'HTTP/0.9', b'HTTP/3.0', b'HTTP/9.9', b'HTTP/11',
    b'HTTP/1.10', b'HTTP/1.01', b'HTTP/01.1', b'HTTP/1', b'HTTP/1.',
    b'HTTP/.1', b'HTTP/1,1', b'HTTP/1.1.1', b'http/1.1', b'Http/1.1',
    b'HTTPS/1.1', b'HTTP/ 1.1', b'HTTP /1.1', b'HTTP/1 .1', b'HTTP-1.1',
    b'HTTP', b'HTTP/', b'ICY/1.1', b'XHTTP/1.1', b'HTTP/+1.1',
    b'HTTP/1.x', b'HTTP/1.-1', b'HTTP/1.\xb9', b'HTTP/\x001.1',
    b'HTTP/1.1\0', b'HTTP/2')]

METHODS = [('method %r' % m, line(m + b' / HTTP/1.1'), METHOD) for m in (
    b'G@T', b'G\0T', b'GET\0', b'G\x80T', b'GE(T', b'GE,T', b'GE:T',
    b'G/T', b'"GET"', b'G=T', b'<GET>', b'[GET]', b'G{T', b'G;T', b'G?T',
    b'G\\T', b'G\x7fT', b'G\x1bT', b'GET\x0b', b'\xef\xbb\xbfGET')]

TARGETS = [('target %r' % t, line(b'GET ' + t + b' HTTP/1.1'),
            'bad_target|bad_request_line|bare_cr') for t in (
    b'foo', b'*', b'a:443', b'?x', b'/a\0b', b'/a\1', b'/a\x7f', b'/a\tb',
    b'/a\x0bb', b'/a\x1fb', b'/#', b'/#f', b'/a#', b'/a?b#c', b'#',
    b'http://a/#f', b'http://', b'http:///x', b'http:/a', b'http:a',
    b'http//a/', b'://a/', b'http://u@a/', b'http://u:p@a/',
    b'http://@a/', b'http://a@/', b'http://a:x/', b'http://a:99999/',
    b'http://a:65536/', b'http://a:-1/', b'http://a:+1/', b'http://[::1/',
    b'http://[::1]x/', b'http://::1/', b'http://a:1:2/', b'http://a"b/',
    b'http://a\\b/', b'http://a<b>/', b'/a\rb', b'/a\x80\0',
    b'http://a\0b/', b'http://:80/', b'http://?x', b'http://#',
    # segments that the servers behind would resolve behind weir's back
    b'/..', b'/.', b'/../x', b'/a/../b', b'/a/..', b'/a/./b', b'/a/.',
    b'/%2e%2e/b', b'/a/%2E%2e', b'/a/.%2e/b', b'/a/%2e./b', b'/%2e',
    b'/a/..?x', b'//../b', b'http://a/../b')]

FORMS = [
    ('asterisk with POST', line(b'POST * HTTP/1.1'), 'bad_target'),
    ('asterisk with HEAD', line(b'HEAD * HTTP/1.1'), 'bad_target'),
    ('two asterisks', line(b'OPTIONS ** HTTP/1.1'), 'bad_target'),
    ('asterisk and query', line(b'OPTIONS *?a HTTP/1.1'), 'bad_target'),
    ('authority with OPTIONS', line(b'OPTIONS a:1 HTTP/1.1'), 'bad_target'),
    ('CONNECT', line(b'CONNECT a:443 HTTP/1.1'), 'method_refused'),
    ('CONNECT with a path', line(b'CONNECT / HTTP/1.1'),
     'bad_target|method_refused'),
    ('CONNECT with a URL', line(b'CONNECT http://a/ HTTP/1.1'),
     'bad_target|method_refused'),
    ('CONNECT without a port', line(b'CONNECT a HTTP/1.1'),
     'bad_target|method_refused'),
]

FIELDS = [
    ('LF ends a field', L + b'Host: a\n' + END, 'bare_lf'),
    ('LF ends a later field', field(b'A: b\nC: d'), 'bare_lf'),
    ('LF ends the head', L + H + b'\n', 'bare_lf'),
    ('LF LF', b'GET / HTTP/1.1\nHost: a\n\n', 'bare_lf'),
    ('LF in front of a field', L + H + b'\nA: b\r\n\r\n', 'bare_lf'),
    ('CR in a value', field(b'A: b\rc'), 'bare_cr'),
    ('CR behind a value', field(b'A: b\r'), 'bare_cr'),
    ('CR in front of a value', field(b'A:\rb'), 'bare_cr'),
    ('CR in a name', field(b'A\rB: c'), 'bare_cr|bad_field_name'),
    ('CR hides a field', field(b'A: b\rContent-Length: 5'), 'bare_cr'),
    ('CR for the end', L + H + b'\r\r\n', 'bare_cr|bad_field_name'),
    ('CR X for the end', L + H + b'\rX\r\n\r\n', 'bare_cr|bad_field_name'),
    ('fold with space', field(b'A: b\r\n c'), 'obs_fold'),
    ('fold with tab', field(b'A: b\r\n\tc'), 'obs_fold'),
    ('fold with spaces alone', field(b'A: b\r\n  '), 'obs_fold'),
    ('fold of an empty field', field(b'A:\r\n b'), 'obs_fold'),
    ('fold that looks like a field', field(b'A: b\r\n C: d'), 'obs_fold'),
    ('fold of Host', L + b'Host:\r\n a\r\n\r\n', 'obs_fold'),
    ('fold of a coding', P + H + b'Transfer-Encoding:\r\n chunked\r\n\r\n',
     'obs_fold'),
    ('space in front of the first field', L + b' ' + H + END,
     'obs_fold|bad_field|bad_field_name'),
    ('tab in front of the first field', L + b'\t' + H + END,
     'obs_fold|bad_field|bad_field_name'),
    ('a space alone first', L + b' \r\n' + H + END,
     'obs_fold|bad_field|bad_field_name'),
]

FIELDS += [('field line %r' % f, field(f), 'bad_field_name|bad_field')
           for f in (
    b'A : b', b'A\t: b', b'A  : b', b'A B: c', b': b', b':', b' : b'[1:],
    b'A', b'Content-Length', b'A(: b', b'A@: b', b'A[: b', b'A]: b',
    b'A{: b', b'A"B": c', b'A,B: c', b'A;B: c', b'A/B: c', b'A<: c',
    b'A=: c', b'A?: c', b'A\\: c', b'A\0: c', b'A\x01: c', b'A\x7f: c',
    b'A\x80: c', b'\xff: c', b'\0: c', b'\x0bA: c', b'A\x0b: c',
    b'Transfer-Encoding : chunked', b'Content-Length : 3',
    b'Transfer-Encoding\t: chunked', b'Transfer-Encoding\0: chunked',
    b'Host : a', b'"Host": a')]

FIELDS += [('value %r' % v, field(b'A: ' + v), 'bad_field') for v in (
    b'\0', b'b\0', b'b\0c', b'\1', b'\x08', b'b\x0bc', b'\x0c', b'\x1b',
    b'b\x1fc', b'\x7f', b'b\x7f', b'\0\0\0')]

FIELDS += [
    ('NUL in Connection', field(b'Connection: close\0'), 'bad_field'),
    ('NUL in a coding', coding(b'Transfer-Encoding: chunked\0\r\n'),
     'bad_field|bad_coding'),
    ('VT in a coding', coding(b'Transfer-Encoding: \x0bchunked\r\n'),
     'bad_field|bad_coding'),
    ('NUL in a length', length(b'1\0'), 'bad_field|bad_length'),
    ('VT in a length', length(b'\x0b1'), 'bad_field|bad_length'),
]

HOSTS = [
    ('no Host', L + END, 'bad_host'),
    ('no Host but others', L + b'A: b\r\n' + END, 'bad_host'),
    ('Host twice', L + H + b'Host: b\r\n' + END, 'bad_host'),
    ('the same Host twice', L + H + H + END, 'bad_host'),
    ('Host twice, apart', L + H + b'A: b\r\nhOST: a\r\n' + END, 'bad_host'),
    ('Host twice in HTTP/1.0', b'GET / HTTP/1.0\r\n' + H + H + END,
     'bad_host'),
    ('an empty and a full Host', L + b'Host:\r\n' + H + END, 'bad_host'),
    ('absolute form without Host', b'GET http://a/ HTTP/1.1\r\n' + END,
     'bad_host'),
    ('absolute form, Host twice', b'GET http://a/ HTTP/1.1\r\n' + H + H +
     END, 'bad_host'),
    ('absolute form, bad Host', b'GET http://a/ HTTP/1.1\r\nHost: b@c\r\n' +
     END, 'bad_host'),
    ('bad Host in HTTP/1.0', b'GET / HTTP/1.0\r\nHost: a@b\r\n' + END,
     'bad_host'),
]

HOSTS += [('Host %r' % h, host(b' ' + h), 'bad_host|bad_field') for h in (
    b'u@a', b'u:p@a', b'@a', b'a@', b'a/', b'a/p', b'/', b'http://a',
    b'http://a/', b'a b', b'a\tb', b'"a"', b"a\"b", b'a:x', b'a:99999',
    b'a:65536', b'a:80:80', b'a:-1', b'a:+80', b'a: 80', b'a :80',
    b'a:80 x', b'a:8 0', b'a:0x50', b'a:80a', b'[::1', b'::1', b'::1]',
    b'[::1]x', b'[::1]:x', b'[]', b'[zz]', b'[::1]]', b'a?x', b'a#x',
    b'a\\x', b'<a>', b'a|b', b'a^b', b'a`b', b'{a}', b'a\0', b'a\0b',
    b'a\x01b', b'a\x7fb', b':80', b':', b'[::1]@a', b'a:80@b', b'a:80/')]

LENGTHS = [('length %r' % v, length(v), 'bad_length') for v in (
    b'', b' ', b' +1', b' -1', b' -0', b' 1 1', b' 0x1', b' 1x', b' x1',
    b' 1,1', b' 1, 1', b' 1,', b' ,1', b' 1;1', b' 1.0', b' 1e0', b' 1_0',
    b' "1"', b' 1a', b' a', b' \xb2', b' 9223372036854775808',
    b' 18446744073709551615', b' 18446744073709551616',
    b' 18446744073709551617', b' 99999999999999999999999999999999', b' - 1',
    b' 1\t1', b' \xef\xbc\x91', b' 1 ,', b' 0,1', b' NaN', b' 1h')]

CL = b'Content-Length: 1\r\n'
LENGTHS += [
    ('two lengths', P + H + CL + b'Content-Length: 2\r\n\r\nxx',
     'bad_length'),
    ('the same length twice', P + H + CL + CL + b'\r\nx', 'bad_length'),
    ('the same length twice, apart',
     P + CL + H + b'content-length: 1\r\n\r\nx', 'bad_length'),
    ('two lengths on a GET', L + H + CL + b'Content-Length: 0\r\n\r\nx',
     'bad_length'),
    ('a length and an empty one', P + H + CL + b'Content-Length:\r\n\r\nx',
     'bad_length'),
    ('two lengths in HTTP/1.0', b'POST / HTTP/1.0\r\n' + CL + CL +
     b'\r\nx', 'bad_length'),
]

BOTH = 'length_and_coding'
CODINGS = [
    ('length and coding', P + H + CL + CHUNKED + b'\r\n0\r\n\r\n', BOTH),
    ('coding and length', P + H + CHUNKED + CL + b'\r\n0\r\n\r\n', BOTH),
    ('length 0 and coding', P + H + b'Content-Length: 0\r\n' + CHUNKED +
     b'\r\n0\r\n\r\n', BOTH),
    ('far apart', P + CHUNKED + H + b'A: b\r\nC: d\r\n' + CL +
     b'\r\n0\r\n\r\n', BOTH),
    ('on a GET', L + H + CL + CHUNKED + b'\r\n0\r\n\r\n', BOTH),
    ('in HTTP/1.0', b'POST / HTTP/1.0\r\n' + H + CL + CHUNKED +
     b'\r\n0\r\n\r\n', BOTH + '|bad_coding'),
    ('in HTTP/1.0, other order', b'POST / HTTP/1.0\r\n' + H + CHUNKED + CL +
     b'\r\n0\r\n\r\n', BOTH + '|bad_coding'),
    ('a coding in HTTP/1.0', b'POST / HTTP/1.0\r\n' + H + CHUNKED +
     b'\r\n0\r\n\r\n', 'bad_coding'),
    ('length and unknown coding', P + H + CL +
     b'Transfer-Encoding: x\r\n\r\nx', BOTH + '|bad_coding'),
    ('two lines', coding(CHUNKED + CHUNKED), 'bad_coding'),
    ('chunked and identity', coding(
        CHUNKED + b'Transfer-Encoding: identity\r\n'), 'bad_coding'),
    ('identity and chunked', coding(
        b'Transfer-Encoding: identity\r\n' + CHUNKED), 'bad_coding'),
    ('gzip and chunked, two lines', coding(
        b'Transfer-Encoding: gzip\r\n' + CHUNKED), 'bad_coding'),
    ('an empty line and chunked', coding(
        b'Transfer-Encoding:\r\n' + CHUNKED), 'bad_coding'),
]

CODINGS += [('coding %r' % t, coding(b'Transfer-Encoding:' + t + b'\r\n'),
             'bad_coding') for t in (
    b'', b' ', b' gzip', b' gzip, chunked', b' chunked, gzip',
    b' chunked, chunked', b' chunked,chunked', b' identity',
    b' identity, chunked', b' chunked, identity', b' xchunked', b' chunkedx',
    b' chunked;q=1', b' chunked ;a=b', b' chunked,', b' ,chunked', b' ,',
    b' "chunked"', b" 'chunked'", b' chun ked', b' chunked x', b' x chunked',
    b' chunk', b' chunked;', b' compress', b' deflate, gzip, chunked',
    b' \xa0chunked', b' chunked\xa0', b' cow', b' trailers', b' 1')]

EXPECTS = [('Expect %r' % v, P + H + b'Expect: ' + v + b'\r\n' + CL +
            b'\r\nx', 'bad_expect') for v in (
    b'200-ok', b'100', b'continue', b'100-continue-now', b'100-continued',
    b'100-continue, 200-ok', b'x, 100-continue', b'100-continue; a=b',
    b'x=y', b'100 continue')]
EXPECTS += [
    ('Expect twice, one unknown', P + H +
     b'Expect: 100-continue\r\nExpect: x\r\n' + CL + b'\r\nx', 'bad_expect'),
]

ACCEPTED = [
    ('plain', L + H + END),
    ('one CRLF in front', b'\r\n' + L + H + END),
    ('no space behind the colon', L + b'Host:a\r\n' + END),
    ('blanks around values', L + b'Host: \t a \t\r\nA:\t\tb\t\r\n' + END),
    ('a tab in a value', field(b'A: b\tc')),
    ('an empty value', field(b'A:')),
    ('a value of blanks', field(b'A:   ')),
    ('high bytes in a value', field(b'A: \x80\xff')),
    ('every token character', field(b"!#$%&'*+-.^_`|~09azAZ: b")),
    ('colons in a value', field(b'A: :b:c')),
    ('the same field many times', field(b'A: b\r\nA: c\r\na: d')),
    ('lower case Host', L + b'host: a\r\n' + END),
    ('Host last', L + b'A: b\r\n' + H + END),
    ('Host with a port', host(b' a:80')),
    ('Host with the last port', host(b' a:65535')),
    ('Host in IPv4', host(b' 127.0.0.1:1')),
    ('Host in IPv6', host(b' [::1]')),
    ('Host in IPv6 with a port', host(b' [2001:db8::1]:8080')),
    ('Host with an underscore', host(b' a_b')),
    ('Host with a dot behind', host(b' example.com.')),
    ('HTTP/1.0', b'GET / HTTP/1.0\r\n' + H + END),
    ('HTTP/1.0 without Host', b'GET / HTTP/1.0\r\n' + END),
    ('absolute form', b'GET http://b/x?y HTTP/1.1\r\n' + H + END),
    ('absolute form, upper case', b'GET HTTP://b/ HTTP/1.1\r\n' + H + END),
    ('absolute form without a path', b'GET http://b HTTP/1.1\r\n' + H + END),
    ('absolute form, query alone', b'GET http://b?x HTTP/1.1\r\n' + H + END),
    ('absolute form with a port', b'GET http://b:8080/ HTTP/1.1\r\n' + H +
     END),
    ('asterisk', b'OPTIONS * HTTP/1.1\r\n' + H + END),
    ('two slashes', line(b'GET //x HTTP/1.1')),
    ('a URL in the query', line(b'GET /?u=http://u@h:1/ HTTP/1.1')),
    ('question marks', line(b'GET /a?b?c? HTTP/1.1')),
    ('dots that are no segments', line(b'GET /.a/..b/c../.../a.b HTTP/1.1')),
    ('dots in the query', line(b'GET /a?/../b HTTP/1.1')),
    ('encoded dots', line(b'GET /a%2e%2eb/%2e%2e%2e HTTP/1.1')),
    ('odd but legal path', line(b"GET /!$&'()*+,;=:@-._~%20 HTTP/1.1")),
    ('own method', line(b'PURGE-IT / HTTP/1.1')),
    ('lower case method', line(b'get / HTTP/1.1')),
    ('length 0', P + H + b'Content-Length: 0\r\n' + END),
    ('length with blanks', P + H + b'Content-Length: \t1 \t\r\n\r\nx'),
    ('length with zeros', P + H + b'Content-Length: 0001\r\n\r\nx'),
    ('length on a GET', L + H + CL + b'\r\nx'),
    ('Chunked', coding(b'Transfer-Encoding: ChUnKeD\r\n')),
    ('chunked with blanks', coding(b'Transfer-Encoding: \tchunked \r\n')),
    ('chunked on a GET', L + H + CHUNKED + b'\r\n0\r\n\r\n'),
    ('a name like a coding', field(b'Transfer_Encoding: chunked')),
    ('100-Continue', P + H + b'Expect: 100-Continue\r\n' + CL + b'\r\nx'),
    ('empty body expected', P + H + b'Expect: 100-continue\r\n'
     b'Content-Length: 0\r\n\r\n'),
    ('Expect in HTTP/1.0', b'POST / HTTP/1.0\r\nExpect: 100-continue\r\n' +
     CL + b'\r\nx'),
]

CHUNKS = [('body %r' % b[:40], b, 'bad_chunk') for b in (
    b'x\r\n', b'\r\n', b' 1\r\na\r\n', b'\t1\r\na\r\n', b'0x1\r\na\r\n',
    b'+1\r\na\r\n', b'-1\r\na\r\n', b'1 1\r\na\r\n', b'1x\r\na\r\n',
    b'1,\r\na\r\n', b'1.\r\na\r\n', b'1\na\r\n0\r\n\r\n', b'1\ra\r\n',
    b'1\r\r\na\r\n', b'1\0\r\na\r\n', b';a=b\r\na\r\n', b'g\r\n',
    b'1;a\nb\r\na\r\n', b'1;a\rb\r\na\r\n', b'1;a\0b\r\na\r\n',
    b'1;a=\x01\r\na\r\n', b'1;a="b\r\na\r\n0\r\n\r\n',
    b'1;a="\nb"\r\na\r\n', b'1;a=b c\r\na\r\n', b'1;=b\r\na\r\n',
    b'1;a="b"c\r\na\r\n', b'1;a=(\r\na\r\n', b'1;a@b\r\na\r\n',
    b'10000000000000000\r\n', b'ffffffffffffffff\r\n',
    b'8000000000000000\r\n', b'fffffffffffffffff\r\n',
    b'00000000000000000000000000000000000000000000000000001\r\na\r\n'[:0] +
    b'123456789abcdef012345\r\n',
    b'1\r\nab\r\n0\r\n\r\n', b'1\r\na0\r\n\r\n', b'1\r\na\n0\r\n\r\n',
    b'1\r\na\r0\r\n\r\n', b'1\r\na\r\r\n', b'2\r\na\r\n0\r\n\r\n',
    b'1\r\na\r\nx\r\n', b'1\r\na\r\n\r\n0\r\n\r\n', b'0\n\r\n',
    b'0;\n\r\n', b'0 \n\r\n', b'1;' + b'a' * 300 + b'\r\na\r\n',
    b'\xef\xbc\x91\r\na\r\n', b'1\x0b\r\na\r\n')]

TRAILERS = [('trailer %r' % t, b'1\r\na\r\n0\r\n' + t + b'\r\n\r\n',
             'bad_trailer|bare_lf|bare_cr|obs_fold|bad_field|bad_field_name')
            for t in (
    b'A', b'A : b', b': b', b' A: b', b'\tA: b', b'A: b\nC: d',
    b'A: b\rC: d', b'A: \0', b'A\0: b', b'A: b\r\n c', b'A(: b',
    b'\nGET / HTTP/1.1', b'\rA: b', b'A: b\r', b'A: \x01', b'A: \x7f')]

GOOD_CHUNKS = [(repr(b[:40]), b, data) for b, data in (
    (b'0\r\n\r\n', b''),
    (b'1\r\na\r\n0\r\n\r\n', b'a'),
    (b'01\r\na\r\n0\r\n\r\n', b'a'),
    (b'0001\r\na\r\n000\r\n\r\n', b'a'),
    (b'a\r\n0123456789\r\n0\r\n\r\n', b'0123456789'),
    (b'A\r\n0123456789\r\n0\r\n\r\n', b'0123456789'),
    (b'1\r\n\r\r\n1\r\n\n\r\n0\r\n\r\n', b'\r\n'),
    (b'5\r\n0\r\n\r\n\r\n0\r\n\r\n', b'0\r\n\r\n'),
    (b'1;a\r\na\r\n0\r\n\r\n', b'a'),
    (b'1;a=b\r\na\r\n0;c=d\r\n\r\n', b'a'),
    (b'1;a=b;c;d=e\r\na\r\n0\r\n\r\n', b'a'),
    (b'1;a="b c;d=e\\"f"\r\na\r\n0\r\n\r\n', b'a'),
    (b'1;' + b'a' * 200 + b'\r\na\r\n0\r\n\r\n', b'a'),
    (b'1\r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n', b'a'))]


class Refusals:
    """weir and an upstream that must not hear a whole refused request."""

    def __init__(self):
        self.whole = 0
        self.origin = Origin(self.serve)
        self.weir = Weir('linger = 5s', self.origin)

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.weir.__exit__(*why)
        self.origin.__exit__(*why)

    def serve(self, peer):
        while peer.read_request() is not None:
            self.whole += 1
            peer.send(OK)

    def again(self):
        """Behind a failure: what is late must not trouble the next row."""
        self.weir.skip()
        self.origin.quiet()
        self.origin.peers.clear()
        self.whole = 0

    def check(self, name, data, words, head=True):
        for send in ('whole', 'bytes'):
            with self.weir.connect() as c:
                (c.send if send == 'whole' else c.drip)(data)
                r = c.final()
                word = refusal(r, r.status, words)
                same(r.status, STATUS[word], 'status of ' + word)
                if r.status == 405:
                    assert r.has('allow'), 'no Allow'
                elif r.status != 417:
                    assert r.lists('connection', 'close'), 'stays open'
                    c.ended('eof')
            log = self.weir.next('request')
            same((log['status'], log['reason']), (str(r.status), word),
                 'log (%s)' % send)
            same(self.whole, 0, 'requests upstream (%s)' % send)
            if head:
                same(len(self.origin.requests), 0, 'heads upstream')


def refuse(rows, head=True):
    with Refusals() as t:
        each(rows, lambda *row: t.check(*row, head=head), t.again)


@case
def request_lines():
    refuse(LINES)


@case
def versions():
    refuse(VERSIONS)


@case
def methods():
    refuse(METHODS)


@case
def targets():
    refuse(TARGETS + FORMS)


@case
def fields():
    refuse(FIELDS)


@case
def hosts():
    refuse(HOSTS)


@case
def lengths():
    refuse(LENGTHS)


@case
def codings():
    refuse(CODINGS)


@case
def expectations():
    refuse(EXPECTS)


@case
def chunks():
    head = P + H + CHUNKED + END
    refuse([(n, head + b, w) for n, b, w in CHUNKS], head=False)


@case
def trailers():
    head = P + H + CHUNKED + END
    refuse([(n, head + b, w) for n, b, w in TRAILERS], head=False)


@case
def trace():
    """TRACE is 405 as CONNECT is, and tells what is allowed."""
    with Refusals() as t:
        for m in (b'TRACE', b'CONNECT'):
            target = b'a:1' if m == b'CONNECT' else b'/'
            with t.weir.connect() as c:
                r = c.ask(line(m + b' ' + target + b' HTTP/1.1'), 'GET')
                refusal(r, 405, 'method_refused')
                for a in ('GET', 'HEAD', 'POST', 'OPTIONS'):
                    assert r.lists('allow', a), 'Allow lacks ' + a
                for a in ('TRACE', 'CONNECT'):
                    assert not r.lists('allow', a), 'Allow has ' + a


@case
def accepted():
    def check(name, data):
        for send in ('whole', 'bytes'):
            with w.connect() as c:
                (c.send if send == 'whole' else c.drip)(data)
                r = c.final()
                same((r.status, r.body), (200, b'ok'), send)
            log = w.next('request')
            same((log['status'], log['reason']), ('200', 'ok'), 'log')
    with Origin() as o, Weir('', o) as w:
        each(ACCEPTED, check)
        want = [d for n, d in ACCEPTED]
        same(len(o.requests), 2 * len(want), 'requests upstream')


@case
def authority_wins():
    """What an absolute form names is what Host says upstream."""
    def check(target, path, authority):
        with w.connect() as c:
            c.ask(line(b'GET ' + target + b' HTTP/1.1'))
        q = o.requests[-1]
        same(q.target, path, 'target')
        same(q.get('host'), authority, 'Host')
    with Origin() as o, Weir('', o) as w:
        each([(b'http://b/x?y', '/x?y', 'b'), (b'http://b:81/', '/', 'b:81'),
              (b'http://b', '/', 'b'), (b'http://b?x', '/?x', 'b'),
              (b'HTTP://b/', '/', 'b'), (b'http://[::1]:8/a', '/a',
                                         '[::1]:8')], check)


@case
def good_chunks():
    def check(name, data, want):
        for send in ('whole', 'bytes'):
            with w.connect() as c:
                (c.send if send == 'whole' else c.drip)(
                    P + H + CHUNKED + END + data)
                same(c.final().status, 200, send)
            same(o.requests[-1].body, want, 'body')
    with Origin() as o, Weir('', o) as w:
        each(GOOD_CHUNKS, check)


@case
def cut_short():
    """A client that ends in the middle is told so, if it still listens."""
    rows = [
        ('in the length', P + H + b'Content-Length: 5\r\n\r\nabc'),
        ('before the body', P + H + b'Content-Length: 5\r\n\r\n'),
        ('before the chunks', P + H + CHUNKED + END),
        ('in a chunk line', P + H + CHUNKED + END + b'5'),
        ('in a chunk', P + H + CHUNKED + END + b'5\r\nabc'),
        ('behind a chunk', P + H + CHUNKED + END + b'1\r\na'),
        ('behind its CR', P + H + CHUNKED + END + b'1\r\na\r'),
        ('before the last chunk', P + H + CHUNKED + END + b'1\r\na\r\n'),
        ('in the last chunk', P + H + CHUNKED + END + b'1\r\na\r\n0\r'),
        ('before the trailers', P + H + CHUNKED + END + b'0\r\n'),
        ('in the trailers', P + H + CHUNKED + END + b'0\r\nA: b\r\n'),
        ('in the last CRLF', P + H + CHUNKED + END + b'0\r\n\r'),
    ]

    def check(name, data):
        with t.weir.connect() as c:
            c.send(data)
            c.shut()
            refusal(c.final(), 400, 'client_cut')
            c.ended()
        same(t.weir.next('request')['reason'], 'client_cut', 'log')
        until(lambda: not t.origin.live, 'the upstream connection to end')
        same(t.whole, 0, 'whole requests upstream')
    with Refusals() as t:
        each(rows, check, t.again)


@case
def cut_head():
    """An unfinished head has nothing that could be answered but a 400."""
    with Refusals() as t:
        for data in (b'G', b'GET / HTTP/1.1', L, L + H, L + H + b'\r'):
            with t.weir.connect() as c:
                c.send(data)
                c.shut()
                got = c.recv_all()
                assert got == b'' or got.startswith(b'HTTP/1.1 400 '), got
        same(t.origin.got(), 0, 'bytes upstream')


@case
def refused_behind_good():
    """A good request in front is answered first, one behind never."""
    with Origin() as o, Weir('', o) as w, w.connect() as c:
        c.send(L + H + END + L + H + b'A : b\r\n\r\n' + L + H + END)
        same(c.final().status, 200, 'first')
        refusal(c.final(), 400, 'bad_field_name|bad_field')
        c.ended('eof')
        same(len(o.requests), 1, 'requests upstream')


@case
def smuggled():
    """What hides in a body stays in the body."""
    inner = b'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n'
    with Origin() as o, Weir('', o) as w, w.connect() as c:
        c.send(P + H + b'Content-Length: %d\r\n\r\n' % len(inner) + inner +
               P + H + CHUNKED + END + b'%x\r\n' % len(inner) + inner +
               b'\r\n0\r\n\r\n')
        same([c.final().status for _ in range(2)], [200, 200], 'statuses')
        same([q.target for q in o.requests], ['/', '/'], 'targets')
        same([q.body for q in o.requests], [inner, inner], 'bodies')
        c.silent()


@case
def json_refusals():
    """Whoever prefers JSON gets it."""
    import json
    rows = [('application/json', True), ('application/json, text/plain',
            True), ('text/html', False), ('*/*', False), ('text/plain, '
            'application/json', False), ('application/problem+json', True)]

    def check(accept, is_json):
        r = w.get('/', 'Accept: %s\r\n' % accept)
        if not is_json:
            refusal(r, 404, 'no_route')
            return
        within(r.get('content-type'), 'application/json', 'type')
        e = json.loads(r.body)['error']
        same((e['status'], e['reason']), (404, 'no_route'), 'error')
        assert e['message'].endswith('.'), e
    with Origin() as o, Weir('route = other.example/\nupstream = ' +
                             o.url) as w:
        each(rows, check)
        r = w.get('/', 'Accept: application/json\r\n', method='HEAD')
        same((r.status, r.body), (404, b''), 'HEAD')


if __name__ == '__main__':
    main()
