"""The passwords of the monitoring programs, and what the programs are told of them."""

from __future__ import annotations

import stat
from pathlib import Path

import bcrypt
import pytest
import yaml

from investiq.foundation.config import Config, Paths
from investiq.foundation.files import UnusableTokenFile
from investiq.operate.render.files import render_runtime
from investiq.operate.render.web_config import provide_passwords

PROGRAMS = ("alertmanager", "blackbox", "node", "prometheus")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    made = Config(data_dir=tmp_path)
    provide_passwords(made)
    return made


def hashes(config: Config) -> dict[str, str]:
    texts = render_runtime(config)
    return {name: yaml.safe_load(texts[f"web/{name}.yml"])["basic_auth_users"]["investiq"] for name in PROGRAMS}


def passwords(config: Config) -> dict[str, str]:
    return {name: Paths.of(config).password(name).read_text().strip() for name in PROGRAMS}


def test_each_program_has_a_password_of_its_own_that_only_this_user_reads(config: Config) -> None:
    found = passwords(config)
    assert len(set(found.values())) == len(PROGRAMS)
    assert all(len(password) >= 43 for password in found.values())
    modes = {stat.S_IMODE(Paths.of(config).password(name).stat().st_mode) for name in PROGRAMS}
    assert modes == {0o600}


def test_a_program_knows_its_password_and_no_other(config: Config) -> None:
    found, known = passwords(config), hashes(config)
    for name in PROGRAMS:
        opened = {other for other in PROGRAMS if bcrypt.checkpw(found[other].encode(), known[name].encode())}
        assert opened == {name}


def test_no_rendered_file_holds_a_password(config: Config) -> None:
    texts = "".join(render_runtime(config).values())
    assert not any(password in texts for password in passwords(config).values())


def test_a_kept_password_renders_to_the_same_file(config: Config) -> None:
    before = hashes(config), passwords(config)
    provide_passwords(config)
    assert (hashes(config), passwords(config)) == before


def test_a_file_without_a_password_is_refused_with_its_name(config: Config) -> None:
    file = Paths.of(config).password("node")
    file.write_text("")
    with pytest.raises(UnusableTokenFile, match=str(file)):
        render_runtime(config)
