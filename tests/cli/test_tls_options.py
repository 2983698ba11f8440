"""The long options about TLS, each by what it does."""

from __future__ import annotations

import json
import re
import ssl
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.command import Completed, run_smtp
from tests.scripted import ModelServer, StartTLS, authority
from tests.scripted.certificates import der

if TYPE_CHECKING:
    from pathlib import Path

    import trustme

    from tests.scripted.fixtures import Start

MESSAGE = b"Subject: tls\n\nhello\n"


@pytest.fixture
def server(start: Start) -> ModelServer:
    return start(ModelServer(offers=("STARTTLS",)))


def submit(server: ModelServer, *options: str | Path, host: str = "localhost") -> Completed:
    address = f"{host}:{server.port}"
    return run_smtp(*options, address, "a@x.example", "b@y.example", stdin=MESSAGE)


def refusal(server: ModelServer, *options: str | Path) -> str:
    """The one line for options that cannot be used: nothing was connected."""
    done = submit(server, "-M", *options)
    assert done.code == 64
    assert server.connections == []
    (line,) = done.stderr.splitlines()
    return line


# -- names and pins --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["localhost", "LocalHost.", "127.0.0.1", "::1"])
def test_tls_name(server: ModelServer, ca_file: Path, name: str) -> None:
    assert submit(server, "-V", "--ca-file", ca_file, "--tls-name", name).code == 0
    named = not re.search(r"[:\d]", name)
    assert server.connections[0].sni == (name.removesuffix(".") if named else None)


def test_tls_name_takes_the_place_of_the_servers(server: ModelServer, ca_file: Path) -> None:
    done = submit(server, "-V", "--ca-file", ca_file, "--tls-name", "other.example")
    assert done.code == 77
    assert "it is not for other.example but for 'localhost'" in done.stderr


def pin_of(kind: str, directory: Path) -> str:
    """The pin of a server's key, made by the commands of the manual page."""
    certificate = directory / "cert.pem"
    certificate.write_text(ssl.DER_cert_to_PEM_cert(der(kind)))
    commands = (
        f"openssl x509 -in {certificate} -noout -pubkey |"
        " openssl pkey -pubin -outform DER | openssl dgst -sha256"
    )
    told = subprocess.run(["sh", "-c", commands], check=True, capture_output=True, text=True)
    return "sha256:" + told.stdout.split()[-1]


@pytest.mark.parametrize("kind", ["right", "self-signed", "expired"])
def test_tls_pin(start: Start, tmp_path: Path, kind: str) -> None:
    server = start(ModelServer(offers=("STARTTLS",), starttls=StartTLS(kind)))
    done = submit(
        server, "-v", "--tls-pin", "sha256:" + "0" * 64, "--tls-pin", pin_of(kind, tmp_path)
    )
    assert (done.code, done.stderr) == (0, "")
    assert " verified" in done.stdout
    assert server.messages[0].tls


@pytest.mark.parametrize("options", [(), ("-T",), ("-M",)])
def test_another_key_is_refused_with_its_pin(
    server: ModelServer, tmp_path: Path, options: tuple[str, ...]
) -> None:
    done = submit(server, *options, "--tls-pin", "sha256:" + "0" * 64)
    assert done.code == 77
    assert done.stderr.endswith(f"the pin of its key is {pin_of('right', tmp_path)}\n")
    assert server.messages == []


def test_a_pin_does_not_save_a_certificate_from_v(start: Start, tmp_path: Path) -> None:
    server = start(ModelServer(offers=("STARTTLS",), starttls=StartTLS("self-signed")))
    done = submit(server, "-V", "--tls-pin", pin_of("self-signed", tmp_path))
    assert done.code == 77
    assert "it is self-signed" in done.stderr


def test_a_pin_requires_tls(start: Start) -> None:
    server = start(ModelServer())
    assert submit(server, "--tls-pin", "sha256:" + "0" * 64).code == 69


# -- certificates of clients -----------------------------------------------------------------------


@pytest.fixture(scope="module")
def client() -> trustme.LeafCert:
    return authority().issue_cert("alice@example.test")


def asking(start: Start) -> ModelServer:
    return start(ModelServer(offers=("STARTTLS",), starttls=StartTLS(ask=True)))


def test_cert_and_key(start: Start, tmp_path: Path, client: trustme.LeafCert) -> None:
    server = asking(start)
    certificate, key, both = (tmp_path / name for name in ("cert.pem", "key.pem", "both.pem"))
    client.cert_chain_pems[0].write_to_path(str(certificate))
    client.private_key_pem.write_to_path(str(key))
    client.private_key_and_cert_chain_pem.write_to_path(str(both))
    assert submit(server, "-M", "--cert", certificate, "--key", key).code == 0
    assert submit(server, "-M", "--cert", both).code == 0
    shown = ssl.PEM_cert_to_DER_cert(client.cert_chain_pems[0].bytes().decode())
    assert [c.client_certificate for c in server.connections] == [shown, shown]


def test_a_server_that_wants_one_and_gets_none(start: Start) -> None:
    server = asking(start)
    done = submit(server, "-M")
    assert done.code == 75
    assert server.messages == []


def test_a_certificate_that_cannot_be_shown(
    server: ModelServer, tmp_path: Path, client: trustme.LeafCert
) -> None:
    certificate, key, other, encrypted, nothing = (
        tmp_path / name for name in ("cert.pem", "key.pem", "other.pem", "encrypted.pem", "nothing")
    )
    client.cert_chain_pems[0].write_to_path(str(certificate))
    client.private_key_pem.write_to_path(str(key))
    authority().issue_cert("x").private_key_pem.write_to_path(str(other))
    nothing.write_text("nothing\n")
    subprocess.run(
        ["openssl", "pkey", "-in", key, "-aes128", "-passout", "pass:x", "-out", encrypted],
        check=True,
        capture_output=True,
    )
    missing = tmp_path / "missing"
    for options, where, text in (
        (("--cert", missing), "--cert", "cannot be read: No such file or directory"),
        (("--cert", certificate, "--key", missing), "--key", "cannot be read: No such file"),
        (("--cert", nothing), "--cert", "holds no certificate in PEM form"),
        (("--cert", key), "--cert", "holds no certificate in PEM form"),
        (("--cert", certificate), "--cert", "holds no key in PEM form"),
        (("--cert", certificate, "--key", nothing), "--key", "holds no key in PEM form"),
        (("--cert", certificate, "--key", other), "--key", "is not that of the certificate"),
        (("--cert", certificate, "--key", encrypted), "--key", "is encrypted: decrypt it"),
        (("--key", key), "--key", "needs --cert FILE"),
    ):
        line = refusal(server, *options)
        assert line.startswith(f"smtp: {where}: ")
        assert text in line


def weak_certificate(directory: Path, bits: int) -> Path:
    """A certificate and its key, of RSA, in one file."""
    path = directory / f"{bits}.pem"
    certificate = directory / "certificate"
    files = ("-keyout", path, "-out", certificate)
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", f"rsa:{bits}", "-noenc", "-subj", "/CN=me", *files],
        check=True,
        capture_output=True,
    )
    path.write_bytes(path.read_bytes() + certificate.read_bytes())
    return path


def test_a_certificate_that_is_too_weak(server: ModelServer, tmp_path: Path) -> None:
    """OpenSSL's security level, which -C may say, is one of the certificate that is shown too."""
    small, usual = (weak_certificate(tmp_path, bits) for bits in (1024, 2048))
    strict = ("-C", "DEFAULT@SECLEVEL=3")
    for options, level in ((("--cert", small), 2), ((*strict, "--cert", usual), 3)):
        line = refusal(server, *options)
        assert line.startswith("smtp: --cert: the certificate in '")
        assert f" is too weak for OpenSSL's security level {level}, which" in line
        assert line.endswith(" (its key is too small)")
    assert submit(server, "-M", "-C", "DEFAULT@SECLEVEL=0", "--cert", small).code == 0
    assert submit(server, "-M", "--tls-min", "1.0", "--cert", small).code == 0
    assert submit(server, "-M", *strict).code == 0


# -- suites and keys -------------------------------------------------------------------------------


def test_tls13_ciphers(server: ModelServer) -> None:
    """Where the runtime can set them; else one line says so."""
    suite = "TLS_AES_128_GCM_SHA256"
    if hasattr(ssl.SSLContext, "set_ciphersuites"):
        done = submit(server, "-v", "-M", "--tls13-ciphers", suite)
        assert f" TLSv1.3 {suite}" in done.stdout
    else:
        assert refusal(server, "--tls13-ciphers", suite) == (
            "smtp: --tls13-ciphers: this Python cannot choose the suites of TLS 1.3 (3.15 can)"
        )


def test_tls_keylog(server: ModelServer, tmp_path: Path) -> None:
    """In the form that tools read: a label, the client's random octets, the secret."""
    log = tmp_path / "keys"
    for _ in range(2):
        assert submit(server, "-M", "--tls-keylog", log).code == 0
    lines = [line for line in log.read_text().splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[A-Z_0-9]+ [0-9a-f]{64} [0-9a-f]{64,96}", line) for line in lines)
    assert sum(line.startswith("CLIENT_TRAFFIC_SECRET_0 ") for line in lines) == 2
    assert log.stat().st_mode & 0o077 == 0


def test_a_key_log_that_cannot_be_written(server: ModelServer, tmp_path: Path) -> None:
    line = refusal(server, "--tls-keylog", tmp_path / "no" / "file")
    assert re.fullmatch(r"smtp: --tls-keylog: the file '.*' cannot be written: No such .*", line)


# -- what is told ----------------------------------------------------------------------------------


def test_what_v_and_json_tell_of_a_certificate(
    server: ModelServer, ca_file: Path, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    done = submit(server, "-v", "-V", "--ca-file", ca_file, "--json", log)
    assert re.search(
        r" TLSv1\.3 TLS_\w+ verified, certificate for localhost .* until 3000-01-01\n", done.stdout
    )
    told = json.loads(log.read_text().splitlines()[0])
    assert (told["tls"], told["verified"], told["verified_by"]) == ("TLSv1.3", True, "CA")
    assert told["certificate_names"][:2] == ["localhost", "127.0.0.1"]
    assert told["certificate_expires"] == 32_503_680_000


def test_without_verification_the_certificate_is_told_of_all_the_same(
    start: Start, tmp_path: Path
) -> None:
    server = start(ModelServer(offers=("STARTTLS",), starttls=StartTLS("expired")))
    log = tmp_path / "log"
    done = submit(server, "-v", "-M", "--json", log)
    assert "verified" not in done.stdout
    assert ", certificate for localhost " in done.stdout
    assert " until 2021-01-01\n" in done.stdout
    told = json.loads(log.read_text().splitlines()[0])
    assert (told["verified"], told["verified_by"]) == (False, None)


def test_a_date_that_is_none_is_nothing_to_who_verifies_nothing(
    start: Start, tmp_path: Path, ca_file: Path
) -> None:
    """A server's certificate is its own choice: it may cost its connection, never the run."""
    server = start(ModelServer(offers=("STARTTLS",), starttls=StartTLS("no date")))
    log = tmp_path / "log"
    done = submit(server, "-M", "--json", log)
    assert (done.code, done.stderr) == (0, "")
    told = json.loads(log.read_text().splitlines()[0])
    assert told["certificate_names"][0] == "localhost"
    assert told["certificate_expires"] is None
    assert submit(server, "-V", "--ca-file", ca_file).code == 77
