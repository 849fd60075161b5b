"""What is given to whoever runs `pasokh up` on one server: the unit of systemd, and a proxy with TLS."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from services.channels.registry import CHANNELS
from services.platform.core.settings import Settings

DEPLOY = Path(__file__).parents[2] / "deploy"
UNIT = (DEPLOY / "systemd" / "pasokh.service").read_text()
EXAMPLES = ("Caddyfile", "nginx.conf")


def test_every_setting_of_the_unit_exists() -> None:
    named = set(re.findall(r"\bPASOKH_[A-Z_]+", UNIT))
    assert named
    assert named <= {f"PASOKH_{name.upper()}" for name in Settings.model_fields}


def test_the_unit_starts_what_make_setup_makes_as_nobody_special_and_again_when_it_ends() -> None:
    assert "ExecStart=/opt/pasokh/.venv/bin/pasokh up\n" in UNIT
    assert "User=pasokh\n" in UNIT
    assert "Restart=always\n" in UNIT
    assert "UMask=0077\n" in UNIT


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze, which comes with systemd")
def test_systemd_itself_finds_little_that_the_unit_could_do_harm_with() -> None:
    command = ["systemd-analyze", "security", "--offline=true", str(DEPLOY / "systemd" / "pasokh.service")]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    exposure = re.search(r"Overall exposure level for pasokh.service: ([\d.]+)", said)
    if exposure is None:
        pytest.skip("this systemd-analyze cannot judge a unit without the service manager")
    assert float(exposure[1]) < 2.0


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_proxy_says_who_its_client_is_and_keeps_figures_inside(name: str) -> None:
    text = (DEPLOY / "examples" / name).read_text()
    assert "127.0.0.1:8800" in text
    assert 'PASOKH_TRUSTED_PROXIES=["127.0.0.1"]' in text
    assert "metrics" in text


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_proxy_lets_in_what_each_channel_takes(name: str) -> None:
    text = (DEPLOY / "examples" / name).read_text()
    found = re.search(r"/webhooks/\W.*?(?:max_body_size|max_size) (\d+)(?:m;|MB)", text, re.DOTALL)
    assert found is not None
    assert int(found[1]) * 1_000_000 > max(channel.capabilities.max_body_bytes for channel in CHANNELS)


def test_nginx_takes_its_example(tmp_path: Path) -> None:
    nginx, openssl = shutil.which("nginx", path="/usr/sbin:/usr/bin"), shutil.which("openssl")
    if nginx is None or openssl is None:
        pytest.skip("needs nginx and openssl; .ci/run installs them on Debian")
    key, certificate = tmp_path / "privkey.pem", tmp_path / "fullchain.pem"
    made = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=support.example.com"]
    subprocess.run([*made, "-keyout", str(key), "-out", str(certificate)], check=True, capture_output=True)
    example = (DEPLOY / "examples" / "nginx.conf").read_text()
    example = example.replace("/etc/letsencrypt/live/support.example.com", str(tmp_path))
    whole = f"pid {tmp_path}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{example}\n}}\n"
    (tmp_path / "whole.conf").write_text(whole)
    tested = [nginx, "-t", "-e", str(tmp_path / "error.log"), "-c", str(tmp_path / "whole.conf"), "-p", str(tmp_path)]
    done = subprocess.run(tested, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
