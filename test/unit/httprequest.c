/* Tests http.c: the heads of requests. */
#include "httprow.h"

static const struct row lines[] = {
	{Q, S(G HA E), 0, "/ a 1.1 keep none", "plain"},
	{Q, S(E G HA E), 0, "/ a 1.1 keep none", "one crlf in front"},
	{Q, S(E E), -R_BAD_REQUEST_LINE, NULL, "two crlf in front"},
	{Q, S("\n"), -R_BARE_LF, NULL, "lf in front"},
	{Q, S("\rG"), -R_BARE_CR, NULL, "cr in front"},
	{Q, S("\r\r"), -R_BARE_CR, NULL, "two cr in front"},
	{Q, S(E "\n"), -R_BARE_LF, NULL, "crlf and lf in front"},
	{Q, S(E "\rG"), -R_BARE_CR, NULL, "crlf and cr in front"},
	{Q, S(E " "), -R_BAD_METHOD, NULL, "crlf and space in front"},
	{Q, S(" "), -R_BAD_METHOD, NULL, "space in front"},
	{Q, S("\t"), -R_BAD_METHOD, NULL, "tab in front"},
	{Q, S("\0"), -R_BAD_METHOD, NULL, "nul in front"},
	{Q, S("\x16"), -R_BAD_METHOD, NULL, "tls"},
	{Q, S("\xef"), -R_BAD_METHOD, NULL, "byte order mark"},
	{Q, S("/"), -R_BAD_METHOD, NULL, "no method"},
	{Q, S("GET\r\n"), -R_BAD_REQUEST_LINE, NULL, "method alone"},
	{Q, S("GET\rX"), -R_BARE_CR, NULL, "cr behind the method"},
	{Q, S("GET\n"), -R_BARE_LF, NULL, "lf behind the method"},
	{Q, S("GET\t"), -R_BAD_METHOD, NULL, "tab behind the method"},
	{Q, S("G\0"), -R_BAD_METHOD, NULL, "nul in the method"},
	{Q, S("G\x7f"), -R_BAD_METHOD, NULL, "del in the method"},
	{Q, S("G\x80"), -R_BAD_METHOD, NULL, "high byte in the method"},
	{Q, S("G("), -R_BAD_METHOD, NULL, "parenthesis in the method"},
	{Q, S("G:"), -R_BAD_METHOD, NULL, "colon in the method"},
	{Q, S("GE\""), -R_BAD_METHOD, NULL, "quote in the method"},
	{Q, S("GETTT@"), -R_BAD_METHOD, NULL, "at in the sixth byte"},
	{Q, S("GETT,"), -R_BAD_METHOD, NULL, "comma in the fifth byte"},
	{Q, S("GE{"), -R_BAD_METHOD, NULL, "brace in the method"},
	{Q, S("GE\\"), -R_BAD_METHOD, NULL, "backslash in the method"},
	{Q, S("!#$%&'*+-.^_`|~09azAZ / HTTP/1.1\r\n" HA E), 0, NULL,
	 "every tchar in the method"},
	{Q, S("get / HTTP/1.1\r\n" HA E), 0, NULL, "lower case method"},
	{Q, S("GET \r\n"), -R_BAD_REQUEST_LINE, NULL, "no target"},
	{Q, S("GET  "), -R_BAD_REQUEST_LINE, NULL, "two spaces in front"},
	{Q, S("GET \t"), -R_BAD_TARGET, NULL, "space and tab in front"},
	{Q, S("GET /\t"), -R_BAD_TARGET, NULL, "tab behind the target"},
	{Q, S("GET /\r\n"), -R_BAD_REQUEST_LINE, NULL, "http/0.9"},
	{Q, S("GET /\n"), -R_BARE_LF, NULL, "http/0.9 with lf"},
	{Q, S("GET /\rH"), -R_BARE_CR, NULL, "cr in the target"},
	{Q, S("GET / \r\n"), -R_BAD_REQUEST_LINE, NULL, "no version"},
	{Q, S("GET /  "), -R_BAD_REQUEST_LINE, NULL, "two spaces behind"},
	{Q, S("GET / \n"), -R_BARE_LF, NULL, "lf for a version"},
	{Q, S("GET / HTTP/1.1\n"), -R_BARE_LF, NULL, "lf ends the line"},
	{Q, S("GET / HTTP/1.1\rH"), -R_BARE_CR, NULL, "cr ends the line"},
	{Q, S("GET / HTTP/1.1\r\r"), -R_BARE_CR, NULL, "cr cr lf"},
	{Q, S("GET / HTTP/1.1 "), -R_BAD_REQUEST_LINE, NULL, "space behind"},
	{Q, S("GET / HTTP/1.1\t"), -R_BAD_REQUEST_LINE, NULL, "tab behind"},
	{Q, S("GET / HTTP/1.1\0"), -R_BAD_REQUEST_LINE, NULL, "nul behind"},
	{Q, S("GET / HTTP/1.10"), -R_BAD_REQUEST_LINE, NULL, "1.10"},
	{Q, S("GET / HTTP/1.1."), -R_BAD_REQUEST_LINE, NULL, "1.1.1"},
	{Q, S("GET / HTTP/11"), -R_BAD_REQUEST_LINE, NULL, "11"},
	{Q, S("GET / HTTP/1,"), -R_BAD_REQUEST_LINE, NULL, "1,1"},
	{Q, S("GET / HTTP/."), -R_BAD_REQUEST_LINE, NULL, ".1"},
	{Q, S("GET / HTTP/01"), -R_BAD_REQUEST_LINE, NULL, "01.1"},
	{Q, S("GET / HTTP/1.x"), -R_BAD_REQUEST_LINE, NULL, "1.x"},
	{Q, S("GET / HTTP/x"), -R_BAD_REQUEST_LINE, NULL, "x.1"},
	{Q, S("GET / HTTP/-"), -R_BAD_REQUEST_LINE, NULL, "-1.1"},
	{Q, S("GET / HTTP/1.\xb9"), -R_BAD_REQUEST_LINE, NULL, "odd digit"},
	{Q, S("GET / HTTP/\n"), -R_BARE_LF, NULL, "lf in the version"},
	{Q, S("GET / HTTP/1\n"), -R_BARE_LF, NULL, "lf behind the major"},
	{Q, S("GET / HTTP/1\r\n"), -R_BAD_REQUEST_LINE, NULL, "no minor"},
	{Q, S("GET / HTTP/2\r\n"), -R_BAD_REQUEST_LINE, NULL, "2 alone"},
	{Q, S("GET / HTTP/1.\r\n"), -R_BAD_REQUEST_LINE, NULL, "1. alone"},
	{Q, S("GET / HTTP\r\n"), -R_BAD_REQUEST_LINE, NULL, "HTTP alone"},
	{Q, S("GET / h"), -R_BAD_REQUEST_LINE, NULL, "lower case http"},
	{Q, S("GET / Ht"), -R_BAD_REQUEST_LINE, NULL, "mixed case http"},
	{Q, S("GET / HTTPS"), -R_BAD_REQUEST_LINE, NULL, "https"},
	{Q, S("GET / HTTP "), -R_BAD_REQUEST_LINE, NULL, "space in it"},
	{Q, S("GET / HTTP/ "), -R_BAD_REQUEST_LINE, NULL, "space in it too"},
	{Q, S("GET / X"), -R_BAD_REQUEST_LINE, NULL, "another word"},
	{Q, S("GET / HTTP/2.0\r\n"), -R_BAD_VERSION, NULL, "2.0"},
	{Q, S("GET / HTTP/3.0\r\n"), -R_BAD_VERSION, NULL, "3.0"},
	{Q, S("GET / HTTP/0.9\r\n"), -R_BAD_VERSION, NULL, "0.9"},
	{Q, S("GET / HTTP/0.1\r\n"), -R_BAD_VERSION, NULL, "0.1"},
	{Q, S("GET / HTTP/9.9\r\n"), -R_BAD_VERSION, NULL, "9.9"},
	{Q, S("GET / HTTP/2.1\rX"), -R_BARE_CR, NULL, "cr behind 2.1"},
	{Q, S("GET / HTTP/2.1x"), -R_BAD_REQUEST_LINE, NULL, "2.1x"},
	{Q, S("PRI * "), -R_BAD_TARGET, NULL, "http/2 preface"},
	{Q, S("GET / HTTP/1.2\r\n" HA E), 0, "/ a 1.1 keep none", "1.2"},
	{Q, S("GET / HTTP/1.9\r\n" HA E), 0, "/ a 1.1 keep none", "1.9"},
	{Q, S("GET / HTTP/1.9\r\n" E), -R_BAD_HOST, NULL, "1.9, no host"},
	{Q, S(G0 E), 0, "/  1.0 close none", "1.0"},
};

#define T(target, gives, why) \
	{Q, S("GET " target " HTTP/1.1\r\n" HA E), 0, gives, why}
#define BAD(target, why) \
	{Q, S("GET " target), -R_BAD_TARGET, NULL, why}

static const struct row targets[] = {
	T("/", "/ a 1.1 keep none", "slash"),
	T("/a/b?c", "/a/b?c a 1.1 keep none", "path and query"),
	T("/?", "/? a 1.1 keep none", "empty query"),
	T("/a?b?c?", "/a?b?c? a 1.1 keep none", "several marks"),
	T("//x", "//x a 1.1 keep none", "two slashes"),
	T("/?u=http://u@h:1/../x", "/?u=http://u@h:1/../x a 1.1 keep none",
	 "url and dots in a query"),
	T("/!$&'()*+,;=:@-_~", NULL, "odd but legal"),
	T("/\"<>\\^`{|}[]", NULL, "illegal but sent by browsers"),
	T("/\x80\xff", NULL, "high bytes"),
	T("/%", NULL, "lone percent"),
	T("/%zz", NULL, "malformed escape"),
	T("/%2", NULL, "cut escape"),
	T("/%00%0d%0a%23", NULL, "escaped controls"),
	T("/.a", NULL, "leading dot"),
	T("/a.", NULL, "trailing dot"),
	T("/a./b", NULL, "dot behind a name"),
	T("/..a", NULL, "two leading dots"),
	T("/a../b", NULL, "two dots behind a name"),
	T("/...", NULL, "three dots"),
	T("/.../b", NULL, "three dots and more"),
	T("/.%2e.", NULL, "three dots, one escaped"),
	T("/.%2f", NULL, "dot and escaped slash"),
	T("/%2f", NULL, "escaped slash"),
	T("/%2", NULL, "half of a dot"),
	T("/a?/../b", NULL, "dots in a query"),
	T("/.well-known/x", NULL, "well-known"),
	BAD("/. ", "dot"),
	BAD("/./ ", "dot and slash"),
	BAD("/.. ", "two dots"),
	BAD("/../ ", "two dots and slash"),
	BAD("/a/.. ", "two dots behind a name"),
	BAD("/a/../b ", "two dots within"),
	BAD("/a/./b ", "dot within"),
	BAD("/a/. ", "dot at the end"),
	BAD("/..?x ", "two dots before a query"),
	BAD("/.?x ", "dot before a query"),
	BAD("//.. ", "two dots behind two slashes"),
	BAD("/%2e ", "escaped dot"),
	BAD("/%2E ", "escaped dot, upper case"),
	BAD("/%2e%2e ", "two escaped dots"),
	BAD("/%2E%2e/x ", "two escaped dots within"),
	BAD("/.%2e ", "dot and escaped dot"),
	BAD("/%2e. ", "escaped dot and dot"),
	BAD("/a/%2e%2E/b ", "escaped dots within"),
	BAD("/a/b/c/d/.. ", "dots far in"),
	BAD("http://a/.. ", "dots in absolute form"),
	BAD("/#", "fragment"),
	BAD("#", "fragment alone"),
	BAD("/a?b#", "fragment behind a query"),
	BAD("/a\0", "nul"),
	BAD("/\x01", "control"),
	BAD("/\x1f", "last control"),
	BAD("/\x7f", "del"),
	BAD("/abc\x0b", "vertical tab"),
	BAD("foo ", "no slash"),
	BAD("?x ", "query alone"),
	BAD("* ", "asterisk with get"),
	BAD("*a ", "asterisk and more"),
	BAD("a:443 ", "authority with get"),
	BAD("\\ ", "backslash"),
	BAD("\x80 ", "high byte alone"),
	T("http://b/x?y", "/x?y b 1.1 keep none", "absolute form"),
	T("HTTP://b/", "/ b 1.1 keep none", "upper case scheme"),
	T("https://b:81/", "/ b:81 1.1 keep none", "https"),
	T("ws://b/c", "/c b 1.1 keep none", "ws"),
	T("Wss://b/c", "/c b 1.1 keep none", "wss"),
	T("http://b", "/ b 1.1 keep none", "absolute, no path"),
	T("http://b?x", "/?x b 1.1 keep none", "absolute, query alone"),
	T("http://b?/..", "/?/.. b 1.1 keep none", "slash in that query"),
	T("http://[::1]:8/a", "/a [::1]:8 1.1 keep none", "absolute, ipv6"),
	T("http://b//", "// b 1.1 keep none", "absolute, two slashes"),
	BAD("http:// ", "absolute, nothing"),
	BAD("http:///x ", "absolute, no authority"),
	BAD("http://?x ", "absolute, query for a host"),
	BAD("http://:80/ ", "absolute, port alone"),
	BAD("http://b:/ ", "absolute, empty port"),
	BAD("http://b:x/ ", "absolute, bad port"),
	BAD("http://b:65536/ ", "absolute, large port"),
	BAD("http://u@b/ ", "absolute, user"),
	BAD("http://u:p@b/ ", "absolute, user and password"),
	BAD("http://@b/ ", "absolute, empty user"),
	BAD("http://b\\c/ ", "absolute, backslash"),
	BAD("http://b\"/ ", "absolute, quote"),
	BAD("http://\xc3\xa4/ ", "absolute, high bytes"),
	BAD("http://[::1/ ", "absolute, open bracket"),
	BAD("http://[::1]x/ ", "absolute, junk behind a bracket"),
	BAD("http://" Z250 "aaaaaa/ ", "absolute, 256 bytes of host"),
	T("http://" Z250 "aaaaa/", NULL, "absolute, 255 bytes of host"),
	BAD("http:/b/ ", "one slash"),
	BAD("http:b ", "no slash behind the scheme"),
	BAD("http ", "scheme alone"),
	BAD("httpx://b/ ", "another scheme"),
	BAD("ftp://b/ ", "ftp"),
	BAD("://b/ ", "no scheme"),
	{Q, S("OPTIONS * HTTP/1.1\r\n" HA E), 0, "* a 1.1 keep none",
	 "asterisk"},
	{Q, S("OPTIONS ** "), -R_BAD_TARGET, NULL, "two asterisks"},
	{Q, S("OPTIONS *?a "), -R_BAD_TARGET, NULL, "asterisk and query"},
	{Q, S("OPTIONS a:1 "), -R_BAD_TARGET, NULL, "authority, options"},
	{Q, S("OPTIONS http://b HTTP/1.1\r\n" HA E), 0, "* b 1.1 keep none",
	 "options, absolute form without a path"},
	{Q, S("OPTIONS http://b:81 HTTP/1.0\r\n" E), 0,
	 "* b:81 1.0 close none", "options, absolute form in http/1.0"},
	{Q, S("OPTIONS http://b/ HTTP/1.1\r\n" HA E), 0, "/ b 1.1 keep none",
	 "options, absolute form with a slash"},
	{Q, S("OPTIONS http://b?x HTTP/1.1\r\n" HA E), 0,
	 "/?x b 1.1 keep none", "options, absolute form with a query"},
	{Q, S("OPTIONS http://b? HTTP/1.1\r\n" HA E), 0,
	 "/? b 1.1 keep none", "options, absolute form, empty query"},
	{Q, S("PUT http://b HTTP/1.1\r\n" HA E), 0, "/ b 1.1 keep none",
	 "put, absolute form without a path"},
	{Q, S("HEAD * "), -R_BAD_TARGET, NULL, "asterisk with head"},
	{Q, S("CONNECT b:443 HTTP/1.1\r\n" HA E), 0, " b:443 1.1 keep none",
	 "connect"},
	{Q, S("CONNECT [::1]:1 HTTP/1.1\r\n" HA E), 0,
	 " [::1]:1 1.1 keep none", "connect, ipv6"},
	{Q, S("CONNECT b "), -R_BAD_TARGET, NULL, "connect, no port"},
	{Q, S("CONNECT b: "), -R_BAD_TARGET, NULL, "connect, empty port"},
	{Q, S("CONNECT / "), -R_BAD_TARGET, NULL, "connect, path"},
	{Q, S("CONNECT * "), -R_BAD_TARGET, NULL, "connect, asterisk"},
	{Q, S("CONNECT http://b:1/ "), -R_BAD_TARGET, NULL, "connect, url"},
	{Q, S("CONNECT b:1/ "), -R_BAD_TARGET, NULL, "connect, slash"},
	{Q, S("CONNECT u@b:1 "), -R_BAD_TARGET, NULL, "connect, user"},
	{Q, S("TRACE / HTTP/1.1\r\n" HA E), 0, NULL, "trace"},
};

#define F(line, why) {Q, S(G HA line E E), 0, "/ a 1.1 keep none", why}
#define NAME(bytes, why) {Q, S(G HA bytes), -R_BAD_FIELD_NAME, NULL, why}
#define VALUE(bytes, why) {Q, S(G HA "A:" bytes), -R_BAD_FIELD, NULL, why}

static const struct row lines_of_fields[] = {
	{Q, S(G HA "A:b" E E), 0, "~Host=a A=b", "no blank"},
	{Q, S(G HA "A: b" E E), 0, "~Host=a A=b", "one blank"},
	{Q, S(G HA "A: \t b\t \t" E E), 0, "~Host=a A=b", "blanks around"},
	{Q, S(G HA "A: b \t c " E E), 0, "~Host=a A=b \t c", "blanks within"},
	{Q, S(G HA "A:" E E), 0, "~Host=a A=", "empty value"},
	{Q, S(G HA "A: \t " E E), 0, "~Host=a A=", "value of blanks"},
	{Q, S(G HA "A::b:c" E E), 0, "~Host=a A=:b:c", "colons"},
	{Q, S(G HA "A: b" E "a: c" E E), 0, "~Host=a A=b a=c", "repeated"},
	{Q, S(G HA "A: \x80\xff" E E), 0, "~Host=a A=\x80\xff", "high bytes"},
	{Q, S(G HA "A: 12345\t78901234\t6" E E), 0,
	 "~Host=a A=12345\t78901234\t6", "tabs across eight bytes"},
	{Q, S(G HA "A: ~}|{`_^]\\[@?>=<;:/.-,+*)('&%$#\"! " E E), 0, NULL,
	 "all marks in a value"},
	F("!#$%&'*+-.^_`|~09azAZ: b", "every tchar in a name"),
	F("A: " Z250 Z250 Z250 Z250 Z250 Z250, "long value"),
	F(Z250 Z250 ": b", "long name"),
	F("Transfer_Encoding: chunked", "underscore"),
	F("Content-Length-X: 5", "longer than a known name"),
	NAME(":", "no name"),
	NAME("A ", "space before the colon"),
	NAME("A\t", "tab before the colon"),
	NAME("Host ", "space behind Host"),
	NAME("Content-Length ", "space behind Content-Length"),
	NAME("Transfer-Encoding\0", "nul behind Transfer-Encoding"),
	NAME("Transfer-Encoding\x0b", "vt behind Transfer-Encoding"),
	NAME("A(", "parenthesis"), NAME("A)", "other parenthesis"),
	NAME("A,", "comma"), NAME("A/", "slash"), NAME("A;", "semicolon"),
	NAME("A<", "less"), NAME("A=", "equals"), NAME("A>", "more"),
	NAME("A?", "question mark"), NAME("A@", "at"), NAME("A[", "bracket"),
	NAME("A\\", "backslash"), NAME("A]", "other bracket"),
	NAME("A{", "brace"), NAME("A}", "other brace"),
	NAME("\"", "quote"), NAME("A\0", "nul in a name"),
	NAME("A\x01", "control"), NAME("A\x7f", "del"),
	NAME("A\x80", "high byte"), NAME("\xff", "last byte"),
	NAME("\0", "nul for a name"), NAME("\x0b", "vt for a name"),
	{Q, S(G HA "A" E), -R_BAD_FIELD, NULL, "no colon"},
	{Q, S(G HA "Content-Length" E), -R_BAD_FIELD, NULL, "known, no colon"},
	VALUE("\0", "nul for a value"), VALUE(" b\0", "nul in a value"),
	VALUE(" \x01", "soh"), VALUE(" 1234567\x08", "backspace"),
	VALUE(" b\x0b", "vertical tab"), VALUE(" \x0c", "form feed"),
	VALUE(" 12345678901\x1b", "escape"), VALUE(" b\x1f", "last control"),
	VALUE(" \x7f", "del"), VALUE(" 1234567\x7f", "del in the eighth byte"),
	VALUE(" 12345678\x7f", "del in the ninth byte"),
	VALUE(" \x80\x80\x80\x80\x80\x80\x80\x7f", "del behind high bytes"),
	VALUE(" \xff\xff\xff\xff\xff\x1f", "control behind high bytes"),
	{Q, S(G "Host: a\0"), -R_BAD_FIELD, NULL, "nul in host"},
	{Q, S(P HA TE "chunked\0"), -R_BAD_FIELD, NULL, "nul in a coding"},
	{Q, S(P HA TE "\x0b"), -R_BAD_FIELD, NULL, "vt before a coding"},
	{Q, S(P HA CL "1\0"), -R_BAD_FIELD, NULL, "nul in a length"},
	{Q, S(G "Host: a\n"), -R_BARE_LF, NULL, "lf ends a field"},
	{Q, S(G HA "A: b\n"), -R_BARE_LF, NULL, "lf ends a later field"},
	{Q, S(G HA "A:\n"), -R_BARE_LF, NULL, "lf for a value"},
	{Q, S(G HA "A\n"), -R_BARE_LF, NULL, "lf in a name"},
	{Q, S(G HA "\n"), -R_BARE_LF, NULL, "lf ends the head"},
	{Q, S(G "\n"), -R_BARE_LF, NULL, "lf ends an empty head"},
	{Q, S(G HA "A: b\rc"), -R_BARE_CR, NULL, "cr in a value"},
	{Q, S(G HA "A: b\r\r"), -R_BARE_CR, NULL, "cr behind a value"},
	{Q, S(G HA "A:\rb"), -R_BARE_CR, NULL, "cr before a value"},
	{Q, S(G HA "A:\r:"), -R_BARE_CR, NULL, "cr before a colon"},
	{Q, S(G HA "A\rB"), -R_BARE_CR, NULL, "cr in a name"},
	{Q, S(G HA "\r\r"), -R_BARE_CR, NULL, "cr cr for the end"},
	{Q, S(G HA "\rX"), -R_BARE_CR, NULL, "cr for the end"},
	{Q, S(G HA "A: b" E " "), -R_OBS_FOLD, NULL, "fold"},
	{Q, S(G HA "A: b" E "\t"), -R_OBS_FOLD, NULL, "fold with tab"},
	{Q, S(G HA "A:" E " "), -R_OBS_FOLD, NULL, "fold of nothing"},
	{Q, S(G "Host:" E " "), -R_OBS_FOLD, NULL, "fold of host"},
	{Q, S(P HA TE E " "), -R_OBS_FOLD, NULL, "fold of a coding"},
	{Q, S(G " "), -R_OBS_FOLD, NULL, "space before the first field"},
	{Q, S(G "\t"), -R_OBS_FOLD, NULL, "tab before the first field"},
};

#define HOST(value, why) \
	{Q, S(G "Host: " value E E), 0, "/ " value " 1.1 keep none", why}
#define NOHOST(value, why) \
	{Q, S(G "Host: " value E), -R_BAD_HOST, NULL, why}

static const struct row hosts[] = {
	HOST("a", "name"), HOST("a:80", "port"), HOST("a:0", "port 0"),
	HOST("a:65535", "last port"), HOST("a:00080", "five digits"),
	HOST("127.0.0.1:1", "ipv4"), HOST("[::1]", "ipv6"),
	HOST("[2001:db8::1]:8080", "ipv6 and port"),
	HOST("[::ffff:1.2.3.4]", "ipv6 with ipv4"),
	HOST("[1:2:3:4:5:6:7:8]", "full ipv6"),
	HOST("[FFFF:ffff:FFFF:ffff:FFFF:ffff:255.255.255.255]", "longest ipv6"),
	HOST("a_b", "underscore"), HOST("example.com.", "dot behind"),
	HOST("xn--4ca.example", "idna"),
	HOST("a-b~c!d$e&f(g)h*i+j;k=l", "marks"),
	HOST(Z250 "aaaaa", "255 bytes"),
	HOST(Z250 "aaaaa:65535", "255 bytes and port"),
	{Q, S(G "Host:" E E), 0, "/  1.1 keep none", "empty"},
	{Q, S(G "Host: \t" E E), 0, "/  1.1 keep none", "blanks"},
	{Q, S(G "Host:a" E E), 0, "/ a 1.1 keep none", "no blank"},
	{Q, S(G "hOsT: \ta\t" E E), 0, "/ a 1.1 keep none", "odd case"},
	{Q, S(G "A: b" E HA E), 0, "/ a 1.1 keep none", "last"},
	{Q, S(G0 HA E), 0, "/ a 1.0 close none", "http/1.0"},
	{Q, S("GET http://b/ HTTP/1.1\r\nHost:" E E), 0, "/ b 1.1 keep none",
	 "absolute form and an empty one"},
	{Q, S("GET http://b/ HTTP/1.0\r\n" E), 0, "/ b 1.0 close none",
	 "absolute form in http/1.0"},
	{Q, S("GET http://b/ HTTP/1.0\r\n" HA E), 0, "/ b 1.0 close none",
	 "absolute form in http/1.0 and host"},
	NOHOST("u@a", "user"), NOHOST("u:p@a", "user and password"),
	NOHOST("@a", "empty user"), NOHOST("a@", "at behind"),
	NOHOST("a/", "slash"), NOHOST("/", "slash alone"),
	NOHOST("http://a", "url"), NOHOST("a b", "space"),
	NOHOST("a\tb", "tab"), NOHOST("\"a\"", "quotes"),
	NOHOST("'a'", "single quotes"), NOHOST("a,b", "comma"),
	NOHOST("a, a", "list"), NOHOST("a:", "empty port"),
	NOHOST("a:x", "port that is none"), NOHOST("a:65536", "large port"),
	NOHOST("a:99999", "larger port"), NOHOST("a:000080", "six digits"),
	NOHOST("a:80:80", "two ports"), NOHOST("a:-1", "signed port"),
	NOHOST("a:+1", "plus"), NOHOST("a: 80", "space before the port"),
	NOHOST("a :80", "space before the colon"),
	NOHOST("a:8 0", "space in the port"), NOHOST("a:0x5", "hex port"),
	NOHOST("a:80/", "slash behind the port"),
	NOHOST("a:80@b", "user and port"), NOHOST(":80", "port alone"),
	NOHOST(":", "colon alone"), NOHOST("[::1", "open bracket"),
	NOHOST("::1", "no brackets"), NOHOST("::1]", "no opening bracket"),
	NOHOST("[::1]x", "junk behind"), NOHOST("[::1]:x", "ipv6, bad port"),
	NOHOST("[::1]:", "ipv6, empty port"),
	NOHOST("[]", "empty brackets"), NOHOST("[", "bracket alone"),
	NOHOST("[zz]", "not hexadecimal"), NOHOST("[::1]]", "two brackets"),
	NOHOST("[[::1]]", "brackets twice"), NOHOST("[1]", "too few groups"),
	NOHOST("[1:2:3:4:5:6:7]", "seven groups"),
	NOHOST("[1:2:3:4:5:6:7:8:9]", "nine groups"),
	NOHOST("[1::2::3]", "two gaps"), NOHOST("[12345::]", "five digits"),
	NOHOST("[::1%25eth0]", "zone"), NOHOST("[::1%eth0]", "bare zone"),
	NOHOST("[v1.a]", "future"), NOHOST("[127.0.0.1]", "ipv4 in brackets"),
	NOHOST("[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]", "long"),
	NOHOST("[::1]@a", "ipv6 for a user"), NOHOST("a[::1]", "bracket later"),
	NOHOST("a?x", "query"), NOHOST("a#x", "fragment"),
	NOHOST("a\\x", "backslash"), NOHOST("<a>", "angles"),
	NOHOST("a|b", "bar"), NOHOST("a^b", "caret"), NOHOST("a`b", "grave"),
	NOHOST("{a}", "braces"), NOHOST("a\x80", "high byte"),
	NOHOST("a%", "lone percent"), NOHOST("a%2", "cut escape"),
	NOHOST("a%zz", "bad escape"), NOHOST("a%61", "escaped letter"),
	NOHOST("a%40b", "escaped at"), NOHOST("%", "percent alone"),
	NOHOST("[0000:0000:0000:0000:0000:0000:255.255.255.2550]", "46 bytes"),
	NOHOST(Z250 "aaaaaa", "256 bytes"),
	NOHOST(Z250 "aaaaaa:1", "256 bytes and port"),
	{Q, S(G E), -R_BAD_HOST, NULL, "none"},
	{Q, S(G "A: b" E E), -R_BAD_HOST, NULL, "none but others"},
	{Q, S(G HA "Host: b" E), -R_BAD_HOST, NULL, "two"},
	{Q, S(G HA HA), -R_BAD_HOST, NULL, "the same twice"},
	{Q, S(G HA "A: b" E "hOST: a" E), -R_BAD_HOST, NULL, "two apart"},
	{Q, S(G "Host:" E HA), -R_BAD_HOST, NULL, "an empty one and another"},
	{Q, S(G HA "Host:" E), -R_BAD_HOST, NULL, "one and an empty one"},
	{Q, S(G0 HA HA), -R_BAD_HOST, NULL, "two in http/1.0"},
	{Q, S(G0 "Host: u@a" E), -R_BAD_HOST, NULL, "bad in http/1.0"},
	{Q, S("GET http://b/ HTTP/1.1\r\n" E), -R_BAD_HOST, NULL,
	 "none, absolute form"},
	{Q, S("GET http://b/ HTTP/1.1\r\n" HA HA), -R_BAD_HOST, NULL,
	 "two, absolute form"},
	{Q, S("GET http://b/ HTTP/1.1\r\nHost: u@b" E), -R_BAD_HOST, NULL,
	 "bad, absolute form"},
	{Q, S("CONNECT b:1 HTTP/1.1\r\n" E), -R_BAD_HOST, NULL,
	 "none, connect"},
};

#define LENGTH(value, number, why) \
	{Q, S(P HA "Content-Length:" value E E), 0, \
	 "/ a 1.1 keep length " number, why}
#define NOLENGTH(value, why) \
	{Q, S(P HA "Content-Length:" value E E), -R_BAD_LENGTH, NULL, why}
#define NOCODING(value, why) \
	{Q, S(P HA "Transfer-Encoding:" value E E), -R_BAD_CODING, NULL, why}
#define BOTH(fields, why) \
	{Q, S(P HA fields E), -R_LENGTH_AND_CODING, NULL, why}

static const struct row framings[] = {
	LENGTH(" 1", "1", "one"), LENGTH("1", "1", "no blank"),
	LENGTH(" \t1 \t", "1", "blanks"), LENGTH(" 0001", "1", "zeros"),
	LENGTH(" 9223372036854775807", "9223372036854775807", "63 bits"),
	LENGTH(" 0000000000000000001", "1", "19 digits"),
	{Q, S(P HA CL "0" E E), 0, "/ a 1.1 keep none 0", "length 0"},
	{Q, S(P HA CL "000" E E), 0, "/ a 1.1 keep none 0", "length 000"},
	{Q, S(G HA CL "7" E E), 0, "/ a 1.1 keep length 7", "with get"},
	{Q, S(P0 CL "7" E E), 0, "/  1.0 close length 7", "in http/1.0"},
	{Q, S(P HA E), 0, "/ a 1.1 keep none", "none"},
	NOLENGTH("", "empty"), NOLENGTH(" ", "blank"), NOLENGTH(" +1", "plus"),
	NOLENGTH(" -1", "minus"), NOLENGTH(" -0", "minus zero"),
	NOLENGTH(" 1 1", "space within"), NOLENGTH(" 1\t1", "tab within"),
	NOLENGTH(" 0x1", "hex"), NOLENGTH(" 1x", "junk behind"),
	NOLENGTH(" x1", "junk before"), NOLENGTH(" 1,1", "list"),
	NOLENGTH(" 5, 5", "list of the same"), NOLENGTH(" 1,", "comma"),
	NOLENGTH(" ,1", "comma before"), NOLENGTH(" 1;1", "semicolon"),
	NOLENGTH(" 1.0", "decimal"), NOLENGTH(" 1e0", "exponent"),
	NOLENGTH(" 1_0", "underscore"), NOLENGTH(" \"1\"", "quoted"),
	NOLENGTH(" a", "letter"), NOLENGTH(" \xb2", "superscript"),
	NOLENGTH(" 1:", "colon, behind nine"), NOLENGTH(" 1/", "before zero"),
	NOLENGTH(" 9223372036854775808", "2^63"),
	NOLENGTH(" 9999999999999999999", "largest of 19 digits"),
	NOLENGTH(" 00000000000000000001", "20 digits"),
	NOLENGTH(" 18446744073709551615", "2^64-1"),
	NOLENGTH(" 18446744073709551617", "2^64+1"),
	NOLENGTH(" 340282366920938463463374607431768211457", "2^128+1"),
	NOLENGTH(" 1\r\nContent-Length: 1", "the same twice"),
	NOLENGTH(" 1\r\nContent-Length: 2", "two"),
	NOLENGTH(" 1\r\nA: b\r\ncontent-length: 1", "two apart"),
	NOLENGTH("\r\nContent-Length: 1", "empty and another"),
	NOLENGTH(" 1\r\nContent-Length:", "one and an empty"),
	{Q, S(G HA CL "x" E E), -R_BAD_LENGTH, NULL, "with get"},
	{Q, S(P0 CL "1" E CL "1" E E), -R_BAD_LENGTH, NULL,
	 "twice in http/1.0"},
	{Q, S(P HA TE "chunked" E E), 0, "/ a 1.1 keep chunked", "chunked"},
	{Q, S(P HA TE "\tcHuNkEd " E E), 0, "/ a 1.1 keep chunked", "case"},
	{Q, S(G HA TE "chunked" E E), 0, "/ a 1.1 keep chunked",
	 "chunked get"},
	NOCODING("", "empty"), NOCODING(" ", "blank"),
	NOCODING(" gzip", "gzip"),
	NOCODING(" gzip, chunked", "gzip, chunked"),
	NOCODING(" chunked, gzip", "chunked, gzip"),
	NOCODING(" chunked, chunked", "chunked, chunked"),
	NOCODING(" chunked,", "comma behind"), NOCODING(" ,chunked", "before"),
	NOCODING(" identity", "identity"), NOCODING(" xchunked", "x before"),
	NOCODING(" chunkedx", "x behind"), NOCODING(" chunke", "cut"),
	NOCODING(" chunked;q=1", "parameter"),
	NOCODING(" \"chunked\"", "quotes"),
	NOCODING(" chun ked", "space within"), NOCODING(" chunked x", "two"),
	NOCODING(" chunked\xa0", "high byte"), NOCODING(" chunkeD\x80", "high"),
	NOCODING(" chunkeE", "last letter"), NOCODING(" #hunked", "folded"),
	NOCODING(" chunked\r\nTransfer-Encoding: chunked", "two lines"),
	NOCODING(" chunked\r\nTransfer-Encoding: identity", "and identity"),
	NOCODING(" gzip\r\nTransfer-Encoding: chunked", "behind gzip"),
	NOCODING("\r\nTransfer-Encoding: chunked", "behind an empty one"),
	NOCODING(" chunked\r\ntransfer-encoding:", "before an empty one"),
	{Q, S(P0 TE "chunked" E E), -R_BAD_CODING, NULL, "in http/1.0"},
	{Q, S(P TE "gzip" E E), -R_BAD_CODING, NULL, "before a missing host"},
	BOTH(CL "1" E TE "chunked" E, "length and coding"),
	BOTH(TE "chunked" E CL "1" E, "coding and length"),
	BOTH(CL "0" E TE "chunked" E, "length 0 and coding"),
	BOTH(CL "x" E TE "chunked" E, "bad length and coding"),
	BOTH(CL E TE "chunked" E, "empty length and coding"),
	BOTH(CL "1" E CL "1" E TE "chunked" E, "two lengths and coding"),
	BOTH(CL "1" E TE "gzip" E, "length and bad coding"),
	BOTH(TE "x" E "A: b" E CL "1" E, "bad coding and length"),
	BOTH(TE E CL "1" E, "empty coding and length"),
	{Q, S(P0 CL "1" E TE "chunked" E E), -R_LENGTH_AND_CODING, NULL,
	 "both in http/1.0"},
	{Q, S(P0 TE "chunked" E CL "1" E E), -R_LENGTH_AND_CODING, NULL,
	 "both in http/1.0, other order"},
	{Q, S(P HA "Expect: x" E CL "1" E TE "chunked" E E),
	 -R_LENGTH_AND_CODING, NULL, "framing before expect"},
	{Q, S(P "Expect: x" E E), -R_BAD_HOST, NULL, "host before expect"},
};

#define EXPECT(value, why) \
	{Q, S(P HA "Expect:" value E E), -R_BAD_EXPECT, NULL, why}
#define KEEP(version, value, gives, why) \
	{Q, S("GET / HTTP/" version E HA "Connection:" value E E), 0, \
	 "/ a " version gives " none", why}

static const struct row others[] = {
	{Q, S(P HA "Expect: 100-continue" E CL "1" E E), 0,
	 "/ a 1.1 keep length 1 expect", "100-continue"},
	{Q, S(P HA "eXpect:100-Continue" E E), 0, "/ a 1.1 keep none expect",
	 "100-Continue"},
	{Q, S(P HA "Expect: 100-continue" E "Expect: 100-continue" E E), 0,
	 "/ a 1.1 keep none expect", "100-continue twice"},
	{Q, S(P0 "Expect: 100-continue" E E), 0, "/  1.0 close none",
	 "100-continue in http/1.0"},
	EXPECT("", "empty"), EXPECT(" 200-ok", "200-ok"), EXPECT(" 100", "100"),
	EXPECT(" continue", "continue"), EXPECT(" 100-continued", "longer"),
	EXPECT(" 100-continu", "shorter"), EXPECT(" 100 continue", "space"),
	EXPECT(" 100-continue, x", "list"), EXPECT(" 100-continue;a=b", "more"),
	EXPECT(" 100-continue\r\nExpect: x", "twice, one unknown"),
	EXPECT(" 100-bontinue", "another letter"),
	{Q, S(P0 "Expect: x" E E), -R_BAD_EXPECT, NULL, "in http/1.0"},
	KEEP("1.1", " close", " close", "close"),
	KEEP("1.1", " CLOSE", " close", "upper case"),
	KEEP("1.1", " keep-alive", " keep", "keep-alive"),
	KEEP("1.1", "", " keep", "empty"),
	KEEP("1.1", " closed", " keep", "another word"),
	KEEP("1.1", " clos", " keep", "a shorter word"),
	KEEP("1.1", " close x", " keep", "two words"),
	KEEP("1.1", " close, keep-alive", " close", "close wins"),
	KEEP("1.1", " keep-alive, close", " close", "close wins, behind"),
	KEEP("1.1", " keep-alive\r\nConnection: close", " close", "two lines"),
	KEEP("1.1", " close\r\nConnection: keep-alive", " close", "the first"),
	KEEP("1.1", " x ,\t, close ,", " close", "odd list"),
	KEEP("1.0", " keep-alive", " keep", "1.0 keep-alive"),
	KEEP("1.0", " Keep-Alive", " keep", "1.0 Keep-Alive"),
	KEEP("1.0", " close", " close", "1.0 close"),
	KEEP("1.0", " x", " close", "1.0 another word"),
	KEEP("1.0", " keep-alive, close", " close", "1.0 both"),
	KEEP("1.1", " upgrade", " keep upgrade", "upgrade"),
	KEEP("1.1", " keep-alive, Upgrade", " keep upgrade", "in a list"),
	KEEP("1.1", " close\r\nConnection: uPgrade", " close upgrade",
	 "upgrade in another line"),
	KEEP("1.1", " upgraded", " keep", "upgraded"),
};

#define HOPS(fields, gives, why) {Q, S(G HA fields E), 0, "~Host=a " gives, why}

static const struct row hops[] = {
	HOPS("Connection: x" E "X: 1" E "Y: 2" E,
	 "(Connection=x) (X=1) Y=2", "named"),
	HOPS("X: 1" E "x: 2" E "Connection: y, X" E "XX: 3" E,
	 "(X=1) (x=2) (Connection=y, X) XX=3", "named behind, twice"),
	HOPS("Connection: a" E "Connection: b" E "A: 1" E "B: 2" E "C: 3" E,
	 "(Connection=a) (Connection=b) (A=1) (B=2) C=3", "two lines"),
	HOPS("Connection: close" E "Close: 1" E,
	 "(Connection=close) Close=1", "close is no field"),
	HOPS("Connection: ab, z, c^" E "ac: 1" E "Z: 2" E "c~: 3" E "AB: 4" E,
	 "(Connection=ab, z, c^) ac=1 (Z=2) c~=3 (AB=4)", "compared whole"),
	{Q, S(G "X: 1" E HA "Connection: x" E E), 0,
	 "~(X=1) Host=a (Connection=x)", "the first field"},
	HOPS("Proxy-: 1" E "X-Forwarded-: 2" E "Connection: x-forwarded-" E,
	 "(Proxy-=1) X-Forwarded-=2 (Connection=x-forwarded-)", "bare"),
	HOPS("Connection: cookie, authorization, forwarded" E "Cookie: 1" E
	 "Authorization: 2" E "Forwarded: 3" E,
	 "(Connection=cookie, authorization, forwarded) Cookie=1 "
	 "Authorization=2 Forwarded=3", "kept"),
	HOPS("Connection: host, set-cookie, x-request-id" E "Set-Cookie: 1" E
	 "X-Request-Id: 2" E, "(Connection=host, set-cookie, x-request-id) "
	 "Set-Cookie=1 X-Request-Id=2", "kept too"),
	HOPS("Connection: x-forwarded-for,x-forwarded-proto,x-forwarded-host,"
	 "x-forwarded-port" E "X-Forwarded-For: 1" E "X-Forwarded-Proto: 2" E
	 "X-Forwarded-Host: 3" E "X-Forwarded-Port: 4" E,
	 "(Connection=x-forwarded-for,x-forwarded-proto,x-forwarded-host,"
	 "x-forwarded-port) X-Forwarded-For=1 X-Forwarded-Proto=2 "
	 "X-Forwarded-Host=3 X-Forwarded-Port=4", "forwarded"),
	HOPS("Connection: sec-websocket-key,sec-websocket-version,"
	 "sec-websocket-accept" E "Sec-WebSocket-Key: 1" E
	 "Sec-WebSocket-Version: 2" E "Sec-WebSocket-Accept: 3" E,
	 "(Connection=sec-websocket-key,sec-websocket-version,"
	 "sec-websocket-accept) Sec-WebSocket-Key=1 Sec-WebSocket-Version=2 "
	 "Sec-WebSocket-Accept=3", "websocket"),
	HOPS("Connection: sec-websocket-protocol,sec-websocket-extensions,"
	 "sec-websocket-x" E "Sec-WebSocket-Protocol: 1" E
	 "Sec-WebSocket-Extensions: 2" E "Sec-WebSocket-X: 3" E,
	 "(Connection=sec-websocket-protocol,sec-websocket-extensions,"
	 "sec-websocket-x) Sec-WebSocket-Protocol=1 "
	 "Sec-WebSocket-Extensions=2 Sec-WebSocket-X=3", "websocket too"),
	HOPS("Connection: origin, date" E "Origin: 1" E "Date: 2" E
	 "Accept: 3" E, "(Connection=origin, date) (Origin=1) (Date=2) "
	 "Accept=3", "known but not kept"),
	HOPS("TE: 1" E "Trailer: 2" E "Upgrade: 3" E "Keep-Alive: 4" E,
	 "(TE=1) (Trailer=2) (Upgrade=3) (Keep-Alive=4)", "usual list"),
	HOPS("Proxy: 1" E "Proxy-Connection: 2" E "Proxy-Authenticate: 3" E
	 "Proxy-Authorization: 4" E "Proxy-Foo: 5" E "HTTP2-Settings: 6" E,
	 "(Proxy=1) (Proxy-Connection=2) (Proxy-Authenticate=3) "
	 "(Proxy-Authorization=4) (Proxy-Foo=5) (HTTP2-Settings=6)",
	 "proxy and settings"),
	HOPS("Prox: 1" E "Proxyx: 2" E "Upgraded: 3" E "TEX: 4" E,
	 "Prox=1 Proxyx=2 Upgraded=3 TEX=4", "nearly"),
	HOPS(CL "1" E, "(Content-Length=1)", "length"),
	HOPS(TE "chunked" E, "(Transfer-Encoding=chunked)", "coding"),
	{R, S(OK "Connection: a" E "A: 1" E "Set-Cookie: 2" E E), 0,
	 "~(Connection=a) (A=1) Set-Cookie=2", "in a response"},
};

static void
test_heads(void)
{
	static const struct table tables[] = {
		{lines, LEN(lines)}, {targets, LEN(targets)},
		{lines_of_fields, LEN(lines_of_fields)}, {hosts, LEN(hosts)},
		{framings, LEN(framings)}, {others, LEN(others)},
		{hops, LEN(hops)},
	};

	test_tables(tables, LEN(tables));
}

/* every byte alone in a target */
static void
test_bytes(void)
{
	char m[16];
	int c;

	for (c = 0; c < 256; c++) {
		snprintf(m, sizeof m, "GET /a%c /", 'b');
		m[6] = (char)c;
		if (c != ' ' && c != '\r')
			expect((parse(Q, guarded(m, 8, "", 0), 8, &limits)
			    == 0) == (c > ' ' && c != 0x7f && c != '#'),
			    "target", "each byte");
	}
}

static const struct {
	const char *name;
	enum http_method id;
	bool idempotent;
} methods[] = {
	{"GET", HTTP_M_GET, true}, {"HEAD", HTTP_M_HEAD, true},
	{"POST", HTTP_M_POST, false}, {"PUT", HTTP_M_PUT, true},
	{"DELETE", HTTP_M_DELETE, true}, {"OPTIONS", HTTP_M_OPTIONS, true},
	{"TRACE", HTTP_M_TRACE, true}, {"PATCH", HTTP_M_PATCH, false},
	{"get", HTTP_M_OTHER, false}, {"GETS", HTTP_M_OTHER, false},
	{"GE", HTTP_M_OTHER, false}, {"PURGE", HTTP_M_OTHER, false},
	{"HEAT", HTTP_M_OTHER, false}, {"DELETF", HTTP_M_OTHER, false},
	{"OPTIONT", HTTP_M_OTHER, false}, {"PROPFIND", HTTP_M_OTHER, false},
	{"PUS", HTTP_M_OTHER, false},
};

static void
test_methods(void)
{
	char m[64];
	size_t i;
	int n;

	for (i = 0; i < LEN(methods); i++) {
		rows++;
		n = snprintf(m, sizeof m, "%s / HTTP/1.1\r\n" HA E,
		    methods[i].name);
		expect(parse(Q, guarded(m, (size_t)n, "", 0), (size_t)n,
		    &limits) == n && got.q.method_id == methods[i].id &&
		    span_is_exact(got.q.method, methods[i].name), "method",
		    methods[i].name);
		expect(http_idempotent(methods[i].id) ==
		    methods[i].idempotent, "idempotent", methods[i].name);
	}
	n = snprintf(m, sizeof m, "CONNECT a:1 HTTP/1.1\r\n" HA E);
	parse(Q, guarded(m, (size_t)n, "", 0), (size_t)n, &limits);
	expect(got.q.method_id == HTTP_M_CONNECT, "method", "CONNECT");
	expect(!http_idempotent(HTTP_M_CONNECT), "idempotent", "CONNECT");
}

int
main(int argc, char **argv)
{
	(void)argv;
	begin_rows();
	test_heads();
	test_bytes();
	test_methods();
	return end_rows(argc);
}
